import type { Range } from '../../core/values/time.ts';

/**
 * Every way a poll can fail. The reason is a metric label, a log field and a heading in `docs/errors.md`, which is checked
 * against this table. `retrySooner`: a failed poll is tried again ahead of its schedule, later each time.
 */
export const POLL_FAILURES = {
  auth: {
    retrySooner: false,
    hint: 'The key was refused (401, 402 or 403). Billing endpoints often need an admin key or a billing scope.',
  },
  rate_limited: {
    retrySooner: true,
    hint: 'The provider asked for fewer requests (429). The exporter waits as long as the provider says, but never more than an hour.',
  },
  timeout: { retrySooner: true, hint: 'No complete answer arrived in time. See `timeout` of the account.' },
  network: { retrySooner: true, hint: 'The connection failed: name resolution, TLS, refused or reset.' },
  server: { retrySooner: true, hint: 'The provider failed (5xx). The next poll tries again.' },
  sunset: {
    retrySooner: false,
    hint: 'The provider retired this endpoint (410). See the provider page for its successor.',
  },
  contract: {
    retrySooner: true,
    hint: 'The answer is not as documented (400, 404, 422, truncated, HTML, empty or another shape). Please report it.',
  },
  config: { retrySooner: false, hint: 'The account cannot be polled as it is configured.' },
  storage: {
    retrySooner: true,
    hint: 'The ledger could not be written: a full disk, a read-only volume or a damaged file.',
  },
} as const satisfies Record<string, { hint: string; retrySooner: boolean }>;

export type FailureReason = keyof typeof POLL_FAILURES;

/**
 * Of several failures the one to report: an answered refusal says what to mend, a fault that passes says to wait, and what does not fit
 * the documentation may be a consequence of either.
 */
const MOST_TELLING_FIRST: readonly FailureReason[] = [
  'auth',
  'sunset',
  'config',
  'storage',
  'server',
  'rate_limited',
  'timeout',
  'network',
  'contract',
];

/** The most telling of some failures; of equals the first. */
export function mostTelling(first: PollError, ...others: readonly PollError[]): PollError {
  const rank = ({ reason }: PollError) => MOST_TELLING_FIRST.indexOf(reason);
  return others.reduce((best, each) => (rank(each) < rank(best) ? each : best), first);
}

/** Why one of the ranges of a poll could not be read. */
export interface RangeFailure extends Range {
  readonly reason: FailureReason;
  readonly message: string;
}

export interface PollErrorOptions {
  readonly cause?: unknown;
  /** HTTP status, where an answer came, or the one that an answer with 200 says it is. */
  readonly status?: number;
  /** Not before this instant may the account be asked again. */
  readonly retryAt?: number;
  /** What to do about this failure in particular, beyond the hint of its reason. */
  readonly advice?: string;
}

/** What a provider writes may be part of it. */
const MAX_MESSAGE_CHARACTERS = 1000;

/** A failed poll. The message never holds a query, a header, a body or a key. */
export class PollError extends Error {
  override readonly name = 'PollError';
  readonly reason: FailureReason;
  readonly status: number | undefined;
  readonly retryAt: number | undefined;
  readonly advice: string | undefined;
  /** Of the failure of a whole poll: each of its ranges that failed. */
  ranges: readonly RangeFailure[] = [];

  constructor(reason: FailureReason, message: string, options: PollErrorOptions = {}) {
    super(
      message.slice(0, MAX_MESSAGE_CHARACTERS),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.reason = reason;
    this.status = options.status;
    this.retryAt = options.retryAt;
    this.advice = options.advice;
  }

  /** What to do about it, in whole sentences. */
  get hint(): string {
    const { hint } = POLL_FAILURES[this.reason];
    return this.advice === undefined ? hint : `${hint} ${this.advice}`;
  }
}

const REFUSALS: ReadonlySet<number | undefined> = new Set([401, 402, 403, 404, 410]);

/** The account may not read it, or does not have it: other keys may. */
export function isRefusal(error: unknown): error is PollError {
  return error instanceof PollError && REFUSALS.has(error.status);
}

/** The provider cannot make sense of this request: another one may be answered. */
export function isBadRequest(error: unknown): error is PollError {
  return error instanceof PollError && (error.status === 400 || error.status === 422);
}

/**
 * What was answered; a refusal of the key advises which one it takes.
 *
 * @param needed such as `a key of an organization owner`.
 */
export async function adviseOnRefusal<Answered>(
  answer: Promise<Answered>,
  needed: string,
): Promise<Answered> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof PollError) || error.reason !== 'auth') throw error;
    const { status, retryAt, message } = error;
    throw new PollError('auth', message, {
      cause: error,
      advice: `This endpoint takes ${needed}.`,
      ...(status !== undefined && { status }),
      ...(retryAt !== undefined && { retryAt }),
    });
  }
}

const REASONS: Readonly<Record<number, FailureReason>> = {
  401: 'auth',
  // Some providers answer so to a request without any key.
  402: 'auth',
  403: 'auth',
  // The server gave up waiting for the request: nothing is wrong with the contract.
  408: 'timeout',
  410: 'sunset',
  429: 'rate_limited',
};

/** Why an answer other than 200 is a failed poll. Whatever is not in the documentation breaks the contract, redirects too. */
export function reasonOfStatus(status: number): FailureReason {
  return REASONS[status] ?? (status >= 500 ? 'server' : 'contract');
}
