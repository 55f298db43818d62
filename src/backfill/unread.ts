import type { StreamSettings } from '../core/ledger/settings.ts';
import {
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
  /** Another attempt may read it. */
  readonly isFault: boolean;
}

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
): Pick<UnreadRange, 'why' | 'isFault'> {
  const own = failures.flatMap(({ ranges }) => ranges).find((each) => intersection(each, range));
  const failure = own ?? failures.at(-1);
  if (failure) return { why: failure.message, isFault: true };
  return now - range.end < NEW_MS
    ? { why: 'the provider does not tell it yet', isFault: true }
    : { why: 'the provider does not go back that far', isFault: false };
}
