import type { Fixed, Usd } from '../values/money.ts';
import type { Granularity, Instant, Range } from '../values/time.ts';
import type { ObservationKey } from './observation-metrics.ts';

/**
 * What a charge can measure.
 *
 * `cost`, `component_cost`, `top_ups` and `unconverted` are money; the others are counts. `billed_seconds` are seconds.
 */
export const MEASURES = [
  'cost',
  'component_cost',
  'tokens',
  'requests',
  'billed_seconds',
  'units',
  'top_ups',
  'unconverted',
] as const;
export type Measure = (typeof MEASURES)[number];

/** The kinds of token that are counted apart and may be added up. */
const TOKEN_TYPES = ['input', 'output', 'cached_input', 'cache_write'] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];

/** One billed fact of one bucket. Charges of one cell are added up before anything else. */
export interface Charge {
  /** Start of the bucket, or any instant within it. */
  readonly at: Instant;
  readonly measure: Measure;
  /** `""` where the provider has none; likewise `model` and `tier`. */
  readonly resource: string;
  readonly model: string;
  readonly tier: string;
  /**
   * What the measure is cut by further: the currency of `cost`, `top_ups` and `unconverted`, the component of
   * `component_cost`, the {@link TokenType} of `tokens`, the SKU of `units`; `""` elsewhere.
   */
  readonly detail: string;
  /** The amount in `currency`, or the count. Positive is spend. */
  readonly value: Fixed;
  /** What a money `value` is denominated in, upper case. Absent: US dollars. */
  readonly currency?: string;
}

/** Everything one poll learned about a range of whole buckets: complete, or not applied at all. */
export interface Statement {
  readonly stream: string;
  readonly granularity: Granularity;
  /** Aligned to the granularity. What no charge of it mentions becomes zero. May reach past the as-of: the open bucket. */
  readonly range: Range;
  /** When the first request was sent. */
  readonly asOf: Instant;
  readonly charges: readonly Charge[];
  /** Tiers that the response left out or gave as null: suspicious if they had money. `""` is the tier of those without one. */
  readonly omittedTiers: readonly string[];
  /** What the provider tells elsewhere, where it could not be read: those amounts of the range stay as they are. */
  readonly untold?: readonly StatementPart[];
}

/** Some measures of a tier. */
export interface StatementPart {
  readonly tier: string;
  readonly measures: readonly Measure[];
}

/** Names and properties of a resource, for the info metric only. */
export interface ResourceFacts {
  readonly resource: string;
  readonly name?: string;
  readonly kind?: string;
  readonly project?: string;
  readonly team?: string;
  readonly environment_name?: string;
  readonly instance_type?: string;
  readonly deleted?: boolean;
}

/** The provider's own total compared with the sum of the rows it listed. */
export interface Reconciliation {
  readonly difference: Usd;
  /** Which of the provider's totals was compared, for the status page. */
  readonly against: string;
}

/** A gauge that comes straight from an answer and is not made of cells: a category total, a balance, a trend. */
export interface Observation {
  /** Which of the metrics in `observation-metrics.ts` it is a sample of, such as `monthGross`. */
  readonly metric: ObservationKey;
  /** Values of the labels beyond `provider` and `account`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: Fixed;
  /** When it was so, where the answer says: of several that several feeds give, the newest is shown. */
  readonly at?: Instant;
  /** From this instant on the value no longer applies (a month's total in the next month) and is not shown. */
  readonly until?: Instant;
}

/** The kinds of {@link Drift}, which is a metric label: each is shown from 0, so that its first count is a rise. */
export const DRIFT_KINDS = [
  'unknown_field',
  'undocumented_field',
  'unknown_value',
  'stray_row',
  'repeated_row',
  'unordered_row',
  'too_many_rows',
  'too_many_values',
  'long_label',
  'cached_exceeds_input',
  'missing_hour',
  'refused_filter',
  'late_statement',
] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** Of each kind of drift, and of unconverted currencies, a poll names this many; the rest is a number. */
export const MAX_NAMED_DRIFTS = 10;

/** Something in a response that is not as documented, but harmless to the numbers. Counted by kind. */
export interface Drift {
  readonly kind: DriftKind;
  /** What it was, for the log: a field path or an enum value, never a key or a whole body. */
  readonly what: string;
  /** How many others this one represents; `what` then gives only their number. */
  readonly more?: number;
}

/** Something in a response that no sample can show: the status page does. */
export interface Note {
  /** What it is about: the same in every answer, such as `tier`, or `probe flux: inference_fee`. */
  readonly topic: string;
  /** At most a line of the provider's own words; never a key. */
  readonly text: string;
  /** Logged when it is new: something the user may want to mend. */
  readonly isWarning: boolean;
}

/** What one response, or one walk over pages, says. */
export interface Reading {
  readonly statement?: Omit<Statement, 'asOf' | 'stream'>;
  readonly resources: readonly ResourceFacts[];
  readonly observations: readonly Observation[];
  readonly reconciliation?: Reconciliation;
  readonly drift: readonly Drift[];
  readonly notes?: readonly Note[];
}

/** Measures that belong to the account and not to a resource. */
export const ACCOUNT_MEASURES: ReadonlySet<Measure> = new Set(['top_ups', 'unconverted']);
