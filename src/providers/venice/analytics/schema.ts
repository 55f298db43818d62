import { z } from 'zod';
import { Day, Decimal, listOf, Text, unusedFields } from '../../api/schemas.ts';

// https://docs.venice.ai/api-reference/endpoint/billing/usage-analytics

/**
 * `GET /billing/usage-analytics`, in beta: sums of charges, positive. `USD` holds what bundled credits paid, and not what
 * earned ones did. The daily lists are charts of the same by display names.
 */
export const Analytics = z.looseObject({
  byDate: listOf(z.looseObject({ date: Day, USD: Decimal, DIEM: Decimal })),
  byModel: listOf(
    z.looseObject({
      modelName: z.string(),
      totalUsd: Decimal,
      totalDiem: Decimal,
      ...unusedFields('unitType', 'modelType', 'totalUnits', 'breakdown'),
    }),
  ),
  byKey: listOf(
    z.looseObject({
      apiKeyId: z.string().nullable(),
      description: Text,
      totalUsd: Decimal,
      totalDiem: Decimal,
      ...unusedFields('totalUnits'),
    }),
  ),
  ...unusedFields('lookback', 'byModelDaily', 'topModels', 'byKeyDaily', 'topKeyNames'),
  // Not documented, but there.
  ...unusedFields('byModelDailyUsd', 'byKeyDailyUsd'),
});
export type Analytics = z.infer<typeof Analytics>;
