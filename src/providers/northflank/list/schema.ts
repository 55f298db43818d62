import { z } from 'zod';
import { listOf } from '../../api/schemas.ts';
import { HourData, hourOf } from '../hours/schema.ts';

/** An hour of the list says which it is: without that its amounts belong nowhere. */
const Entry = HourData.extend({ timestamp: z.number() }).transform((data) => ({
  ...hourOf(data),
  timestamp: data.timestamp,
}));

/**
 * `GET /v1/billing/usage`, newest hour first, in either contract.
 * https://northflank.com/docs/v1/api/team/billing/list-usage and https://northflank.com/docs/v1/api/billing-api
 */
export const UsageList = z
  .object({
    data: z.object({ usage: listOf(Entry) }),
    pagination: z
      .object({ hasNextPage: z.boolean().nullish(), cursor: z.union([z.string(), z.number()]).nullish() })
      .nullish(),
  })
  .transform(({ data, pagination }) => ({
    hours: data.usage,
    contract: data.usage.map(({ contract }) => contract).find((contract) => contract !== 'unknown'),
    hasNextPage: pagination?.hasNextPage ?? false,
    cursor: pagination?.cursor?.toString(),
  }));
export type UsageList = z.infer<typeof UsageList>;
