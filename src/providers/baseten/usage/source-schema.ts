import { z } from 'zod';
import { DAY } from '../../../core/values/time.ts';
import type { BucketPage, ReportBucket } from '../../api/bucket-pages.ts';
import { Timestamp } from '../../api/instants.ts';
import { Count, Day, lenient, listOf, readDecimal, Text, unusedFields } from '../../api/schemas.ts';
import type { Figures } from './schema.ts';

// https://docs.baseten.co/reference/management-api/billing/gets-model-apis-costs
// https://docs.baseten.co/reference/management-api/model-apis/gets-model-apis-token-usage

/** What a key used of a model in a bucket: its cost, or its tokens and requests. */
export interface SourceRow {
  /** Prefixes of the API key, joined by commas; empty where the provider knows none. */
  readonly key: string;
  readonly model: string;
  readonly figures: Partial<Figures>;
}

export type SourcePage = BucketPage<SourceRow>;

function pageOf(bucket: z.ZodType<ReportBucket<SourceRow>>): z.ZodType<SourcePage> {
  const pagination = z
    .looseObject({ has_more: z.boolean(), cursor: z.string().nullish() })
    .refine(({ has_more, cursor }) => !has_more || cursor, {
      path: ['cursor'],
      error: 'is missing although there are more buckets',
    });
  return z
    .looseObject({ items: listOf(bucket), pagination })
    .transform(({ items, pagination: { has_more, cursor } }) => ({
      data: items,
      has_more,
      next_page: cursor,
    }));
}

const GROUPS = { model: Text, ...unusedFields('user_id', 'service_tier') };

const CostRow = z
  .looseObject({
    ...GROUPS,
    api_key_prefixes: lenient(listOf(z.string()).nullish()),
    // Documented as text: a number may well be in another unit.
    subtotal: z.string().transform(readDecimal),
  })
  .transform(({ api_key_prefixes, model, subtotal }): SourceRow => {
    return { key: (api_key_prefixes ?? []).toSorted().join(','), model: model ?? '', figures: { subtotal } };
  });

/** `GET /v1/billing/model_apis`: US dollars by UTC day. */
export const ModelApiCosts = pageOf(
  z.looseObject({ date: Day, results: listOf(CostRow) }).transform(({ date, results }) => {
    return { start: date, end: date + DAY, rows: results };
  }),
);

const UsageRow = z
  .looseObject({
    ...GROUPS,
    api_key_prefix: Text,
    input_tokens: lenient(Count),
    cached_input_tokens: lenient(Count),
    output_tokens: lenient(Count),
    request_count: lenient(Count),
    ...unusedFields('uncached_input_tokens'),
  })
  .transform(({ api_key_prefix, model, request_count, ...counts }): SourceRow => {
    const { input_tokens, cached_input_tokens, output_tokens } = counts;
    const figures = { input_tokens, cached_input_tokens, output_tokens, inference_requests: request_count };
    return { key: api_key_prefix ?? '', model: model ?? '', figures };
  });

/** `GET /v1/model_apis/usage`: tokens and requests by hour or day. */
export const ModelApiUsage = pageOf(
  z
    .looseObject({ start_time: Timestamp, end_time: Timestamp, results: listOf(UsageRow) })
    .transform(({ start_time, end_time, results }) => {
      return { start: start_time, end: end_time, rows: results };
    }),
);
