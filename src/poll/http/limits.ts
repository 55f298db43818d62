import { HOUR } from '../../core/values/time.ts';
import type { BodyLimits } from './body.ts';

/**
 * Limits of one answer: what the process can parse without a noticeable pause. A page of Venice has 13,000 values in 400 kB; a request
 * that may get a larger answer says so (`Request.maxValues`).
 */
export const ANSWER_LIMITS = {
  wireBytes: 32 * 2 ** 20,
  decodedBytes: 32 * 2 ** 20,
  json: {
    values: 100_000,
    depth: 100,
    keys: 60_000,
    keyBytes: 8 * 1024,
    stringBytes: 64 * 1024,
    // A double written without an exponent has at most 1,077 characters.
    numberBytes: 1100,
    // Ten for each value: names in Chinese, as Python escapes them by default.
    escapes: 1_000_000,
  },
} as const satisfies BodyLimits;

/**
 * Limits of all answers about one range. A day of five million rows at Venice is 5,000 answers, or 10,000 from the
 * retired endpoint.
 */
export const RANGE_LIMITS = {
  answers: 20_000,
  decodedBytes: 8 * 2 ** 30,
  ms: HOUR,
  /** Of a feed that retains all answers until the last one: as many as the largest that it may get. */
  keptAnswers: 3,
  /** Of a feed that sums its answers: charges, and whatever else it retains. */
  keptEntries: 250_000,
} as const;
