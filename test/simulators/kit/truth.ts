import type { Fixed } from '../../../src/core/values/money.ts';

/** What a provider's books count, in the design's words. Money is in the currency that `detail` names. */
export type TruthMeasure =
  | 'cost'
  | 'component_cost'
  | 'tokens'
  | 'requests'
  | 'billed_seconds'
  | 'units'
  | 'top_ups';

export interface TruthLabels {
  readonly resource: string;
  readonly model: string;
  readonly tier: string;
  /** Currency of `cost` and `top_ups`, component, token type, or SKU; `""` elsewhere. */
  readonly detail: string;
}

/** One exact amount that the books hold. Positive is spend. */
export interface TruthEntry extends TruthLabels {
  readonly measure: TruthMeasure;
  readonly value: Fixed;
}

/** What the provider's books say about a range: what the exporter has to arrive at. */
export interface Truth {
  /** One a measure and label set, summed. */
  readonly entries: readonly TruthEntry[];
  /** The exact sum of a measure, over the label sets that have all of `where`. */
  total(measure: TruthMeasure, where?: Partial<TruthLabels>): Fixed;
}

export function truthOf(entries: Iterable<TruthEntry>): Truth {
  const sums = new Map<string, TruthEntry>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.measure, entry.resource, entry.model, entry.tier, entry.detail]);
    sums.set(key, { ...entry, value: (sums.get(key)?.value ?? 0n) + entry.value });
  }
  const all = [...sums.values()];
  return { entries: all, total: (measure, where = {}) => total(all, measure, where) };
}

function total(entries: readonly TruthEntry[], measure: TruthMeasure, where: Partial<TruthLabels>): Fixed {
  return entries
    .filter((entry) => entry.measure === measure)
    .filter(
      (entry) =>
        (where.resource ?? entry.resource) === entry.resource &&
        (where.model ?? entry.model) === entry.model &&
        (where.tier ?? entry.tier) === entry.tier &&
        (where.detail ?? entry.detail) === entry.detail,
    )
    .reduce((sum, entry) => sum + entry.value, 0n);
}
