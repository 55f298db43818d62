import type { SeriesKey } from '../core/book.ts';
import { cleanLabel } from '../core/label.ts';
import type { Applied, FeedKey, Ledger } from '../core/ledger.ts';
import { multiply } from '../core/money.ts';
import { assertPlausibleReading, identityOf, newestOf } from '../core/observations.ts';
import { type Rates, rateAt } from '../core/rates.ts';
import type { Drift, Note, Observation, Reading, Reconciliation } from '../core/statement.ts';
import { StoreError } from '../core/store.ts';
import type { Instant, Range } from '../core/time.ts';
import { type Feed, type FeedContext, NOTHING_KNOWN } from '../providers/provider.ts';
import { PollError } from './errors.ts';
import type { HttpClient } from './http.ts';

/** A feed of an account, with everything a poll of it needs. */
export interface PollTarget {
  readonly key: FeedKey;
  readonly feed: Feed<unknown, unknown>;
  /** The account's keys that only its provider has. */
  readonly config: unknown;
  readonly client: HttpClient;
  readonly ledger: Ledger;
  /** As they are now. */
  readonly rates: () => Rates;
  readonly now: () => Instant;
  /** Turns the moment of a first request into an as-of that no other statement of the account has. */
  readonly asOf: (at: Instant) => Instant;
}

export interface PollWatcher {
  applied(applied: Applied): void;
  drift(drift: Drift): void;
  /** A warning that the last poll had not given. */
  warned(note: Note): void;
  /** An amount met no rate outside a statement. */
  unconverted(currency: string): void;
  /** After each range of a poll that reads several. */
  progress(done: number, total: number): void;
}

/**
 * Polls a feed once: plans what to read, and applies each range as soon as all of it was read.
 *
 * A range whose answer is not as documented does not keep the others from being read, within {@link PATIENCE}; any other
 * failure ends the poll. A feed that leaves requests to others ends early, without failure: `postponed` where it is one without billing
 * facts and has read nothing, for what it read before is as old as it was.
 * @throws {PollError} for the first range that failed. What was applied stays.
 */
export async function pollFeed(
  target: PollTarget,
  watcher: PollWatcher,
  signal: AbortSignal,
): Promise<'done' | 'postponed'> {
  const context = contextOf(target, watcher, signal);
  const ranges = [...target.feed.plan(context)];
  const planned = ranges.length;
  const learned = nothingLearned(context.memo);
  const failures: PollError[] = [];
  let inARow = 0;
  for (const [index, range] of ranges.entries()) {
    signal.throwIfAborted();
    if (target.client.budgetLeft() < (target.feed.leaves ?? 0)) {
      if (target.feed.books || index > 0) break;
      // A pause that the provider asked for is waited for, as by all feeds.
      if (target.client.notBefore() <= target.now()) return 'postponed';
    }
    try {
      const { again } = await readInto(learned, target, range, context, watcher);
      // Plans go back in time: what comes last is the oldest, and is read again first.
      if (again && index < planned) ranges.splice(planned, 0, range);
      inARow = 0;
    } catch (error) {
      const known = pollErrorOf(error);
      inARow += 1;
      if (known) failures.push(known);
      if (known?.reason !== 'contract' || inARow >= patienceWith(known)) {
        learn(target, learned, watcher, false);
        throw failures[0] ?? error;
      }
    }
    watcher.progress(index + 1, ranges.length);
  }
  learn(target, learned, watcher, failures.length === 0);
  if (failures[0]) throw failures[0];
  return 'done';
}

/** How many ranges in a row may be answered badly: refusals are few, for some providers lock out who collects them. */
const PATIENCE = { refused: 3, unreadable: 10 };

function patienceWith({ status }: PollError): number {
  return status === undefined || status === 200 ? PATIENCE.unreadable : PATIENCE.refused;
}

/** What the ranges of one poll say together, beyond their statements. */
interface Learned {
  memo: string | undefined;
  readonly observations: Observation[];
  readonly reconciliations: Reconciliation[];
  readonly notes: Map<string, Note>;
  /** Tiers whose absence is not believed yet. */
  readonly held: Set<string>;
  ranges: number;
}

function nothingLearned(memo: string | undefined): Learned {
  return { memo, observations: [], reconciliations: [], notes: new Map(), held: new Set(), ranges: 0 };
}

async function readInto(
  learned: Learned,
  target: PollTarget,
  range: Range,
  context: FeedContext<unknown>,
  watcher: PollWatcher,
): Promise<{ readonly again?: boolean }> {
  const { reading, asOf } = await readRange(target, range, { ...context, memo: learned.memo });
  assertPlausibleReading(reading);
  const applied = book(target, reading, asOf);
  learned.memo = reading.memo ?? learned.memo;
  learned.observations.push(...reading.observations.map(cleaned));
  if (reading.reconciliation) learned.reconciliations.push(reading.reconciliation);
  for (const note of reading.notes ?? []) learned.notes.set(note.topic, note);
  for (const tier of applied.held) learned.held.add(tier);
  learned.ranges += 1;
  for (const drift of reading.drift) watcher.drift(drift);
  watcher.applied(applied);
  return reading;
}

