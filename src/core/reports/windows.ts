import type { SumKind } from '../ledger/records.ts';
import { DAY, type Instant, type Range, startOfDay, startOfMonth } from '../values/time.ts';

export const WINDOWS = ['today', 'yesterday', 'month_to_date', 'last_month'] as const;
export type Window = (typeof WINDOWS)[number];

export interface UtcWindow extends Period {
  readonly kind: SumKind;
}

/** A stretch of UTC days. */
export interface Period extends Range {
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
export interface Reach {
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
export function isKnown(window: Period, reach: Reach): boolean {
  if (window.end <= reach.since) return false;
  const missing = window.end - reach.through;
  if (window.isOver && missing > (reach.hasClosedDays ? 0 : reach.lagMs)) return false;
  const start = Math.max(window.start, reach.since);
  const end = Math.min(window.end, reach.through);
  if (end > start) return reach.covered.some((range) => range.start <= start && range.end >= end);
  return !reach.hasClosedDays && reach.now - reach.through <= reach.lagMs && reach.covered.length > 0;
}
