import type { Book } from './book.ts';
import { exposed, isRetired } from './hold.ts';
import type { AccountSettings } from './ledger.ts';
import { METRICS, type Metric, type MetricKey } from './metrics.ts';
import { type Fixed, toNumber } from './money.ts';
import { newestOf } from './observations.ts';
import { PLACES, type Shown } from './shown.ts';
import type { Family, Sample } from './snapshot.ts';
import type { Measure, Observation } from './statement.ts';
import type { AccountRow, FeedRow, SeriesRow, StreamRow } from './store.ts';
import type { Instant } from './time.ts';
import { isKnown, WINDOWS, type Window, windowAt } from './windows.ts';

export interface PublishInput {
  readonly book: Book;
  /** Accounts that are configured; others are kept in the ledger and not shown. */
  readonly accounts: ReadonlyMap<number, AccountSettings>;
  readonly now: Instant;
  readonly since: (account: number, stream: string) => Instant;
}

/** What was published before, besides. */
export interface PublishAfter extends PublishInput {
  readonly shown: Shown;
}

const COUNTERS: Record<Measure, MetricKey> = {
  cost: 'cost',
  component_cost: 'componentCost',
  tokens: 'tokens',
  requests: 'requests',
  billed_seconds: 'billedSeconds',
  units: 'units',
  top_ups: 'topUps',
  unconverted: 'unconverted',
};

const GAUGES: Record<Window, MetricKey> = {
  today: 'costToday',
  yesterday: 'costYesterday',
  month_to_date: 'costMonthToDate',
  last_month: 'costLastMonth',
};

/** The samples of everything the ledger knows, as they stand at `now`. */
export function familiesOf(input: PublishAfter): Family[] {
  const samples = new Samples(input);
  const shelfOf = openShelves(input, samples);
  for (const row of input.book.series.values()) {
    const shelf = row.target === row.id ? shelfOf(row) : undefined;
    if (shelf && !isRetired(row, input.now)) samples.series(row, shelf);
  }
  for (const id of input.accounts.keys()) {
    const account = input.book.accounts.get(id);
    if (!account) continue;
    samples.feeds(account, input.now);
    samples.account(account);
  }
  return samples.families();
}

/** Where the samples of one measure of a stream go: looked up once, not once for each of its series. */
interface Shelf {
  readonly account: AccountRow;
  readonly metric: Metric;
  readonly total: Sample[];
  readonly corrections: Sample[] | undefined;
  /** Of costs only. */
  readonly windows: readonly OpenWindow[];
}

