import type { Book } from '../ledger/state.ts';
import { joinedRanges, knownWhole } from '../ledger/readings.ts';
import { type AccountSettings, hasClosedDays, type StreamSettings } from '../ledger/settings.ts';
import { type Instant, type Range, sizeOf } from '../values/time.ts';
import { isKnown, type Reach, WINDOWS, type Window, windowAt } from './windows.ts';

/** What is needed to say what can be shown. */
export interface PublishInput {
  readonly book: Book;
  /** Accounts that are configured; others are kept in the ledger and not shown. */
  readonly accounts: ReadonlyMap<number, AccountSettings>;
  readonly now: Instant;
  readonly since: (account: number, stream: string) => Instant;
}

/**
 * Why the whole of an account's window is not known: it begins before the account's `since`, nothing was read yet, or it was not
 * read without a hole.
 */
export const UNKNOWN_REASONS = ['before_since', 'nothing_read', 'not_read_whole'] as const;
export type UnknownReason = (typeof UNKNOWN_REASONS)[number];

/** What is known of an account's window. */
export interface WindowState {
  /** Its dollars can be shown, from the account's `since` on. */
  readonly isKnown: boolean;
  /** Why that is not the whole window; undefined where it is. */
  readonly incomplete: UnknownReason | undefined;
}

/** The one place that decides what is known of an account's window, and whether that is all of it. */
export function windowState(
  input: PublishInput,
  account: number,
  window: Window,
  streams: readonly string[] = input.accounts.get(account)?.streams.map(({ name }) => name) ?? [],
): WindowState {
  const states = streams.map((name) => streamState(input, account, name, window));
  if (states.length === 0) return { isKnown: false, incomplete: 'nothing_read' };
  return {
    isKnown: states.every((state) => state.isKnown),
    incomplete: states.find(({ incomplete }) => incomplete)?.incomplete,
  };
}

function streamState(input: PublishInput, account: number, name: string, window: Window): WindowState {
  const utc = windowAt(window, input.now);
  const since = input.since(account, name);
  const stream = input.book.streamOf(account, name);
  const reach = stream && reachOf(input, stream.id);
  if (reach && isKnown(utc, reach))
    return { isKnown: true, incomplete: utc.start < since ? 'before_since' : undefined };
  if (utc.end <= since) return { isKnown: false, incomplete: 'before_since' };
  const isRead = reach !== undefined && reach.covered.length > 0;
  return { isKnown: false, incomplete: isRead ? 'not_read_whole' : 'nothing_read' };
}

/** Which windows of a stream can be shown at `now`. */
export function knownWindows(input: PublishInput, id: number): Window[] {
  const reach = reachOf(input, id);
  return reach ? WINDOWS.filter((window) => isKnown(windowAt(window, input.now), reach)) : [];
}

/** What was read of a stream; undefined where its account is not configured. */
export function reachOf(input: PublishInput, id: number): Reach | undefined {
  const { book, now, since } = input;
  const stream = book.streams.get(id);
  const settings = settingsOf(input, id);
  if (!stream || !settings) return undefined;
  const closed = settings.closedBuckets ? closedRanges(book, id, settings.granularities) : undefined;
  return {
    covered: closed ?? book.covered(id),
    through: closed
      ? (closed.at(-1)?.end ?? Number.NEGATIVE_INFINITY)
      : knownThrough(book, id, settings.granularities),
    since: since(stream.account, stream.name),
    now,
    lagMs: settings.lagMs,
    hasClosedDays: hasClosedDays(settings),
  };
}

/** What was read of a stream that says nothing of a bucket before it has ended. */
function closedRanges(book: Book, stream: number, granularities: StreamSettings['granularities']): Range[] {
  return joinedRanges(
    granularities.flatMap((each) =>
      book.runs(stream, each, 'newest').flatMap((run) => knownWhole(run, sizeOf(each))),
    ),
  );
}

/** What the configuration says of a stream; undefined where its account is not configured. */
export function settingsOf({ book, accounts }: PublishInput, id: number): StreamSettings | undefined {
  const stream = book.streams.get(id);
  return stream && accounts.get(stream.account)?.streams.find(({ name }) => name === stream.name);
}

/** The newest instant that any reading of the stream knows of. */
function knownThrough(book: Book, stream: number, granularities: StreamSettings['granularities']): Instant {
  let through = Number.NEGATIVE_INFINITY;
  for (const granularity of granularities) {
    const last = book.runs(stream, granularity, 'newest').at(-1);
    if (last) through = Math.max(through, Math.min(last.end, last.asOf));
  }
  return through;
}
