import type { Applied, FeedKey, Ledger } from '../core/ledger.ts';
import type { Drift, Observation, Reading, Reconciliation } from '../core/statement.ts';
import type { Instant, Range } from '../core/time.ts';
import type { Coverage, Feed, FeedContext } from '../providers/provider.ts';
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
  readonly now: () => Instant;
  /** Turns the moment of a first request into an as-of that no other statement of the account has. */
  readonly asOf: (at: Instant) => Instant;
}

export interface PollWatcher {
  applied(applied: Applied): void;
  drift(drift: Drift): void;
  /** After each range of a poll that reads several. */
  progress(done: number, total: number): void;
}

/**
 * Polls a feed once: plans what to read, and applies each range as soon as all of it was read.
 *
 * A range whose answer is not as documented does not keep the others from being read; any other failure ends the poll.
 * @throws {PollError} for the first range that failed. What was applied stays.
 */
export async function pollFeed(target: PollTarget, watcher: PollWatcher, signal: AbortSignal): Promise<void> {
  const { key, feed, ledger } = target;
  const context = contextOf(target, signal);
  const ranges = feed.plan(context);
  const observations: Observation[] = [];
  const reconciliations: Reconciliation[] = [];
  let memo = context.memo;
  let failure: PollError | undefined;
  for (const [index, range] of ranges.entries()) {
    signal.throwIfAborted();
    try {
      const { reading, asOf } = await readRange(target, range, { ...context, memo });
      memo = reading.memo ?? memo;
      observations.push(...reading.observations);
      if (reading.reconciliation) reconciliations.push(reading.reconciliation);
      for (const drift of reading.drift) watcher.drift(drift);
      watcher.applied(book(target, reading, asOf));
    } catch (error) {
      const known = pollErrorOf(error);
      if (known?.reason !== 'contract') throw error;
      failure ??= known;
    }
    watcher.progress(index + 1, ranges.length);
  }
  if (failure) throw failure;
  ledger.observe(key, {
    at: target.now(),
    observations: ranges.length > 0 ? observations : undefined,
    reconciliation: summed(reconciliations),
    memo,
  });
}

function contextOf(
  { key, feed, config, ledger, now }: PollTarget,
  signal: AbortSignal,
): FeedContext<unknown> {
  const at = now();
  return {
    now: at,
    config,
    since: ledger.since(key.account, feed.books?.stream, at),
    coverage: feed.books
      ? ledger.coverage(key.account, feed.books.stream, feed.books.granularity)
      : NO_COVERAGE,
    memo: ledger.book.feed(key.account, key.feed)?.memo,
    signal,
  };
}

const NO_COVERAGE: Coverage = { asOf: () => undefined, latest: () => undefined, gaps: (range) => [range] };

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
