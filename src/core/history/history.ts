import type { AccountSettings } from '../ledger/settings.ts';
import type { CellSource } from '../ledger/shown-cells.ts';
import type { LedgerState } from '../ledger/state.ts';
import { COUNTERS, METRICS, type Metric } from '../metrics/catalog.ts';
import type { CostsAccount } from '../reports/labels.ts';
import { MEASURES, type Measure } from '../statement/statement.ts';
import type { Instant, Range } from '../values/time.ts';
import type { Baselines } from './baselines.ts';
import { CorrectionCache } from './correction-cache.ts';
import type { FamilyKind } from './history-series.ts';
import type { StreamHistory } from './stream-history.ts';
import { type HistoryTick, ticksOf } from './ticks.ts';

/** Whose history, and of which time. */
export interface HistoryQuestion {
  readonly accounts: readonly CostsAccount[];
  /** Midnight UTC. */
  readonly from: Instant;
  /** Midnight UTC, exclusive. A stream whose counters have begun before ends there. */
  readonly to: Instant;
  /** Where the counters of the exporter begin. */
  readonly baselines?: Baselines | undefined;
}

/** What was billed, as counters over time. */
export interface History {
  /** In the order of the catalogue, a counter directly followed by that of its corrections. */
  readonly families: readonly HistoryFamily[];
}

type Ticks = Generator<HistoryTick | undefined, void>;

export interface HistoryFamily {
  readonly metric: Metric;
  /**
   * The samples after the start of a part up to its end, and in the first part those at the very start; undefined is a pause of a moment.
   * Consecutive parts, each read to its end, take no longer than the whole. Streams come one after another, each in the order of time.
   */
  samples(part: Range): Ticks;
}

export interface HistoryInput {
  readonly state: LedgerState;
  readonly store: CellSource['store'];
  readonly accounts: ReadonlyMap<number, AccountSettings>;
  readonly question: HistoryQuestion;
}

/** What a ledger has read, as counters that grow from 0. */
export function historyOf(input: HistoryInput): History {
  const streams = streamHistories(input);
  const families = MEASURES.flatMap((measure) => {
    const having = streams
      .filter((stream) => hasSeries(stream, measure))
      .map((stream) => ({ stream, cache: new CorrectionCache() }));
    return having.length === 0 ? [] : kindsOf(measure).map((kind) => familyOf(kind, having));
  });
  return { families };
}

function kindsOf(measure: Measure): FamilyKind[] {
  const metric: Metric = METRICS[COUNTERS[measure]];
  const twin = metric.corrections && { ...metric, ...metric.corrections };
  return [
    { metric, measure, isCorrections: false },
    ...(twin ? [{ metric: twin, measure, isCorrections: true }] : []),
  ];
}

/** By the names of accounts and streams. */
function streamHistories({ state, store, accounts, question }: HistoryInput): StreamHistory[] {
  const { from, to, baselines } = question;
  const named = question.accounts.flatMap(({ id, provider, account, streams }) =>
    (accounts.get(id)?.streams ?? [])
      .filter(({ name }) => streams.includes(name))
      .map((settings) => ({
        id,
        provider,
        account,
        settings,
        key: [provider, account, settings.name].join('\0'),
      })),
  );
  return named
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .flatMap(({ id, provider, account, settings }) => {
      const stream = state.streamOf(id, settings.name);
      const baseline = baselines?.of(provider, account, settings.name);
      const end = Math.min(to, baseline?.at ?? to);
      const current: CellSource | undefined = stream && { store, state, stream, settings, side: 'current' };
      const history = {
        account: { provider, name: account },
        settings,
        range: { start: from, end },
        current,
        baseline,
      };
      return end > from ? [history] : [];
    });
}

function hasSeries({ current, baseline }: StreamHistory, measure: Measure): boolean {
  return [current, baseline].some(
    (source) =>
      source &&
      [...source.state.series.values()].some(
        (row) => row.measure === measure && row.stream === source.stream.id,
      ),
  );
}

/** A stream, and what its counter has read that the counter of corrections needs, too. */
interface SharedStream {
  readonly stream: StreamHistory;
  readonly cache: CorrectionCache;
}

function familyOf(kind: FamilyKind, streams: readonly SharedStream[]): HistoryFamily {
  const readers = streams.map((each) => new TickReader(each, kind));
  return {
    metric: kind.metric,
    *samples(part) {
      for (const reader of readers) yield* reader.read(part);
    },
  };
}

/** Reads the ticks of a stream part by part. A part that does not follow the last one is read from the start of the history. */
class TickReader {
  readonly #cached: SharedStream;
  readonly #kind: FamilyKind;
  #ticks: Ticks;
  /** The first tick after the last part. */
  #ahead: IteratorResult<HistoryTick | undefined, void> | undefined;
  /** The end of the last part, if that was read to its end. */
  #through: Instant | undefined;

  constructor(cached: SharedStream, kind: FamilyKind) {
    this.#cached = cached;
    this.#kind = kind;
    this.#ticks = ticksOf(cached.stream, kind, cached.cache);
    this.#through = cached.stream.range.start;
  }

  *read({ start, end }: Range): Ticks {
    const { stream, cache } = this.#cached;
    if (this.#through !== start) {
      this.#ticks = ticksOf(stream, this.#kind, cache);
      this.#ahead = undefined;
    }
    this.#through = undefined;
    const isInPart = ({ at }: HistoryTick) => at > start || start <= stream.range.start;
    for (;;) {
      const step = this.#ahead ?? this.#ticks.next();
      this.#ahead = undefined;
      if (step.done) break;
      if (step.value && step.value.at > end) {
        this.#ahead = step;
        break;
      }
      yield step.value && isInPart(step.value) ? step.value : undefined;
    }
    this.#through = end;
  }
}
