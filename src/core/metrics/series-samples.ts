import { isZeroSeries } from '../ledger/known-zero.ts';
import type { AccountRow, SeriesRow } from '../ledger/records.ts';
import { exposedTotals, isRetired } from '../ledger/zero-hold.ts';
import { windowCosts } from '../reports/net-cost.ts';
import { type PublishInput, WINDOWS } from '../reports/windows.ts';
import type { Measure } from '../statement/statement.ts';
import type { Fixed } from '../values/money.ts';
import { COUNTERS, GAUGES, METRICS, type Metric } from './catalog.ts';
import { PLACES, type SampleCache } from './sample-cache.ts';
import type { SampleCollector } from './sample-collector.ts';
import type { Sample } from './snapshot.ts';

export interface SeriesInput extends PublishInput {
  readonly cache: SampleCache;
  /** Accounts whose known 0 has been shown before; a row with its labels takes its place. */
  readonly zeros: Set<number>;
}

/** Adds the counters of every series, and its window gauges if it is a cost. Returns the accounts that have a series of cost. */
export function addSeries(input: SeriesInput, samples: SampleCollector): ReadonlySet<number> {
  const { state, cache, zeros, now } = input;
  const targetOf = createTargets(input, samples);
  const withCosts = new Set<number>();
  for (const row of state.series.values()) {
    const target = row.target === row.id ? targetOf(row) : undefined;
    if (!target || isRetired(row, now)) continue;
    const { account } = target;
    const cached = cache.series(target.metric, account, row);
    const { total, corrections } = exposedTotals(row);
    target.total.push(cached.show(PLACES.total, total));
    target.corrections?.push(cached.show(PLACES.corrections, corrections));
    for (const window of target.windows)
      window.samples.push(cached.show(window.place, window.costs.get(row.id) ?? 0n));
    samples.count(account.id, (target.corrections ? 2 : 1) + target.windows.length);
    if (row.measure !== 'cost') continue;
    withCosts.add(account.id);
    if (isZeroSeries(row)) zeros.delete(account.id);
    cached.resource ??= cache.resource(
      account,
      row.resource,
      () => state.resource(account.id, row.resource)?.facts,
    );
    if (cached.resource.isFirstIn(samples))
      samples.add(account.id, METRICS.resourceInfo, cached.resource.sample);
  }
  return withCosts;
}

/** Where the samples of one measure of a stream go: looked up once, not once per series. */
interface SampleTarget {
  readonly account: AccountRow;
  readonly metric: Metric;
  readonly total: Sample[];
  readonly corrections: Sample[] | undefined;
  readonly windows: readonly WindowTarget[];
}

interface WindowTarget {
  /** Its place among the samples of a series. */
  readonly place: number;
  readonly samples: Sample[];
  readonly costs: ReadonlyMap<number, Fixed>;
}

/** Finds the target of a series; undefined if its account is not shown. */
function createTargets(
  input: PublishInput,
  samples: SampleCollector,
): (row: SeriesRow) => SampleTarget | undefined {
  const targets = new Map<number, Partial<Record<Measure, SampleTarget | undefined>>>();
  return ({ stream, measure }) => {
    const ofStream = targets.get(stream) ?? {};
    targets.set(stream, ofStream);
    if (!(measure in ofStream)) ofStream[measure] = openTarget(input, samples, stream, measure);
    return ofStream[measure];
  };
}

function openTarget(
  input: PublishInput,
  samples: SampleCollector,
  stream: number,
  measure: Measure,
): SampleTarget | undefined {
  const id = input.state.streams.get(stream)?.account ?? 0;
  const account = input.accounts.has(id) ? input.state.accounts.get(id) : undefined;
  if (!account) return undefined;
  const metric: Metric = METRICS[COUNTERS[measure]];
  return {
    account,
    metric,
    total: samples.of(metric),
    corrections: metric.corrections && samples.of(metric.corrections),
    windows: measure === 'cost' ? windowTargets(input, samples, stream) : [],
  };
}

function windowTargets(input: PublishInput, samples: SampleCollector, stream: number): WindowTarget[] {
  return windowCosts(input, stream).map(([window, costs]) => ({
    place: PLACES.firstWindow + WINDOWS.indexOf(window),
    samples: samples.of(METRICS[GAUGES[window]]),
    costs,
  }));
}