/** Finds the shelf of a series; undefined when its account is not shown. */
function openShelves(input: PublishInput, samples: Samples): (row: SeriesRow) => Shelf | undefined {
  const { book, accounts } = input;
  const windows = openWindows(input, samples);
  const shelves = new Map<number, Map<Measure, Shelf>>();
  const open = (stream: StreamRow, measure: Measure): Shelf | undefined => {
    const account = accounts.has(stream.account) ? book.accounts.get(stream.account) : undefined;
    if (!account) return undefined;
    const metric: Metric = METRICS[COUNTERS[measure]];
    return {
      account,
      metric,
      total: samples.of(metric),
      corrections: metric.twin && samples.of(metric.twin),
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
    const windows = knownWindows(input, stream.id).map((window): OpenWindow => {
      const { kind, start } = windowAt(window, input.now);
      return {
        place: PLACES.firstWindow + WINDOWS.indexOf(window),
        samples: samples.of(METRICS[GAUGES[window]]),
        sums: input.book.sums(kind, start),
      };
    });
    open.set(stream.id, windows);
  }
  return open;
}

/** Which windows of a stream can be shown at `now`. */
export function knownWindows({ book, accounts, now, since }: PublishInput, id: number): Window[] {
  const stream = book.streams.get(id);
  const settings = stream && accounts.get(stream.account)?.streams.find(({ name }) => name === stream.name);
  if (!settings) return [];
  const reach = {
    covered: book.covered(id),
    through: knownThrough(book, id, settings.granularities),
    since: since(stream.account, stream.name),
    lagMs: settings.lagMs,
  };
  return WINDOWS.filter((window) => isKnown(windowAt(window, now), reach));
}

/** The newest instant that any reading of the stream knows of. */
export function knownThrough(
  book: Book,
  stream: number,
  granularities: AccountSettings['streams'][number]['granularities'],
): Instant {
  let through = Number.NEGATIVE_INFINITY;
  for (const granularity of granularities) {
    const last = book.runs(stream, granularity, 'newest').at(-1);
    if (last) through = Math.max(through, Math.min(last.end, last.asOf));
  }
  return through;
}

/** Collects samples by family. */
class Samples {
  readonly #book: Book;
  readonly #shown: Shown;
  readonly #samples = new Map<string, Sample[]>();
  readonly #counts = new Map<number, number>();

  constructor({ book, shown }: PublishAfter) {
    this.#book = book;
    this.#shown = shown;
  }

  /** The samples of a family so far. */
  of({ name }: Pick<Metric, 'name'>): Sample[] {
    const known = this.#samples.get(name) ?? [];
    this.#samples.set(name, known);
    return known;
  }

  series(row: SeriesRow, { account, metric, total, corrections, windows }: Shelf): void {
    const shown = this.#shown.series(metric, account, row);
    const counters = exposed(row);
    total.push(shown.show(PLACES.total, counters.total));
    corrections?.push(shown.show(PLACES.corrections, counters.corrections));
    this.#count(account.id, (corrections ? 2 : 1) + windows.length);
    for (const { place, samples, sums } of windows) samples.push(shown.show(place, sums.get(row.id) ?? 0n));
    if (row.measure !== 'cost') return;
    shown.resource ??= this.#shown.resource(account, row.resource, () => this.#factsOf(account, row));
    if (shown.resource.isFirstIn(this))
      this.#add(account.id, METRICS.resourceInfo.name, shown.resource.sample);
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
        this.#add(account.id, METRICS.dataThrough.name, { labels, value: last.end / 1000 });
      }
      if (row.reconciliation) {
        this.#add(account.id, METRICS.reconciliation.name, {
          labels,
          value: toNumber(row.reconciliation.difference),
        });
      }
    }
    const observations = newestFirst(rows).flatMap((row) => row.observations);
    for (const observation of newestOf(observations.filter((each) => holdsAt(each, now))))
      this.#observation(account, observation);
  }

  #observation({ id, provider, name }: AccountRow, { metric: key, labels, value }: Observation): void {
    const metric = observed(key);
    if (!metric) return;
    const values: Record<string, string> = { provider, account: name, ...labels };
    const own = metric.labels.map((label) => values[label] ?? '');
    this.#add(id, metric.name, { labels: own, value: toNumber(value) });
  }

  account(account: AccountRow): void {
    const labels = [account.provider, account.name];
    this.of(METRICS.seriesFolded).push({ labels, value: account.folded });
    this.of(METRICS.series).push({ labels, value: (this.#counts.get(account.id) ?? 0) + 2 });
  }

  families(): Family[] {
    return Object.values<Metric>(METRICS).flatMap((metric) => {
      const shapes = metric.twin ? [metric, { ...metric, ...metric.twin }] : [metric];
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

const BY_KEY: ReadonlyMap<string, Metric> = new Map(Object.entries(METRICS));

function observed(key: string): Metric | undefined {
  return BY_KEY.get(key);
}

function holdsAt({ until }: Observation, now: Instant): boolean {
  return until === undefined || now < until;
}

/** Where two feeds say the same thing and not of when, the one that was read last is right. */
function newestFirst(rows: readonly FeedRow[]): FeedRow[] {
  return [...rows].sort((a, b) => (b.lastSuccess ?? 0) - (a.lastSuccess ?? 0));
}
