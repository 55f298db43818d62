import type { StreamSettings } from '../core/ledger/settings.ts';
import {
  ceilTo,
  coarsestOf,
  DAY,
  floorTo,
  type Instant,
  intersection,
  type Range,
  sizeOf,
} from '../core/values/time.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import type { PollError } from '../providers/api/errors.ts';
import type { Feed } from '../providers/api/provider.ts';

/** The history that is asked for. */
export interface HistoryRange {
  readonly from: Instant;
  /** Where the history of a stream ends. */
  readonly end: (account: Pick<PolledAccount, 'provider' | 'name'>, stream: string) => Instant;
}

/** A part of the range of a stream that could not be read. */
export interface UnreadRange extends Range {
  readonly provider: string;
  readonly account: string;
  readonly stream: string;
  readonly why: string;
  /** Of what `failed` or is `not_told_yet`, another attempt may read more. */
  readonly kind: UnreadKind;
}

export const UNREAD_KINDS = ['failed', 'not_told_yet', 'not_told'] as const;
export type UnreadKind = (typeof UNREAD_KINDS)[number];

/** What is to be read of a stream; empty if it ends before it starts. */
export function rangeToRead(
  account: PolledAccount,
  { name, closedBuckets, granularities }: StreamSettings,
  { from, end }: HistoryRange,
): Range {
  const until = end(account, name);
  // A provider that bills a bucket once it has ended tells nothing of one that has not.
  return { start: from, end: closedBuckets ? floorTo(sizeOf(coarsestOf(granularities)), until) : until };
}

/** Whether a range of a feed's plan holds a whole bucket of what is missing. */
export function isUseful(
  { stream }: Feed<unknown, unknown>,
  range: Range,
  missing: readonly Range[],
): boolean {
  const start = stream ? ceilTo(sizeOf(stream.granularity), range.start) : range.start;
  return missing.some((gap) => intersection(gap, { start, end: range.end }));
}

export function lengthOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** What a provider bills soon after the end of a bucket it may not tell yet. */
const NEW_MS = 2 * DAY;

/** Why a range was not read, by the last failures of the feeds of its stream. */
export function reasonOf(
  range: Range,
  failures: readonly PollError[],
  now: Instant,
): Pick<UnreadRange, 'why' | 'kind'> {
  const own = failures.flatMap(({ ranges }) => ranges).find((each) => intersection(each, range));
  const failure = own ?? failures.at(-1);
  if (failure) return { why: failure.message, kind: 'failed' };
  return now - range.end < NEW_MS
    ? { why: 'the provider does not report it yet', kind: 'not_told_yet' }
    : { why: 'the provider does not go back that far', kind: 'not_told' };
}
