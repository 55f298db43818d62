import type { Charge, Measure } from '../../../core/statement/statement.ts';
import type { Fixed } from '../../../core/values/money.ts';
import type { Usage } from './rows.ts';

/** The billed facts of a row: cost and its parts, requests, run time and tokens, as far as its tier has them. */
export function chargesOf({ tier, date, item, figures }: Usage): Charge[] {
  const resource = item?.billable_resource;
  const model = (resource ? resource.model_name : item?.model_name) ?? '';
  const charge = (measure: Measure, value: Fixed | null | undefined, detail = ''): Charge[] =>
    typeof value === 'bigint'
      ? [{ at: date, measure, resource: resource?.id ?? '', model, tier, detail, value }]
      : [];
  return [
    ...charge('cost', figures.subtotal, 'USD'),
    ...charge('component_cost', figures.compute_cost, 'compute'),
    ...charge('component_cost', figures.surcharge_cost, 'surcharge'),
    ...charge('requests', figures.inference_requests),
    ...charge('billed_seconds', figures.minutes && figures.minutes * 60n),
    ...charge('tokens', uncachedOf(figures), 'input'),
    ...charge('tokens', figures.cached_input_tokens, 'cached_input'),
    ...charge('tokens', figures.output_tokens, 'output'),
  ];
}

/** The token types are disjoint, so that their sum is the tokens billed. */
function uncachedOf(figures: Usage['figures']): Fixed | undefined {
  const { input_tokens: input, cached_input_tokens: cached = 0n } = figures;
  return input === undefined || exceedsInput(figures) ? input : input - cached;
}

/**
 * Whether the cached tokens cannot be a part of the input tokens, which they are to all appearances (a sibling endpoint lists
 * `uncached_input_tokens` beside them): more cached than input tokens must have been counted apart.
 */
export function exceedsInput({
  input_tokens: input,
  cached_input_tokens: cached,
}: Usage['figures']): boolean {
  return input !== undefined && cached !== undefined && cached > input;
}
