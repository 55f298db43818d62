import { z } from 'zod';
import { type Instant, startOfDay } from '../../core/values/time.ts';
import { Timestamp } from '../api/instants.ts';
import { Count, Decimal, lenient, listOf, OtherMoney, Text, unusedFields } from '../api/schemas.ts';

// https://openrouter.ai/docs/api/api-reference/analytics/get-user-activity-grouped-by-endpoint

/** `2026-07-01` in the documentation, `2026-07-01 00:00:00` on the wire. */
const ActivityDay = Timestamp.refine((at: Instant) => startOfDay(at) === at, 'not a midnight');

const ActivityRow = z.looseObject({
  date: ActivityDay,
  /** Dollars of OpenRouter's credits. */
  usage: Decimal,
  /** Dollars that the model's provider bills for requests with the user's own key: no credits of OpenRouter. */
  byok_usage_inference: OtherMoney,
  model: Text,
  provider_name: Text,
  requests: lenient(Count),
  prompt_tokens: lenient(Count),
  /** With those of reasoning. */
  completion_tokens: lenient(Count),
  ...unusedFields('model_permaslug', 'endpoint_id', 'reasoning_tokens', 'workspace_id'),
});
export type OpenRouterActivity = z.infer<typeof ActivityRow>;

/** `GET /activity`. */
export const Activity = z.looseObject({ data: listOf(ActivityRow) });
export type Activity = z.infer<typeof Activity>;

/** `GET /credits`: dollars that are left of those that were ever bought. */
export const Credits = z
  .looseObject({ data: z.looseObject({ total_credits: Decimal, total_usage: Decimal }) })
  .transform(({ data }) => data.total_credits - data.total_usage);

const amount = lenient(Decimal.nullable());

const ApiKey = z.looseObject({
  hash: lenient(z.string().min(1)),
  /** Null without a limit. */
  limit: amount,
  limit_remaining: amount,
  usage: lenient(Decimal),
  expires_at: lenient(Timestamp.nullish()),
  ...unusedFields('name', 'label', 'disabled', 'limit_reset', 'include_byok_in_limit'),
  ...unusedFields('usage_daily', 'usage_weekly', 'usage_monthly'),
  ...unusedFields('byok_usage', 'byok_usage_daily', 'byok_usage_weekly', 'byok_usage_monthly'),
  ...unusedFields('created_at', 'updated_at', 'creator_user_id', 'workspace_id'),
});
export type OpenRouterKey = z.infer<typeof ApiKey>;

/** `GET /keys`: a page of them. */
export const ApiKeys = z.looseObject({ data: listOf(ApiKey) });
