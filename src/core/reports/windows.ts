import { knownWholeBuckets } from '../ledger/readings.ts';
import type { PeriodKind } from '../ledger/records.ts';
import type { AccountSettings, StreamSettings } from '../ledger/settings.ts';
import { hasClosedDays } from '../ledger/settings.ts';
import type { LedgerState } from '../ledger/state.ts';
import { joinedRanges } from '../values/ranges.ts';
import { DAY, type Instant, type Range, sizeOf, startOfDay, startOfMonth } from '../values/time.ts';

export const WINDOWS = ['today', 'yesterday', 'month_to_date', 'last_month'] as const;
export type Window = (typeof WINDOWS)[number];

/** A window as UTC days, and the period whose totals hold its amounts. */
export interface UtcWindow extends DatedRange {
  readonly kind: PeriodKind;
}

export interface DatedRange extends Range {
  /** The range has ended: no bucket will be added to it. */
  readonly isOver: boolean;
}

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
  readonly since: Instant;
  readonly now: Instant;
  /** How far `through` may lie before `now` in a window that has just begun, or before the end of one that is over. */
  readonly lagMs: number;
  /** A day is unknown until it has ended and has been read. */
  readonly hasClosedDays: boolean;
}

/**
 * A window can be shown once it has been read without a gap from its start (or from `since`) to where the readings end.
 *
 * A window that begins after the readings end is 0 for as long as the feed normally lags, then unknown. A window that is over may
 * miss no more of its end than that lag. If a provider bills only days that have ended, a window is unknown until its first day
 * has been read, and a window that is over until its last day has been read.
 */
export function isComplete(window: DatedRange, coverage: WindowCoverage): boolean {
  const { covered, through, since, now, lagMs } = coverage;
  if (window.end <= since) return false;
  if (window.isOver && window.end - through > (coverage.hasClosedDays ? 0 : lagMs)) return false;
  const start = Math.max(window.start, since);
  const end = Math.min(window.end, through);
  if (end > start) return covered.some((range) => range.start <= start && range.end >= end);
  return !coverage.hasClosedDays && now - through <= lagMs && covered.length > 0;
}

/** The ledger and the configuration that every report is made of. */
export interface PublishInput {
  readonly state: LedgerState;
  /** Configured accounts; the ledger keeps others but does not show them. */
  readonly accounts: ReadonlyMap<number, AccountSettings>;
  readonly now: Instant;
  readonly since: (account: number, stream: string) => Instant;
}

/** Why a window of an account is incomplete: it begins before the account's `since`, nothing has been read yet, or there is a gap. */
export const UNKNOWN_REASONS = ['before_since', 'nothing_read', 'not_read_whole'] as const;

export type UnknownReason = (typeof UNKNOWN_REASONS)[number];

export interface WindowState {
  /** Its cost from the account's `since` on is known and can be shown. */
  readonly isKnown: boolean;
  /** Why that is not the whole window; undefined if it is. */
  readonly incomplete: UnknownReason | undefined;
}

/** The one place that decides whether the cost of an account's window is known, and whether it covers the whole window. */
export function windowState(
  input: PublishInput,
  account: number,
  window: Window,
  streams: readonly string[] = input.accounts.get(account)?.streams.map(({ name }) => name) ?? [],
): WindowState {
  const states = streams.map((name) => streamWindowState(input, account, name, window));
  if (states.length === 0) return { isKnown: false, incomplete: 'nothing_read' };
  return {
    isKnown: states.every((state) => state.isKnown),
    incomplete: states.find(({ incomplete }) => incomplete)?.incomplete,
  };
}

function streamWindowState(input: PublishInput, account: number, name: string, window: Window): WindowState {
  const utc = windowAt(window, input.now);
  const since = input.since(account, name);
  const stream = input.state.streamOf(account, name);
  const coverage = stream && windowCoverage(input, stream.id);
  if (coverage && isComplete(utc, coverage))
    return { isKnown: true, incomplete: utc.start < since ? 'before_since' : undefined };
  if (utc.end <= since) return { isKnown: false, incomplete: 'before_since' };
  return { isKnown: false, incomplete: coverage?.covered.length ? 'not_read_whole' : 'nothing_read' };
}

export function completeWindows(input: PublishInput, stream: number): Window[] {
  const coverage = windowCoverage(input, stream);
  return coverage ? WINDOWS.filter((window) => isComplete(windowAt(window, input.now), coverage)) : [];
}

/** What was read of a stream; undefined if its account is not configured. */
export function windowCoverage(input: PublishInput, id: number): WindowCoverage | undefined {
  const { state, now, since } = input;
  const stream = state.streams.get(id);
  const settings = settingsOf(input, id);
  if (!stream || !settings) return undefined;
  const closed = settings.closedBuckets ? closedRanges(state, id, settings) : undefined;
  return {
    covered: closed ?? state.covered(id),
    through: closed ? (closed.at(-1)?.end ?? Number.NEGATIVE_INFINITY) : knownThrough(state, id, settings),
    since: since(stream.account, stream.name),
    now,
    lagMs: settings.lagMs,
    hasClosedDays: hasClosedDays(settings),
  };
}

/** What was read of a stream whose buckets are unknown until they have ended. */
function closedRanges(state: LedgerState, stream: number, { granularities }: StreamSettings): Range[] {
  return joinedRanges(
    granularities.flatMap((each) =>
      state.readings(stream, each, 'current').flatMap((reading) => knownWholeBuckets(reading, sizeOf(each))),
    ),
  );
}

/** The newest instant that any reading of the stream knows of. */
function knownThrough(state: LedgerState, stream: number, { granularities }: StreamSettings): Instant {
  const newest = granularities.flatMap((each) => state.readings(stream, each, 'current').at(-1) ?? []);
  return Math.max(...newest.map(({ end, asOf }) => Math.min(end, asOf)));
}

/** The configuration of a stream; undefined if its account is not configured. */
export function settingsOf({ state, accounts }: PublishInput, id: number): StreamSettings | undefined {
  const stream = state.streams.get(id);
  return stream && accounts.get(stream.account)?.streams.find(({ name }) => name === stream.name);
}
