import { z } from 'zod';
import { type BucketPage, bucketPage, type ReportBucket } from '../api/bucket-pages.ts';
import { Timestamp } from '../api/instants.ts';
import { Count, decimal, lenient, listOf, Text, unusedFields } from '../api/schemas.ts';

// https://platform.claude.com/docs/en/api/admin/cost_report
// https://platform.claude.com/docs/en/api/admin/usage_report

function pageOf<Row>(row: z.ZodType<Row>): z.ZodType<BucketPage<Row>> {
  const bucket = z
    .looseObject({ starting_at: Timestamp, ending_at: Timestamp, results: listOf(row) })
    .transform(
      ({ starting_at, ending_at, results }): ReportBucket<Row> => ({
        start: starting_at,
        end: ending_at,
        rows: results,
      }),
    );
  return bucketPage(bucket);
}

/** What is in any other currency would be shown as dollars: "currently always USD". */
const DollarCode = z.string().refine((code) => code.toUpperCase() === 'USD', 'is not USD');

/** Dollars, from decimal text in cents: "123.45" is $1.2345. Shifted as text, so that nothing is rounded but beyond the twelfth digit. */
const Cents = decimal(-2);

const CostRow = z.looseObject({
  amount: Cents,
  currency: DollarCode,
  workspace_id: Text,
  model: Text,
  service_tier: Text,
  cost_type: Text,
  ...unusedFields('description', 'token_type', 'context_window', 'inference_geo'),
});
export type AnthropicCostRow = z.infer<typeof CostRow>;

/** `GET /organizations/cost_report`. */
export const CostReport = pageOf(CostRow);

const Tokens = lenient(Count.nullish());
const UsageRow = z.looseObject({
  uncached_input_tokens: Tokens,
  cache_read_input_tokens: Tokens,
  /** By how long the cache keeps what is written. */
  cache_creation: lenient(
    z.looseObject({ ephemeral_5m_input_tokens: Tokens, ephemeral_1h_input_tokens: Tokens }).nullish(),
  ),
  output_tokens: Tokens,
  workspace_id: Text,
  model: Text,
  service_tier: Text,
  ...unusedFields('api_key_id', 'context_window', 'inference_geo', 'speed'),
  ...unusedFields('account_id', 'service_account_id', 'server_tool_use'),
});
export type AnthropicUsageRow = z.infer<typeof UsageRow>;

/** `GET /organizations/usage_report/messages`. */
export const UsageReport = pageOf(UsageRow);
