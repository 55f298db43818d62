import type { BudgetPeriod } from '../../core/reports/budget.ts';
import type { UnknownReason } from '../../core/reports/cost-query.ts';
import type { Window } from '../../core/reports/windows.ts';

/** An instant as `2026-11-22T02:17:00.000Z`. */
export type Timestamp = string;
/** An exact decimal, as `-0.06356`. */
export type DecimalText = string;

/** What `/api/v1/status` answers, as it is. Never holds a key. */
export interface Status {
  readonly version: string;
  readonly startedAt: Timestamp;
  /** What the user may want to mend in the configuration, such as one bill that two accounts read. */
  readonly warnings?: readonly string[];
  readonly accounts: readonly AccountStatus[];
  readonly budgets: readonly BudgetStatus[];
}

/** One account as its feeds and the ledger stand. */
export interface AccountStatus {
  readonly provider: string;
  readonly name: string;
  /** Exact US dollars of the UTC window, from the account's `since` on; null until that was read without a hole. */
  readonly todayUsd: DecimalText | null;
  readonly monthToDateUsd: DecimalText | null;
  /** Windows that were not read whole, from their start, and why. */
  readonly incomplete: readonly IncompleteWindow[];
  readonly requestBudget: RequestBudgetStatus;
  readonly feeds: readonly FeedStatus[];
}

export interface IncompleteWindow {
  readonly window: Window;
  readonly reason: UnknownReason;
}

/** How many requests the account may still send. */
export interface RequestBudgetStatus {
  /** At once; null where neither the provider nor the exporter counts. */
  readonly remaining: number | null;
  /** None before this; null where one may be sent now. */
  readonly notBefore: Timestamp | null;
}

/** One feed of an account. */
export interface FeedStatus {
  readonly name: string;
  /** Did the last poll succeed? null before the first, and while the feed is switched off. */
  readonly up: boolean | null;
  readonly lastSuccess: Timestamp | null;
  /** The failure of the last poll; null once one has succeeded. */
  readonly lastError: FailureStatus | null;
  /** Why the account may not read this feed; null where it may. */
  readonly off: FailureStatus | null;
  /** The unbroken range read so far; null for a feed that reads no billing facts. */
  readonly dataFrom: Timestamp | null;
  readonly dataThrough: Timestamp | null;
  /** A cron line in UTC. */
  readonly schedule: string;
  readonly isPolling: boolean;
  /** By the schedule; null where none is followed, and at the end. */
  readonly nextRun: Timestamp | null;
  /** The provider asked not to be asked again before this. */
  readonly notBefore: Timestamp | null;
  /** The provider's own total less its rows, and which total that is; null where it gives none. */
  readonly reconciliation: { readonly differenceUsd: DecimalText; readonly against: string } | null;
  /** How many older ranges are still to be read, where a feed reads history bit by bit. */
  readonly history: { readonly remaining: number } | null;
  /** What the provider said that is no number: a tier, an expression that failed. */
  readonly notes: readonly { readonly topic: string; readonly text: string }[];
}

/** Why a poll failed. */
export interface FailureStatus {
  /** A heading of the errors page. */
  readonly reason: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  readonly at: Timestamp;
  /** Each range that failed, in the order they were read: the reason above is the most telling of theirs. At most 50. */
  readonly ranges?: readonly RangeFailureStatus[];
}

/** Why one range of a poll failed. */
export interface RangeFailureStatus {
  readonly start: Timestamp;
  readonly end: Timestamp;
  readonly reason: string;
  readonly message: string;
}

/** A budget in its current period. */
export interface BudgetStatus {
  readonly name: string;
  readonly period: BudgetPeriod;
  readonly start: Timestamp;
  readonly end: Timestamp;
  readonly limitUsd: DecimalText;
  /** null until all that it is about was read without a hole. */
  readonly spentUsd: DecimalText | null;
  /** What will have been spent by the end of the period; null where too little was read to tell. */
  readonly forecastUsd: DecimalText | null;
}
