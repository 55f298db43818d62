import { DAY, HOUR, type Instant, type Range, startOfDay } from '../../../core/values/time.ts';
import { type DatedRow, readBuckets } from '../../api/bucket-pages.ts';
import type { DriftLog } from '../../api/drift-log.ts';
import { isWithin } from '../../api/plans.ts';
import { sum } from '../../api/readings.ts';
import type { Usage } from './rows.ts';
import { type Figures, MODEL_API } from './schema.ts';
import type { SourcePage, SourceRow } from './source-schema.ts';

/** An endpoint that reports model APIs in more detail than the summary. */
export type Source = 'model_apis' | 'model_api_usage';

/** What a source answered about a range. */
export interface SourceAnswer {
  readonly about: Source;
  readonly asked: Range;
  /** Undefined if it could not be read, although the account may. */
  readonly pages: readonly SourcePage[] | undefined;
}

/** What a source reports instead of the summary. */
export interface SourcePart {
  readonly source: Source;
  /** The days of which the summary no longer counts. */
  readonly range: Range;
  readonly rows: readonly Usage[];
  /** False if the source could not be read: what the ledger has stays. */
  readonly isRead: boolean;
}

/** @throws {PollError} `contract` if buckets are missing, repeated or of unequal length. */
export function readSource(
  { about: source, asked, pages }: SourceAnswer,
  { now, drift }: { readonly now: Instant; readonly drift: DriftLog },
): SourcePart {
  if (!pages) return { source, range: asked, rows: [], isRead: false };
  const [first] = pages.flatMap(({ data }) => data);
  const lengthMs = first ? first.end - first.start : DAY;
  // Hours and days alike are stated by day: no other bucket is a part of one.
  const sizeMs = DAY % lengthMs === 0 ? lengthMs : HOUR;
  const { range, rows } = readBuckets(pages, { range: asked, sizeMs, now, drift });
  const days = Map.groupBy(rows, ({ at, row: { key, model } }) =>
    JSON.stringify([startOfDay(at), key, model]),
  );
  return { source, range, rows: [...days.values()].flatMap(usageOf), isRead: true };
}

/** The rows of a key and model of one day as one: parts of a count, such as cached tokens, are taken off the sum. */
function usageOf(rows: readonly DatedRow<SourceRow>[]): Usage[] {
  const [first] = rows;
  if (!first) return [];
  const { key, model } = first.row;
  const item = { billable_resource: { id: key, model_name: model }, model_name: model };
  const figures = sumFigures(rows.map(({ row }) => row.figures));
  return [{ tier: MODEL_API, date: startOfDay(first.at), item, figures, isStray: false }];
}

/** Without those that no row has: unknown is not zero. */
function sumFigures(rows: readonly Partial<Figures>[]): Partial<Figures> {
  const sums = FIGURES.map((name) => [name, rows.flatMap((figures) => figures[name] ?? [])] as const);
  return Object.fromEntries(sums.flatMap(([name, known]) => (known.length > 0 ? [[name, sum(known)]] : [])));
}

const FIGURES = [
  'subtotal',
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'inference_requests',
] as const satisfies readonly (keyof Figures)[];

/** A row of the summary without what a source reports instead. */
export function withoutTold(row: Usage, parts: readonly SourcePart[]): Usage {
  if (row.tier !== MODEL_API) return row;
  const { subtotal, ...counts } = row.figures;
  const isTold = (which: Source) =>
    parts.some(({ source, range }) => source === which && isWithin(range, row.date));
  const cost = subtotal === undefined || isTold('model_apis') ? {} : { subtotal };
  return { ...row, figures: { ...cost, ...(isTold('model_api_usage') ? {} : counts) } };
}
