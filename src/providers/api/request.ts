import type { z } from 'zod';
import type { Drift } from '../../core/statement/statement.ts';

/** How messages name a request: without its query, headers and body. */
export function titleOf(request: Pick<Request<unknown>, 'path' | 'preview'>): string {
  return `${methodOf(request)} ${request.path}`;
}

/** `GET`, unless a preview is to be calculated. */
export function methodOf({ preview }: Pick<Request<unknown>, 'preview'>): 'GET' | 'POST' {
  return preview === undefined ? 'GET' : 'POST';
}

/** A question that a feed wants answered: a `GET`, or a preview. */
export interface Request<Body> {
  /** Below the provider's version prefix, starting with a slash, its segments already escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Parameters of the query that are repeated, once for each value, such as `group_by`. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Sent as JSON by `POST`, for a calculation that changes nothing and costs nothing. The path must be one of the provider's
   * `previews`.
   */
  readonly preview?: unknown;
  /**
   * The door: only this turns the JSON into a value. A number that has more than 15 digits reaches it as a `string` of
   * its source text, so schemas for exact values take both (see `schemas.ts`).
   */
  readonly schema: z.ZodType<Body>;
  /** How many values the JSON may hold, where that may be more than of any other answer: see `poll/http/limits.ts`. */
  readonly maxValues?: number;
}

/** An answer with status 200 whose body passed the schema. */
export interface Answer<Body> {
  readonly body: Body;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What its schema read on without: the poll counts it, a feed need not. */
  readonly drift?: readonly Drift[];
}

/**
 * Asks the account's provider: authenticated, timed, limited in size, within the request budget, one request at a time.
 *
 * @throws {PollError} for anything but a 200 that fits the schema; `status` says which.
 */
export type Ask = <Body>(request: Request<Body>) => Promise<Answer<Body>>;

/** Whether a text can be one segment of a path: `.` and `..`, however escaped, name the path above instead. */
export function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..';
}

/**
 * An id, escaped, as one segment of a path.
 *
 * @throws {RangeError} when no escape makes it one.
 */
export function segment(id: string): string {
  if (!isSegment(id)) throw new RangeError('an id is empty or made of points, which no path can hold');
  return encodeURIComponent(id);
}
