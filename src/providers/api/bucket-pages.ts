import { z } from 'zod';
import { bucketsIn, floorTo, type Instant, type Range } from '../../core/values/time.ts';
import { cursorPages } from './cursor-pages.ts';
import type { DriftLog } from './drift-log.ts';
import { adviseOnRefusal, PollError } from './errors.ts';
import { isWithin } from './plans.ts';
import type { Ask, Request } from './request.ts';
import { listOf, unusedFields } from './schemas.ts';

/** A bucket of a report, with its rows. */
export interface ReportBucket<Row> extends Range {
  readonly rows: readonly Row[];
}

/** A page of a report in buckets. */
export interface BucketPage<Row> {
  readonly data: readonly ReportBucket<Row>[];
  readonly has_more: boolean;
  readonly next_page?: string | null | undefined;
}

/** The schema of such a page. */
export function bucketPage<Row>(bucket: z.ZodType<ReportBucket<Row>>): z.ZodType<BucketPage<Row>> {
  return z
    .looseObject({
      data: listOf(bucket),
      has_more: z.boolean(),
      next_page: z.string().nullish(),
      ...unusedFields('object'),
    })
    .refine(({ has_more, next_page }) => !has_more || next_page, {
      path: ['next_page'],
      error: 'is missing although there are more buckets',
    });
}

/** A week of hours in which 200 groups of rows, each of twenty fields, were used. */
const MAX_VALUES = 800_000;

/**
 * Walks the pages of a report.
 *
 * @param needed the key that the endpoint takes.
 */
export function askBucketPages<Row>(
  ask: Ask,
  request: Request<BucketPage<Row>>,
  needed: string,
): AsyncGenerator<BucketPage<Row>> {
  return cursorPages(
    request.path,
    async (page) => {
      const query = { ...request.query, ...(page !== undefined && { page }) };
      return (await adviseOnRefusal(ask({ maxValues: MAX_VALUES, ...request, query }), needed)).body;
    },
    ({ has_more, next_page }) => (has_more ? next_page : undefined),
  );
}

interface BucketsOptions {
  readonly range: Range;
  readonly sizeMs: number;
  readonly now: Instant;
  readonly drift: DriftLog;
}

/** A row and the start of its bucket. */
export interface DatedRow<Row> {
  readonly at: Instant;
  readonly row: Row;
}

/**
 * The rows of all pages of a report, and the range that they are about: it ends with the last bucket that is listed, because what lies
 * behind it is unknown. A report that lists no bucket at all says that those that have ended are empty.
 *
 * @throws {PollError} `contract` if a bucket within is missing, is listed twice or has another length.
 */
export function readBuckets<Row>(
  pages: readonly BucketPage<Row>[],
  { range, sizeMs, now, drift }: BucketsOptions,
): { readonly range: Range; readonly rows: readonly DatedRow<Row>[] } {
  const found = new Map<Instant, readonly Row[]>();
  for (const { start, end, rows } of pages.flatMap(({ data }) => data)) {
    if (end - start !== sizeMs || floorTo(sizeMs, start) !== start) throw fault('has another length', start);
    if (found.has(start)) throw fault('is listed twice', start);
    if (isWithin(range, start)) found.set(start, rows);
    else drift.add('stray_row', iso(start));
  }
  const last = found.size > 0 ? Math.max(...found.keys()) + sizeMs : floorTo(sizeMs, now);
  const told = { start: range.start, end: Math.min(range.end, last) };
  const missing = bucketsIn(sizeMs, told).find((start) => found.size > 0 && !found.has(start));
  if (missing !== undefined) throw fault('is missing', missing);
  const rows = [...found].flatMap(([at, all]) => all.map((row) => ({ at, row })));
  return { range: told, rows };
}

function fault(what: string, start: Instant): PollError {
  return new PollError('contract', `the bucket of ${iso(start)} ${what}`, { status: 200 });
}

function iso(at: Instant): string {
  return new Date(at).toISOString();
}
