import { knownWholeBuckets } from '../ledger/readings.ts';
import type { PeriodKind } from '../ledger/records.ts';
import type { AccountSettings, StreamSettings } from '../ledger/settings.ts';
import { hasClosedDays } from '../ledger/settings.ts';
import type { LedgerState } from '../ledger/state.ts';
import { joinRanges } from '../values/ranges.ts';
import { DAY, type Instant, type Range, sizeOf, startOfDay, startOfMonth } from '../values/time.ts';

export const WINDOWS = ['today', 'yesterday', 'month_to_date', 'last_month'] as const;
export type Window = (typeof WINDOWS)[number];

export interface UtcWindow extends DatedRange {
  readonly kind: PeriodKind;
}

/** A stretch of UTC days. */
export interface DatedRange extends Range {
  /** No bucket will be added to it. */
  readonly isOver: boolean;
}

/** The UTC window that `now` lies in or behind, and the sum that holds its amounts. */
export function windowAt(window: Window, now: Instant): UtcWindow {
  const day = startOfDay(now);
  switch (window) {
    case 'today':
      return { kind: 'day', isOver: false, start: day, end: day + DAY };
    case 'yesterday':
      return { kind: 'day', isOver: true, start: day - DAY, end: day };
    case 'month_to_date':
      return { kind: 'month', isOver: false, start: startOfMonth(now), end: startOfMonth(now, 1) };
    case 'last_month':
      return { kind: 'month', isOver: true, start: startOfMonth(now, -1), end: startOfMonth(now) };
  }
}

/** What decides whether a window can be shown. */
export interface WindowCoverage {
  /** Everything read so far, at any granularity, in order and joined. */
  readonly covered: readonly Range[];
  /** The newest instant that a reading knows of: no later than its as-of. */
  readonly through: Instant;
  /** How far back the account is read. */
  readonly since: Instant;
  readonly now: Instant;
  /** How far `through` may lie before `now` while a window has just begun, or before the end of one that is over. */
  readonly lagMs: number;
  /** A day is unknown until it has ended and was read. */
  readonly hasClosedDays: boolean;
}

/**
 * A window is shown once it was read without a hole from its start (or from `since`) to where the readings end.
 *
 * One that begins after the readings end is 0 for as long as the feed normally lags, then unknown; one that is over may miss no
 * more of its end than that. Where a provider bills only days that have ended, a window is unknown until the first of its days
 * was read, and one that is over until the last was.
 */
export function isComplete(window: DatedRange, reach: WindowCoverage): boolean {
  if (window.end <= reach.since) return false;
  const missing = window.end - reach.through;
  if (window.isOver && missing > (reach.hasClosedDays ? 0 : reach.lagMs)) return false;
  const start = Math.max(window.start, reach.since);
  const end = Math.min(window.end, reach.through);
  if (end > start) return reach.covered.some((range) => range.start <= start && range.end >= end);
  return !reach.hasClosedDays && reach.now - reach.through <= reach.lagMs && reach.covered.length > 0;
}

/** What is needed to say what can be shown. */
export interface PublishInput {
  readonly book: LedgerState;
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
  const reach = stream && windowCoverage(input, stream.id);
  if (reach && isComplete(utc, reach))
    return { isKnown: true, incomplete: utc.start < since ? 'before_since' : undefined };
  if (utc.end <= since) return { isKnown: false, incomplete: 'before_since' };
  const isRead = reach !== undefined && reach.covered.length > 0;
  return { isKnown: false, incomplete: isRead ? 'not_read_whole' : 'nothing_read' };
}

/** Which windows of a stream can be shown at `now`. */
export function completeWindows(input: PublishInput, id: number): Window[] {
  const reach = windowCoverage(input, id);
  return reach ? WINDOWS.filter((window) => isComplete(windowAt(window, input.now), reach)) : [];
}

/** What was read of a stream; undefined where its account is not configured. */
export function windowCoverage(input: PublishInput, id: number): WindowCoverage | undefined {
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
function closedRanges(
  book: LedgerState,
  stream: number,
  granularities: StreamSettings['granularities'],
): Range[] {
  return joinRanges(
    granularities.flatMap((each) =>
      book.readings(stream, each, 'current').flatMap((run) => knownWholeBuckets(run, sizeOf(each))),
    ),
  );
}

/** What the configuration says of a stream; undefined where its account is not configured. */
export function settingsOf({ book, accounts }: PublishInput, id: number): StreamSettings | undefined {
  const stream = book.streams.get(id);
  return stream && accounts.get(stream.account)?.streams.find(({ name }) => name === stream.name);
}

/** The newest instant that any reading of the stream knows of. */
function knownThrough(
  book: LedgerState,
  stream: number,
  granularities: StreamSettings['granularities'],
): Instant {
  let through = Number.NEGATIVE_INFINITY;
  for (const granularity of granularities) {
    const last = book.readings(stream, granularity, 'current').at(-1);
    if (last) through = Math.max(through, Math.min(last.end, last.asOf));
  }
  return through;
}
