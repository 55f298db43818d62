import { z } from 'zod';
import { Day, Decimal, listOf, Text } from '../../api/schemas.ts';

// https://docs.venice.ai/api-reference/endpoint/billing/usage-analytics

const unread = z.unknown().optional();

/**
 * `GET /billing/usage-analytics`, in beta: sums of charges, positive. `USD` holds what bundled credits paid, and not what
 * earned ones did. The daily lists are charts of the same by display names.
 */
export const Analytics = z.looseObject({
  lookback: unread,
  byDate: listOf(z.looseObject({ date: Day, USD: Decimal, DIEM: Decimal })),
  byModel: listOf(
    z.looseObject({
      modelName: z.string(),
      unitType: unread,
      modelType: unread,
      totalUsd: Decimal,
      totalDiem: Decimal,
      totalUnits: unread,
      breakdown: unread,
    }),
  ),
  byKey: listOf(
    z.looseObject({
      apiKeyId: z.string().nullable(),
      description: Text,
      totalUsd: Decimal,
      totalDiem: Decimal,
      totalUnits: unread,
    }),
  ),
  byModelDaily: unread,
  topModels: unread,
  byKeyDaily: unread,
  topKeyNames: unread,
  // Not documented, but there.
  byModelDailyUsd: unread,
  byKeyDailyUsd: unread,
});
export type Analytics = z.infer<typeof Analytics>;
