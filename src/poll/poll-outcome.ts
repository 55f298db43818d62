import { StoreError } from '../core/ledger/records.ts';
import type { Instant } from '../core/values/time.ts';
import { type FailureReason, POLL_FAILURES, PollError } from '../providers/api/errors.ts';

/** How a poll ended. */
export type PollEnding =
  /** `postponed`: nothing was requested, because the feed reserves the remaining requests for other feeds. */
  { readonly kind: 'succeeded' | 'postponed' } | UnavailableFeed | FailedPoll;

/** The account may not read an optional feed, or does not have it. */
export interface UnavailableFeed {
  readonly kind: 'unavailable';
  readonly reason: FailureReason;
  readonly message: string;
  readonly hint: string;
  /** The feed was available at its last poll. */
  readonly isTransition: boolean;
}

export interface FailedPoll {
  readonly kind: 'failed';
  readonly reason: FailureReason;
  readonly message: string;
  readonly hint: string;
  readonly error: unknown;
  /** An internal error, which neither a provider nor the disk can cause. */
  readonly isBug: boolean;
}

/** When the poll began, and how long it took. */
interface PollTiming {
  readonly at: Instant;
  readonly seconds: number;
}

export type PollOutcome = PollEnding & PollTiming;

/** The failure that an error makes of a poll. */
export function failedPoll(error: unknown): FailedPoll {
  const known = pollErrorOf(error);
  if (known) {
    const { reason, message, hint } = known;
    return { kind: 'failed', reason, message, hint, error: known, isBug: false };
  }
  const message = error instanceof Error ? error.message : String(error);
  const { hint } = POLL_FAILURES.contract;
  return { kind: 'failed', reason: 'contract', message, hint, error, isBug: true };
}

/** Any error of a poll with its reason; undefined for an internal error. */
export function pollErrorOf(error: unknown): PollError | undefined {
  if (error instanceof PollError) return error;
  if (error instanceof StoreError) return new PollError('storage', error.message, { cause: error });
  if (error instanceof RangeError) return new PollError('contract', error.message, { cause: error });
  const isSqlite = error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
  return isSqlite
    ? new PollError('storage', `the ledger could not be written: ${error.message}`, { cause: error })
    : undefined;
}
