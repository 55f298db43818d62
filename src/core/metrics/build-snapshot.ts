import { isZeroSeries, ZERO_SERIES, zeroCounters } from '../ledger/known-zero.ts';
import type { AccountRow, FeedRow, SeriesRow, StreamRow } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import { exposedTotals, isRetired } from '../ledger/zero-hold.ts';
import type { BudgetState } from '../reports/budget-status.ts';
import type { SpendByCurrency } from '../reports/burn-rate.ts';
import { runwayOf } from '../reports/runway.ts';
import {
  completeWindows,
  type PublishInput,
  WINDOWS,
  type Window,
  windowAt,
  windowState,
} from '../reports/windows.ts';
import { OBSERVATION_METRICS } from '../statement/observation-metrics.ts';
import { newestOf } from '../statement/observations.ts';
import type { Measure, Observation } from '../statement/statement.ts';
import { type Fixed, toNumber } from '../values/money.ts';
import { type Instant, SECOND } from '../values/time.ts';
import { METRICS, type Metric } from './catalog.ts';
import { COUNTERS, GAUGES } from './families.ts';
import { PLACES, type SampleCache } from './sample-cache.ts';
import type { Family, Sample } from './snapshot.ts';

/** What was published before, besides, and what only some accounts need. */
export interface SnapshotInput extends PublishInput {
  readonly shown: SampleCache;
  /** Accounts whose known 0 has been shown before. Those that show it for the first time are added. */
  readonly zeros: Set<number>;
  readonly budgets: () => readonly BudgetState[];
  /** What a stream cost of late, where that is known. */
  readonly recent: (stream: number) => SpendByCurrency | undefined;
}

/** The samples of everything the ledger knows, as they stand at `now`. */
export function familiesOf(input: SnapshotInput): Family[] {
  const samples = new Samples(input);
  const shelfOf = createFamilySamples(input, samples);
  for (const row of input.book.series.values()) {
    const shelf = row.target === row.id ? shelfOf(row) : undefined;
    if (shelf && !isRetired(row, input.now)) samples.series(row, shelf);
  }
  for (const id of input.accounts.keys()) {
    const account = input.book.accounts.get(id);
    if (!account) continue;
    samples.windows(account, input);
    samples.feeds(account, input.now);
    samples.runway(account, input);
    samples.account(account);
  }
  for (const state of input.budgets()) samples.budget(state);
  return samples.families();
}

/** Where the samples of one measure of a stream go: looked up once, not once for each of its series. */
interface FamilySamples {
  readonly account: AccountRow;
  readonly metric: Metric;
  readonly total: Sample[];
  readonly corrections: Sample[] | undefined;
  /** Of costs only. */
  readonly windows: readonly OpenWindow[];
}

/** Finds the shelf of a series; undefined when its account is not shown. */
function createFamilySamples(
  input: PublishInput,
  samples: Samples,
): (row: SeriesRow) => FamilySamples | undefined {
  const { book, accounts } = input;
  const windows = openWindows(input, samples);
  const shelves = new Map<number, Map<Measure, FamilySamples>>();
  const open = (stream: StreamRow, measure: Measure): FamilySamples | undefined => {
    const account = accounts.has(stream.account) ? book.accounts.get(stream.account) : undefined;
    if (!account) return undefined;
    const metric: Metric = METRICS[COUNTERS[measure]];
    return {
      account,
      metric,
      total: samples.of(metric),
      corrections: metric.corrections && samples.of(metric.corrections),
      windows: measure === 'cost' ? (windows.get(stream.id) ?? []) : [],
    };
  };
  return ({ stream: id, measure }) => {
    const known = shelves.get(id)?.get(measure);
    if (known) return known;
    const stream = book.streams.get(id);
    const shelf = stream && open(stream, measure);
    if (shelf) shelves.set(id, (shelves.get(id) ?? new Map()).set(measure, shelf));
    return shelf;
  };
}

interface OpenWindow {
  /** Its place among the samples of a series. */
  readonly place: number;
  readonly samples: Sample[];
  readonly sums: ReadonlyMap<number, Fixed>;
}

