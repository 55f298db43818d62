import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';
import type { Recording } from './rule.ts';

/** Counters of the ledger whose net is recorded. */
export type Billed = 'cost' | 'tokens' | 'requests' | 'billedSeconds';

/** The labels that the widest records have, by the counter's own name without `_total`. */
export function recordOf(key: Billed, labels: readonly string[], operation: string): string {
  return `${labels.join('_')}:${METRICS[key].name.replace(/_total$/, '')}:${operation}`;
}

/**
 * What a counter less its corrections rose by in a window, by all of its own labels.
 *
 * It is a difference of two instants and no `increase()`: it extrapolates nothing, so that dollars are exact, and it reads four samples
 * a series however long the window is. `max by` makes one of the same counter scraped twice, and bridges an exporter that comes back
 * under another address. A total that is lower than it was is a new ledger's, which counts from 0. Where there was nothing to see at
 * the start of the window, the {@link baseOf base} stands in; without one there is no result, as nobody knows.
 */
export function netOver(key: Billed, window: string): string {
  const { total, corrections, totalThen, correctionsThen } = sides(key, ` offset ${window}`);
  const then = `(${totalThen} - ${correctionsThen}) * (${total} >= bool ${totalThen})`;
  return `${total} - ${corrections} - (${then} or min_over_time(${baseName(key)}[${window}]))`;
}

/**
 * Where a series that was not there an hour ago began: at 0 if it is new, at its old value if it or the exporter was away. It exists in
 * the first hour only.
 */
export function baseOf(key: Billed): Recording {
  const { labels } = METRICS[key];
  const first = (name: string) => `max by (${labels.join(', ')}) (min_over_time(${name}[1h]))`;
  const { totalThen } = sides(key, ' offset 1h');
  return {
    record: baseName(key),
    expr: `(${first(METRICS[key].name)} - ${first(twinOf(key))}) unless ${totalThen}`,
  };
}

function baseName(key: Billed): string {
  return recordOf(key, METRICS[key].labels, 'base1h');
}

function sides(key: Billed, offset: string) {
  const { name, labels } = METRICS[key];
  const newest = (text: string) => `max by (${labels.join(', ')}) (${text})`;
  return {
    total: newest(name),
    corrections: newest(twinOf(key)),
    totalThen: newest(name + offset),
    correctionsThen: newest(twinOf(key) + offset),
  };
}

/** @throws when the catalogue has none. */
function twinOf(key: Billed): string {
  const metric: Metric = METRICS[key];
  if (!metric.corrections) throw new Error(`${metric.name} has no corrections`);
  return metric.corrections.name;
}
