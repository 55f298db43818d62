import type { BudgetPeriod } from '../../core/reports/budget.ts';
import type { UnknownReason } from '../../core/reports/cost-query.ts';
import type { Window } from '../../core/reports/windows.ts';

/** An instant as `2026-11-22T02:17:00.000Z`. */
export type Timestamp = string;
/** An exact decimal, as `-0.06356`. */
export type DecimalText = string;

/** The response of `/api/v1/status`. Never contains a key. */
export interface Status {
  readonly version: string;
  readonly startedAt: Timestamp;
  /** Likely mistakes in the configuration, such as two accounts that read the same bill. */
  readonly warnings?: readonly string[];
  readonly accounts: readonly AccountStatus[];
  readonly budgets: readonly BudgetStatus[];
}

/** One account: its costs and feeds. */
export interface AccountStatus {
  readonly provider: string;
  readonly name: string;
  /** Exact US dollars of the UTC window, from the account's `since` on; null until the whole window has been read. */
  readonly todayUsd: DecimalText | null;
  readonly monthToDateUsd: DecimalText | null;
  /** Windows that have not been read completely, and why. */
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
  /** Requests available now; null if neither the provider nor the exporter limits them. */
  readonly remaining: number | null;
  /** The earliest next request; null if one may be sent now. */
  readonly notBefore: Timestamp | null;
}

/** One feed of an account. */
export interface FeedStatus {
  readonly name: string;
  /** Whether the last poll succeeded; null before the first, and while the feed is off. */
  readonly up: boolean | null;
  readonly lastSuccess: Timestamp | null;
  /** The failure of the last poll; null once one has succeeded. */
  readonly lastError: FailureStatus | null;
  /** Why the account may not read this feed; null if it may. */
  readonly off: FailureStatus | null;
  /** The contiguous range read so far; null for a feed without charges. */
  readonly dataFrom: Timestamp | null;
  readonly dataThrough: Timestamp | null;
  /** A cron expression in UTC. */
  readonly schedule: string;
  readonly isPolling: boolean;
  /** By the schedule; null without one, and during shutdown. */
  readonly nextRun: Timestamp | null;
  /** The provider accepts no request before this. */
  readonly notBefore: Timestamp | null;
  /** The provider's own total minus its rows, and which total that is; null if it has none. */
  readonly reconciliation: { readonly differenceUsd: DecimalText; readonly against: string } | null;
  /** The number of older ranges still to be read, for a feed that reads history step by step. */
  readonly history: { readonly remaining: number } | null;
  /** Notices of the provider that are not numbers: a tier, an expression that failed. */
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
  /** The ranges that failed, in reading order, at most 50. The reason above is the most informative of theirs. */
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
  /** null until all its costs have been read completely. */
  readonly spentUsd: DecimalText | null;
  /** The forecast for the end of the period; null if too little has been read. */
  readonly forecastUsd: DecimalText | null;
}