/** The windows of each stream that were read without a hole. */
function openWindows(input: PublishInput, samples: Samples): Map<number, OpenWindow[]> {
  const open = new Map<number, OpenWindow[]>();
  for (const stream of input.book.streams.values()) {
    const windows = completeWindows(input, stream.id).map((window): OpenWindow => {
      const { kind, start } = windowAt(window, input.now);
      return {
        place: PLACES.firstWindow + WINDOWS.indexOf(window),
        samples: samples.of(METRICS[GAUGES[window]]),
        sums: input.book.periodTotals(kind, start),
      };
    });
    open.set(stream.id, windows);
  }
  return open;
}

/** Collects samples by family. */
class Samples {
  readonly #book: LedgerState;
  readonly #shown: SampleCache;
  readonly #zeros: Set<number>;
  readonly #samples = new Map<string, Sample[]>();
  readonly #counts = new Map<number, number>();
  /** Accounts with a series of cost. */
  readonly #costly = new Set<number>();

  constructor({ book, shown, zeros }: SnapshotInput) {
    this.#book = book;
    this.#shown = shown;
    this.#zeros = zeros;
  }

  /** The samples of a family so far. */
  of({ name }: Pick<Metric, 'name'>): Sample[] {
    const known = this.#samples.get(name) ?? [];
    this.#samples.set(name, known);
    return known;
  }

  series(row: SeriesRow, { account, metric, total, corrections, windows }: FamilySamples): void {
    const shown = this.#shown.series(metric, account, row);
    const counters = exposedTotals(row);
    total.push(shown.show(PLACES.total, counters.total));
    corrections?.push(shown.show(PLACES.corrections, counters.corrections));
    this.#count(account.id, (corrections ? 2 : 1) + windows.length);
    for (const { place, samples, sums } of windows) samples.push(shown.show(place, sums.get(row.id) ?? 0n));
    if (row.measure !== 'cost') return;
    this.#costly.add(account.id);
    if (isZeroSeries(row)) this.#zeros.delete(account.id);
    shown.resource ??= this.#shown.resource(account, row.resource, () => this.#factsOf(account, row));
    if (shown.resource.isFirstIn(this))
      this.#add(account.id, METRICS.resourceInfo.name, shown.resource.sample);
  }

