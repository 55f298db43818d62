import type { AccountSettings } from '../ledger/settings.ts';
import type { CellSource } from '../ledger/shown-cells.ts';
import type { LedgerState } from '../ledger/state.ts';
import { COUNTERS, METRICS, type Metric } from '../metrics/catalog.ts';
import type { CostsAccount } from '../reports/labels.ts';
import { MEASURES } from '../statement/statement.ts';
import type { Instant, Range } from '../values/time.ts';
import type { Baselines } from './baselines.ts';
import { type HistoryTick, ticksOf } from './ticks.ts';
import type { FamilyKind } from './told-series.ts';
import type { ToldStream } from './told-stream.ts';

/** What is asked to be told. */
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
  /** In the order of the catalogue, a counter directly followed by the twin of its corrections. */
  readonly families: readonly HistoryFamily[];
}

type Ticks = Generator<HistoryTick | undefined, void>;

export interface HistoryFamily {
  readonly metric: Metric;
  /**
   * The samples after the start of a part up to its end, and in the first part those at the very start; undefined is a pause of a moment.
   * Consecutive parts, each read to its end, cost no more than the whole. Streams come one after another, each in the order of time.
   */
  samples(part: Range): Ticks;
}

export interface HistoryInput {
  readonly state: LedgerState;
  readonly store: CellSource['store'];
  readonly accounts: ReadonlyMap<number, AccountSettings>;
  readonly question: HistoryQuestion;
}

/** Tells what a ledger has read as counters that grow from 0. */
export function historyOf(input: HistoryInput): History {
  const streams = toldStreams(input);
  const families = kinds().flatMap((kind) => {
    const having = streams.filter((told) => hasSeries(told, kind));
    return having.length === 0 ? [] : [familyOf(kind, having)];
  });
  return { families };
}

function kinds(): FamilyKind[] {
  return MEASURES.flatMap((measure) => {
    const metric: Metric = METRICS[COUNTERS[measure]];
    const twin = metric.corrections && { ...metric, ...metric.corrections };
    return [
      { metric, measure, isCorrections: false },
      ...(twin ? [{ metric: twin, measure, isCorrections: true }] : []),
    ];
  });
}

/** By the names of accounts and streams. */
function toldStreams({ state, store, accounts, question }: HistoryInput): ToldStream[] {
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
      const told = {
        account: { provider, name: account },
        settings,
        range: { start: from, end },
        current,
        baseline,
      };
      return end > from ? [told] : [];
    });
}

function hasSeries({ current, baseline }: ToldStream, { measure }: FamilyKind): boolean {
  return [current, baseline].some(
    (source) =>
      source &&
      [...source.state.series.values()].some(
        (row) => row.measure === measure && row.stream === source.stream.id,
      ),
  );
}

function familyOf(kind: FamilyKind, streams: readonly ToldStream[]): HistoryFamily {
  const readers = streams.map((told) => new TickReader(told, kind));
  return {
    metric: kind.metric,
    *samples(part) {
      for (const reader of readers) yield* reader.read(part);
    },
  };
}

/** Reads the ticks of a stream part by part: on from the last one, or else from the start again. */
class TickReader {
  readonly #told: ToldStream;
  readonly #kind: FamilyKind;
  #ticks: Ticks;
  /** The first tick after the last part. */
  #ahead: IteratorResult<HistoryTick | undefined, void> | undefined;
  /** The end of the last part, if that was read to its end. */
  #through: Instant | undefined;

  constructor(told: ToldStream, kind: FamilyKind) {
    this.#told = told;
    this.#kind = kind;
    this.#ticks = ticksOf(told, kind);
    this.#through = told.range.start;
  }

  *read({ start, end }: Range): Ticks {
    const { range } = this.#told;
    if (this.#through !== start) {
      this.#ticks = ticksOf(this.#told, this.#kind);
      this.#ahead = undefined;
    }
    this.#through = undefined;
    const isTold = ({ at }: HistoryTick) => at > start || start <= range.start;
    for (;;) {
      const step = this.#ahead ?? this.#ticks.next();
      this.#ahead = undefined;
      if (step.done) break;
      if (step.value && step.value.at > end) {
        this.#ahead = step;
        break;
      }
      yield step.value && isTold(step.value) ? step.value : undefined;
    }
    this.#through = end;
  }
}
