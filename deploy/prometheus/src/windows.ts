import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';
import type { Recording } from './rule.ts';

/** Ledger counters with net recordings. */
export type Billed = 'cost' | 'tokens' | 'requests' | 'billedSeconds';

/** The name of a record: its labels, the counter's name without `_total`, and the operation. */
export function recordOf(key: Billed, labels: readonly string[], operation: string): string {
  return `${labels.join('_')}:${METRICS[key].name.replace(/_total$/, '')}:${operation}`;
}

/**
 * The rise of a counter minus its corrections over a window, by all labels of the counter.
 *
 * This is a difference of two instants instead of `increase()`: it does not extrapolate, so dollars are exact, and it reads four samples
 * per series regardless of the window. `max by` deduplicates a counter scraped twice, and bridges an exporter that returns under another
 * address. A total lower than before belongs to a new ledger that counts from 0. If there is no sample at the start of the window, the
 * {@link baseOf base} is used; without one there is no result, because the spend is unknown.
 */
export function netOver(key: Billed, window: string): string {
  const { total, corrections, totalThen, correctionsThen } = sides(key, ` offset ${window}`);
  const then = `(${totalThen} - ${correctionsThen}) * (${total} >= bool ${totalThen})`;
  return `${total} - ${corrections} - (${then} or min_over_time(${baseName(key)}[${window}]))`;
}

/**
 * The start value of a series that did not exist an hour ago: 0 if it is new, its previous value if it or the exporter was absent.
 * Exists during the first hour only.
 */
export function baseOf(key: Billed): Recording {
  const { labels } = METRICS[key];
  const first = (name: string) => `max by (${labels.join(', ')}) (min_over_time(${name}[1h]))`;
  const { totalThen } = sides(key, ' offset 1h');
  return {
    record: baseName(key),
    expr: `(${first(METRICS[key].name)} - ${first(correctionsOf(key))}) unless ${totalThen}`,
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
    corrections: newest(correctionsOf(key)),
    totalThen: newest(name + offset),
    correctionsThen: newest(correctionsOf(key) + offset),
  };
}

/** @throws {Error} if the metric has no corrections. */
function correctionsOf(key: Billed): string {
  const metric: Metric = METRICS[key];
  if (!metric.corrections) throw new Error(`${metric.name} has no corrections`);
  return metric.corrections.name;
}
