import { floorTo, type Instant, type Range } from '../../../src/core/values/time.ts';

/** A report in buckets, as it is asked for. */
export interface ReportQuestion {
  readonly range: Range;
  readonly sizeMs: number;
  /** Buckets of a page. */
  readonly limit: number;
  /** The `page` of the question; null on the first one. */
  readonly page: string | null;
}

export interface ReportPage<Written> {
  readonly buckets: Written[];
  readonly next: string | null;
}

/** The buckets of one page, and the name of the next; undefined for a page that was never named. */
export function reportPage<Written>(
  { range, sizeMs, limit, page }: ReportQuestion,
  write: (bucket: Range) => Written,
): ReportPage<Written> | undefined {
  const start = page === null ? floorTo(sizeMs, range.start) : startOf(page);
  if (start === undefined) return undefined;
  const buckets: Written[] = [];
  let at = start;
  for (; at < range.end && buckets.length < limit; at += sizeMs)
    buckets.push(write({ start: at, end: at + sizeMs }));
  return { buckets, next: at < range.end ? nameOf(at) : null };
}

function nameOf(at: Instant): string {
  return `page_${Buffer.from(new Date(at).toISOString()).toString('base64')}`;
}

function startOf(page: string): Instant | undefined {
  const at = Date.parse(Buffer.from(page.replace(/^page_/, ''), 'base64').toString());
  return Number.isNaN(at) ? undefined : at;
}

/** A whole number from 1 to `max`; `fallback` where none is given, undefined for anything else. */
export function limitOf(given: string | null, fallback: number, max: number): number | undefined {
  if (given === null) return fallback;
  const limit = Number(given);
  return Number.isInteger(limit) && limit >= 1 && limit <= max ? limit : undefined;
}
