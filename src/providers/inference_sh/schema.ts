import { z } from 'zod';
import { fromInteger, type Usd } from '../../core/values/money.ts';
import { Timestamp } from '../api/instants.ts';
import { Count, Decimal, Integer, lenient, listOf, mapOf, Text, unusedFields } from '../api/schemas.ts';

// https://inference.sh/docs/api/rest/usage

/** Dollars, from an int64 of microcents: a fraction is of another unit. */
const Microcents = Integer.transform((microcents): Usd => fromInteger(microcents, -8));

/** One bucket: spend by app path (`namespace/name`). */
const Point = z.looseObject({ date: Timestamp, per_app: mapOf(Microcents).nullish() });

/** `GET /usage/breakdown`: money and the window are required. A list that holds nothing may come as null. */
export const Breakdown = z
  .looseObject({
    timeseries: listOf(Point).nullish(),
    total_cost: Microcents,
    period_start: Timestamp,
    period_end: Timestamp,
    /** Per cent against the previous period. */
    trend_percent: lenient(Decimal.nullish()),
    /** {@link TopApp}, each to be read by itself. */
    per_model: z.unknown().optional(),
    // The names of all apps in the series, which the series has, too.
    ...unusedFields('models'),
  })
  .refine(({ period_start, period_end }) => period_start < period_end, {
    path: ['period_end'],
    error: 'not after period_start',
  })
  .refine(
    ({ timeseries, total_cost }) => total_cost === 0n || timeseries?.some(({ per_app }) => per_app?.size),
    {
      path: ['timeseries'],
      error: 'holds nothing of the total cost',
    },
  );
export type Breakdown = z.infer<typeof Breakdown>;

/** One of the top apps of a breakdown's window. Its cost is in the timeseries, too. */
export const TopApp = z.looseObject({
  app_endpoint: z.string().min(1),
  call_count: Count.nullish(),
  ...unusedFields('cost'),
});

/** Seconds by name. */
const Seconds = lenient(mapOf(lenient(Decimal)).nullish());
const SUMMARY = {
  tier_usage: Seconds,
  type_usage: Seconds,
  model_usage: Seconds,
  total_usage: lenient(Decimal),
};

/** `GET /usage/summary`: one total of seconds, cut three ways. The total itself is not used. */
export const Summary = z
  .looseObject(SUMMARY)
  .refine((body) => Object.keys(SUMMARY).some((field) => Object.hasOwn(body, field)), {
    error: 'holds none of the documented fields',
  });
export type Summary = z.infer<typeof Summary>;

/** One part of an evaluated price. Without an error there is a value. */
const Fee = z
  .looseObject({ value: Microcents.nullish(), error: Text })
  .refine(({ value, error }) => error || (value !== undefined && value !== null), {
    path: ['value'],
    error: 'neither a value nor an error',
  });

/** `POST /usage/cel/evaluate`. The total is required; a fee that is absent is not known. */
export const Evaluation = z.looseObject({
  resource_fee: Fee.nullish(),
  inference_fee: Fee.nullish(),
  royalty_fee: Fee.nullish(),
  partner_fee: Fee.nullish(),
  total: Fee,
  description: lenient(z.looseObject({ value: Text, error: Text }).nullish()),
});
export type Evaluation = z.infer<typeof Evaluation>;

// https://inference.sh/docs/api/rest/billing

/** `GET /billing/balance`. */
export const Balance = z.looseObject({ balance: Microcents.nullable() });
export type Balance = z.infer<typeof Balance>;

/** `GET /billing`: the cached balance and its currency, in upper case. */
export const Billing = z.looseObject({
  balance: Microcents.nullable(),
  currency: z
    .string()
    .regex(/^([A-Za-z]\w{0,31})?$/)
    .transform((name) => name.toUpperCase())
    .nullish(),
  ...unusedFields('status'),
});
export type Billing = z.infer<typeof Billing>;
