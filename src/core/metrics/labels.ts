import type { AccountRow, SeriesRow } from '../ledger/records.ts';
import type { ResourceFacts } from '../statement/statement.ts';
import { METRICS, type Metric } from './catalog.ts';

/** The values of a metric's labels, in its order; an absent one is `""`. */
export function labelValues(
  { labels }: Metric,
  { provider, name }: AccountRow,
  values: Readonly<Record<string, string | undefined>>,
): string[] {
  const all: typeof values = { ...values, provider, account: name };
  return labels.map((label) => all[label] ?? '');
}

/** {@link labelValues} of a series: by position, as there are many. */
export function seriesLabels(
  { labels }: Metric,
  { provider, name }: Pick<AccountRow, 'provider' | 'name'>,
  row: SeriesRow,
): string[] {
  const { resource, model, tier, detail } = row;
  const own = labels.length > 3 ? [provider, name, resource, model, tier] : [provider, name];
  return labels.length > own.length ? [...own, detail] : own;
}

export function infoLabels(account: AccountRow, { deleted, ...facts }: ResourceFacts): string[] {
  return labelValues(METRICS.resourceInfo, account, { ...facts, deleted: deleted?.toString() });
}
