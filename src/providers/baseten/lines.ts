import type { Charge, Drift, Measure } from '../../core/statement/statement.ts';
import type { Fixed } from '../../core/values/money.ts';
import type { Usage } from './usage.ts';

/** The billed facts of a row: cost and its parts, requests, run time and tokens, as far as its tier has them. */
export function chargesOf({ tier, date, item, figures }: Usage): Charge[] {
  const resource = item?.billable_resource;
  const model = resource ? resource.model_name : item?.model_name;
  const charge = (measure: Measure, value: Fixed, detail = ''): Charge => ({
    at: date,
    measure,
    resource: resource?.id ?? '',
    model: model ?? '',
    tier,
    detail,
    value,
  });
  const { subtotal, minutes, inference_requests: requests } = figures;
  return [
    charge('cost', subtotal, 'USD'),
    ...partsOf(figures).map(([component, value]) => charge('component_cost', value, component)),
    ...(requests === undefined ? [] : [charge('requests', requests)]),
    ...(minutes === undefined ? [] : [charge('billed_seconds', minutes * 60n)]),
    ...tokensOf(figures).map(([type, value]) => charge('tokens', value, type)),
  ];
}

function partsOf({ compute_cost: compute, surcharge_cost: surcharge }: Usage['figures']): [string, Fixed][] {
  const parts = Object.entries({ compute, surcharge });
  return parts.flatMap(([component, value]) => (typeof value === 'bigint' ? [[component, value]] : []));
}

/** Disjoint, so that their sum is the tokens billed. What the row does not tell is absent, and takes nothing from the others. */
function tokensOf(figures: Usage['figures']): [string, Fixed][] {
  const { input_tokens: input, cached_input_tokens: cached, output_tokens: output } = figures;
  const uncached =
    input !== undefined && cached !== undefined && hasCachedWithin(figures) ? input - cached : input;
  const all = Object.entries({ input: uncached, cached_input: cached, output });
  return all.flatMap(([type, value]): [string, Fixed][] => (value === undefined ? [] : [[type, value]]));
}

/**
 * Whether the cached tokens can be a part of the input tokens, which they are to all appearances (a sibling endpoint lists
 * `uncached_input_tokens` beside them). More cached than input tokens must have been counted apart.
 */
function hasCachedWithin({ input_tokens: input, cached_input_tokens: cached }: Usage['figures']): boolean {
  return input === undefined || cached === undefined || cached <= input;
}

/** What of a row contradicts how it is read. */
export function tokenDriftOf({ item, figures }: Usage): Drift[] {
  if (hasCachedWithin(figures)) return [];
  return [{ kind: 'cached_exceeds_input', what: item?.model_name ?? '' }];
}
