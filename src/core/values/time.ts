/** Instants are milliseconds since the Unix epoch. Every boundary is UTC. */
export type Instant = number;

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A clock that shows an earlier time has not been set yet. */
export const FIRST_INSTANT: Instant = Date.UTC(2020, 0);

/** A half-open interval `[start, end)`. */
export interface Range {
  readonly start: Instant;
  readonly end: Instant;
}

/** Below this a number of seconds is a delay; from it on a Unix time, for it would be a delay of 31 years. */
const FIRST_UNIX_SECONDS = 1e9;
/** From this on a Unix time is in milliseconds, for in seconds it would be the year 33658. */
const FIRST_UNIX_MILLISECONDS = 1e12;

/**
 * The instant that a server means by a number, whatever the unit: seconds from `now`, or Unix seconds or milliseconds. Servers mix them up:
 * a Unix time in `Retry-After`, a reset in milliseconds where seconds are documented.
 */
export function instantOf(value: number, now: Instant): Instant {
  if (value >= FIRST_UNIX_MILLISECONDS) return value;
  return value >= FIRST_UNIX_SECONDS ? value * SECOND : now + Math.ceil(value * SECOND);
}

/** What a Retry-After names, in seconds or as an HTTP date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function parseRetryAfter(value: string | undefined, now: Instant): Instant | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return instantOf(Number(text), now);
  const at = / \d\d:\d\d:\d\d /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** The size of the buckets that a reading is made of, finest first. */
export const GRANULARITIES = ['minute', 'hour', 'day'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

/** What a stream is read at: at least one, finest first. */
export type Granularities = readonly [Granularity, ...Granularity[]];

const SIZES: Record<Granularity, number> = { minute: MINUTE, hour: HOUR, day: DAY };

/** The length of a bucket in milliseconds. */
export function sizeOf(granularity: Granularity): number {
  return SIZES[granularity];
}

/** The last, which is the largest. */
export function coarsestOf(granularities: Granularities): Granularity {
  return granularities.at(-1) ?? granularities[0];
}

/** The start of the bucket of `sizeMs` milliseconds that contains `at`. */
export function floorTo(sizeMs: number, at: Instant): Instant {
  return Math.floor(at / sizeMs) * sizeMs;
}

/** The first bucket boundary at or after `at`. */
export function ceilTo(sizeMs: number, at: Instant): Instant {
  return Math.ceil(at / sizeMs) * sizeMs;
}

/** The starts of buckets of `sizeMs` milliseconds from the start of a range to its end, oldest first. */
export function bucketsIn(sizeMs: number, { start, end }: Range): Instant[] {
  const count = Math.max(0, Math.ceil((end - start) / sizeMs));
  return Array.from({ length: count }, (_, index) => start + index * sizeMs);
}

/** The first instant of the UTC month that lies `offset` months from the one that contains `at`. */
export function startOfMonth(at: Instant, offset = 0): Instant {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1);
}

/** The first instant of the UTC day that contains `at`. */
export function startOfDay(at: Instant): Instant {
  return floorTo(DAY, at);
}

/** The part that both ranges share; undefined if they do not overlap. */
export function intersection(a: Range, b: Range): Range | undefined {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.end, b.end);
  return start < end ? { start, end } : undefined;
}

/** `2026-11-22` of an instant. */
export function isoDay(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}