function cleaned(observation: Observation): Observation {
  const labels = Object.entries(observation.labels).map(([name, text]) => [name, cleanLabel(text)]);
  return { ...observation, labels: Object.fromEntries(labels) };
}

/**
 * Stores what a poll learned. What it did not say anew stays where it failed in part, and where a tier's silence is not
 * believed yet.
 */
function learn(
  { key, ledger, now }: PollTarget,
  learned: Learned,
  watcher: PollWatcher,
  isComplete: boolean,
): void {
  const known = ledger.book.feed(key.account, key.feed);
  const before = known?.observations ?? [];
  const observations = newestOf(learned.observations);
  const said = new Set(observations.map(identityOf));
  const stays = before.filter((each) => {
    const isDoubted = each.labels.tier !== undefined && learned.held.has(each.labels.tier);
    return !said.has(identityOf(each)) && (!isComplete || isDoubted);
  });
  ledger.observe(key, {
    at: isComplete ? now() : undefined,
    observations: learned.ranges > 0 ? [...stays, ...observations] : undefined,
    reconciliation: summed(learned.reconciliations),
    memo: learned.memo,
    notes: learned.ranges > 0 ? [...learned.notes.values()] : undefined,
  });
  const isKnown = ({ topic, text }: Note) =>
    known?.notes.some((note) => note.topic === topic && note.text === text) ?? false;
  for (const note of learned.notes.values()) if (note.isWarning && !isKnown(note)) watcher.warned(note);
}

function contextOf(target: PollTarget, watcher: PollWatcher, signal: AbortSignal): FeedContext<unknown> {
  const { key, feed, config, ledger, now } = target;
  const rates = target.rates();
  const at = now();
  const knows = (series: SeriesKey) => {
    const stream = feed.books && ledger.book.streamOf(key.account, feed.books.stream);
    return stream !== undefined && ledger.book.seriesOf(stream.id, series) !== undefined;
  };
  return {
    now: at,
    knows,
    memoOf: (name) => ledger.book.feed(key.account, name)?.memo,
    billed: (range, which) => ledger.billed(key.account, range, which),
    usdOf(amount, currency, then = at) {
      const rate = rateAt(rates, currency, then);
      if (rate !== undefined) return multiply(amount, rate);
      watcher.unconverted(currency);
      return undefined;
    },
    config,
    since: ledger.since(key.account, feed.books?.stream, at),
    coverage: feed.books
      ? ledger.coverage(key.account, feed.books.stream, feed.books.granularity)
      : NOTHING_KNOWN.coverage,
    memo: ledger.book.feed(key.account, key.feed)?.memo,
    signal,
  };
}

/** One range: all of its pages, folded into one reading. Its as-of is when the first request went out. */
async function readRange(target: PollTarget, range: Range, context: FeedContext<unknown>) {
  let asOf: Instant | undefined;
  const ask = target.client.ask(context.signal, (at) => {
    asOf ??= target.asOf(at);
  });
  const reader = target.feed.reader(range, context);
  for await (const page of target.feed.ask(ask, range, context)) reader.take(page);
  return { reading: reader.done(), asOf: asOf ?? target.asOf(target.now()) };
}

function book(target: PollTarget, reading: Reading, asOf: Instant): Applied {
  const stream = target.feed.books?.stream;
  if (!reading.statement || stream === undefined) return NOTHING;
  return target.ledger.apply(
    target.key,
    { ...reading.statement, stream, asOf },
    reading.resources,
    target.now(),
  );
}

/** Any error of a poll with its reason; undefined for one that is our own fault. */
export function pollErrorOf(error: unknown): PollError | undefined {
  if (error instanceof PollError) return error;
  if (error instanceof StoreError) return new PollError('storage', error.message, { cause: error });
  if (error instanceof RangeError) return new PollError('contract', error.message, { cause: error });
  const isSqlite = error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
  if (isSqlite)
    return new PollError('storage', `the ledger could not be written: ${error.message}`, { cause: error });
  return undefined;
}

const NOTHING: Applied = { changed: false, unconverted: new Set(), late: [], held: new Set() };

/** What the ranges of one poll say together. */
function summed(all: readonly Reconciliation[]): Reconciliation | undefined {
  const last = all.at(-1);
  return (
    last && { difference: all.reduce((sum, { difference }) => sum + difference, 0n), against: last.against }
  );
}
