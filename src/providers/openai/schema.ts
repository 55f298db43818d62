import { z } from 'zod';
import type { Fixed } from '../../core/values/money.ts';
import { type Instant, SECOND } from '../../core/values/time.ts';
import { type BucketPage, bucketPage, type ReportBucket } from '../api/bucket-pages.ts';
import { Count, Decimal, lenient, listOf, Text, unusedFields } from '../api/schemas.ts';

// https://developers.openai.com/api/reference/resources/admin/subresources/organization/subresources/usage

/** Unix seconds; the year 5138 is the last that is read. */
const UnixSeconds = z
  .int()
  .min(0)
  .max(1e11)
  .transform((seconds): Instant => seconds * SECOND);

/** The wire has `results`, as all examples do; `result` is what the specification calls it. */
function pageOf<Row>(row: z.ZodType<Row>): z.ZodType<BucketPage<Row>> {
  const bucket = z
    .looseObject({
      start_time: UnixSeconds,
      end_time: UnixSeconds,
      results: listOf(row).optional(),
      result: listOf(row).optional(),
      ...unusedFields('object'),
    })
    .transform(({ start_time, end_time, results, result }, context): ReportBucket<Row> => {
      const rows = results ?? result;
      if (rows) return { start: start_time, end: end_time, rows };
      context.issues.push({ code: 'custom', path: ['results'], message: 'is missing', input: rows });
      return z.NEVER;
    });
  return bucketPage(bucket);
}

/** Lower case in the documentation. What is in any other currency would be shown as dollars. */
const DollarCode = z.string().refine((code) => code.toLowerCase() === 'usd', 'is not usd');

/** Money is a number in the documentation and decimal text on the wire. Credits are negative. */
const CostRow = z.looseObject({
  amount: z.looseObject({ value: Decimal, currency: DollarCode }),
  line_item: Text,
  project_id: Text,
  ...unusedFields('object', 'api_key_id', 'quantity'),
});
export type OpenAiCostRow = z.infer<typeof CostRow>;

/** `GET /organization/costs`. */
export const Costs = pageOf(CostRow);

/** What the ledger takes of a row of usage. */
export interface OpenAiUsageRow {
  readonly project_id?: string | null | undefined;
  readonly model?: string | null | undefined;
  readonly num_model_requests?: Fixed | undefined;
  /** With those that were read from the cache or written to it. */
  readonly input_tokens?: Fixed | undefined;
  readonly input_cached_tokens?: Fixed | null | undefined;
  readonly input_cache_write_tokens?: Fixed | null | undefined;
  readonly output_tokens?: Fixed | undefined;
}

const GROUPS = { project_id: Text, model: Text, ...unusedFields('object', 'user_id', 'api_key_id') };
const Requests = z.looseObject({ ...GROUPS, num_model_requests: lenient(Count) });
/** Parts of the tokens by modality, which those totals hold. */
const MODALITIES = ['audio', 'text', 'image'].flatMap((name) => [
  `input_${name}_tokens`,
  `input_cached_${name}_tokens`,
  `output_${name}_tokens`,
]);

const Completions = Requests.extend({
  input_tokens: lenient(Count),
  output_tokens: lenient(Count),
  input_cached_tokens: lenient(Count.nullish()),
  input_cache_write_tokens: lenient(Count.nullish()),
  ...unusedFields('input_uncached_tokens', 'batch', 'service_tier', ...MODALITIES),
});

const Embeddings = Requests.extend({ input_tokens: lenient(Count) });

/** Rows of which only the requests count: images, seconds and characters are no tokens, and moderations are free. */
function requestsOf(...unused: readonly string[]) {
  return pageOf<OpenAiUsageRow>(Requests.extend(unusedFields(...unused)).transform(groupsOf));
}

/** Without whatever else a row may have. */
function groupsOf({ project_id, model, num_model_requests }: OpenAiUsageRow): OpenAiUsageRow {
  return { project_id, model, num_model_requests };
}

/** The kinds of usage: `GET /organization/usage/<kind>`. */
export const USAGE: readonly {
  readonly kind: string;
  readonly schema: z.ZodType<BucketPage<OpenAiUsageRow>>;
}[] = [
  { kind: 'completions', schema: pageOf(Completions) },
  {
    kind: 'embeddings',
    schema: pageOf(Embeddings.transform(({ input_tokens, ...row }) => ({ ...groupsOf(row), input_tokens }))),
  },
  { kind: 'images', schema: requestsOf('images', 'size', 'source') },
  { kind: 'audio_speeches', schema: requestsOf('characters') },
  { kind: 'audio_transcriptions', schema: requestsOf('seconds') },
  { kind: 'moderations', schema: requestsOf('input_tokens') },
];