  /** Whether each window of the account is complete; and its known 0 where it has no series of cost. */
  windows(account: AccountRow, input: PublishInput): void {
    const labels = [account.provider, account.name];
    const states = WINDOWS.map((window) => ({ window, ...windowState(input, account.id, window) }));
    for (const { window, incomplete } of states) {
      const value = incomplete === undefined ? 1 : 0;
      this.#add(account.id, METRICS.costWindowComplete.name, { labels: [...labels, window], value });
    }
    const known = states.filter(({ isKnown }) => isKnown);
    if (known.length > 0 && !this.#costly.has(account.id)) this.#zeros.add(account.id);
    // Once shown it stays, so that no reader sees a counter go, unless a charge has its very labels.
    if (this.#zeros.has(account.id)) this.#zero(account, known);
  }

  #zero(account: AccountRow, known: readonly { readonly window: Window }[]): void {
    const { resource, model, tier, detail } = ZERO_SERIES;
    const labels = [account.provider, account.name, resource, model, tier, detail];
    const { total, corrections, createdAt } = zeroCounters(this.#book, account);
    const { name, corrections: downward }: Metric = METRICS.cost;
    this.#add(account.id, name, { labels, value: toNumber(total), createdAt });
    if (downward) this.#add(account.id, downward.name, { labels, value: toNumber(corrections), createdAt });
    for (const { window } of known) this.#add(account.id, METRICS[GAUGES[window]].name, { labels, value: 0 });
    const info = this.#shown.resource(account, resource, () => undefined);
    if (info.isFirstIn(this)) this.#add(account.id, METRICS.resourceInfo.name, info.sample);
  }

  #factsOf(account: AccountRow, { resource }: SeriesRow) {
    return this.#book.resource(account.id, resource)?.facts;
  }

  feeds(account: AccountRow, now: Instant): void {
    const rows = this.#book.feedsOf(account.id);
    for (const row of rows) {
      const labels = [account.provider, account.name, row.feed];
      const last = row.read.at(-1);
      if (last) {
        this.#add(account.id, METRICS.dataFrom.name, { labels, value: last.start / 1000 });
        // As-ofs of one account are milliseconds apart; an end further ahead is that of a clock that was set back since.
        const through = last.end - now > SECOND ? now : last.end;
        this.#add(account.id, METRICS.dataThrough.name, { labels, value: through / 1000 });
      }
      if (row.reconciliation) {
        this.#add(account.id, METRICS.reconciliation.name, {
          labels,
          value: toNumber(row.reconciliation.difference),
        });
      }
    }
    for (const observation of observationsAt(this.#book, account.id, now))
      this.#observation(account, observation);
  }

  runway(account: AccountRow, { accounts, now, recent }: SnapshotInput): void {
    const balances = observationsAt(this.#book, account.id, now).filter(({ metric }) => metric === 'balance');
    if (balances.length === 0) return;
    const streams = this.#book.streamsOf(account.id);
    const spends = streams.map(({ id }) => recent(id));
    const seconds = runwayOf(balances, spends, accounts.get(account.id)?.refilling);
    if (seconds === undefined) return;
    const labels = [account.provider, account.name];
    this.#add(account.id, METRICS.runway.name, { labels, value: toNumber(seconds) });
  }

  budget({ budget, period, spent, forecast }: BudgetState): void {
    const labels = [budget.name];
    const usd = (metric: Metric, amount: Fixed | undefined) => {
      if (amount !== undefined) this.of(metric).push({ labels, value: toNumber(amount) });
    };
    usd(METRICS.budgetLimit, budget.limit);
    usd(METRICS.budgetSpent, spent);
    usd(METRICS.budgetForecast, forecast);
    this.of(METRICS.budgetStart).push({ labels, value: period.start / 1000 });
    this.of(METRICS.budgetEnd).push({ labels, value: period.end / 1000 });
  }

  #observation({ id, provider, name }: AccountRow, { metric: key, labels, value }: Observation): void {
    const metric = OBSERVATION_METRICS[key];
    const values: Record<string, string> = { provider, account: name, ...labels };
    const own = metric.labels.map((label) => values[label] ?? '');
    this.#add(id, metric.name, { labels: own, value: toNumber(value) });
  }

  account(account: AccountRow): void {
    const labels = [account.provider, account.name];
    this.of(METRICS.seriesFolded).push({ labels, value: account.overflowCount, createdAt: account.openedAt });
    this.of(METRICS.series).push({ labels, value: (this.#counts.get(account.id) ?? 0) + 2 });
  }

  families(): Family[] {
    return Object.values<Metric>(METRICS).flatMap((metric) => {
      const shapes = metric.corrections ? [metric, { ...metric, ...metric.corrections }] : [metric];
      return shapes.flatMap(({ name, type, help, labels }) => {
        const samples = this.#samples.get(name);
        return samples?.length ? [{ name, type, help, labels, samples }] : [];
      });
    });
  }

  #add(account: number, name: string, sample: Sample): void {
    this.#count(account, 1);
    this.of({ name }).push(sample);
  }

  #count(account: number, samples: number): void {
    this.#counts.set(account, (this.#counts.get(account) ?? 0) + samples);
  }
}

/** What the account's feeds say that holds at `now`, each thing once. */
function observationsAt(book: LedgerState, account: number, now: Instant): Observation[] {
  const all = newestFirst(book.feedsOf(account)).flatMap((row) => row.observations);
  return newestOf(all.filter((each) => holdsAt(each, now)));
}

function holdsAt({ until }: Observation, now: Instant): boolean {
  return until === undefined || now < until;
}

/** Where two feeds say the same thing and not of when, the one that was read last is right. */
function newestFirst(rows: readonly FeedRow[]): FeedRow[] {
  return [...rows].sort((a, b) => (b.lastSuccess ?? 0) - (a.lastSuccess ?? 0));
}
