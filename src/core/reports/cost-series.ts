import type { Fixed } from '../values/money.ts';
import type { Instant, Range } from '../values/time.ts';
import type { UnknownReason } from './windows.ts';

/** The lengths of a bucket, finest first. */
export const STEPS = ['hour', 'day', 'month'] as const;
export type Step = (typeof STEPS)[number];

export const SERIES_MEASURES = ['cost', 'tokens', 'requests', 'seconds'] as const;
export type SeriesMeasure = (typeof SERIES_MEASURES)[number];

/** Labels that come from what is known of a resource. */
export const FACT_LABELS = ['name', 'kind', 'project', 'team', 'environment'] as const;

/** What series can be grouped and filtered by. `currency` belongs to cost, `token_type` to tokens. */
export const SERIES_LABELS = [
  'provider',
  'account',
  'resource',
  'model',
  'tier',
  'currency',
  'token_type',
  ...FACT_LABELS,
] as const;
export type SeriesLabel = (typeof SERIES_LABELS)[number];

/** The most buckets and rows of an answer: a browser still draws them, and they bound what a question costs. */
export const MAX_BUCKETS = 2000;
export const MAX_ROWS = 1000;

/** Asks for an amount by UTC hour, day or month, grouped by some labels. */
export interface SeriesQuestion {
  /** Starts and ends with a bucket. */
  readonly range: Range;
  readonly step: Step;
  /** Without duplicates. */
  readonly by: readonly SeriesLabel[];
  /** Patterns by label, of which one must match: `*` stands for any text, `?` for any character. */
  readonly match: ReadonlyMap<SeriesLabel, readonly string[]>;
  /** How many of the largest rows are listed, and the others added up. Undefined: all are listed. */
  readonly top: number | undefined;
  readonly measure: SeriesMeasure;
}

/** Amounts by bucket; undefined is unknown. */
export interface AmountRow {
  readonly values: readonly (Fixed | undefined)[];
  /** Undefined if any value is. */
  readonly total: Fixed | undefined;
  /** What the ledger holds of each bucket: all of it, or a part where the value is unknown. */
  readonly held: readonly Fixed[];
}

export interface LabelledRow extends AmountRow {
  /** In the order of `by`. */
  readonly labels: readonly string[];
}

/** A range whose amounts are unknown because an account's are kept by a longer step than was asked for. */
export interface StepLimit extends Range {
  readonly provider: string;
  readonly account: string;
  readonly finestStep: Step;
}

/** An account of which some bucket is unknown, and why. */
export interface UnknownAccount {
  readonly provider: string;
  readonly account: string;
  readonly reason: UnknownReason;
}

export interface SeriesReport extends SeriesQuestion {
  /** Their starts, without those that lie in the future. */
  readonly buckets: readonly Instant[];
  /** Largest total first, ties by labels. */
  readonly series: readonly LabelledRow[];
  /** The rows beyond `top`; undefined without it. */
  readonly other: AmountRow | undefined;
  readonly total: AmountRow;
  readonly limits: readonly StepLimit[];
  readonly unknown: readonly UnknownAccount[];
}

/** The answer, or what it is made of, has too many rows: the message says what to do about it. */
export class TooManyRowsError extends Error {
  override readonly name = 'TooManyRowsError';
}

export class TooManyQuestionsError extends Error {
  override readonly name = 'TooManyQuestionsError';
  override readonly message = 'too many questions at a time; ask again in a few seconds';
}
