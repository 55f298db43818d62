import { z } from 'zod';

/** The account keys that only Venice has. */
export const VeniceConfig = z.strictObject({
  ledgerApi: z
    .enum(['auto', 'usage-history', 'usage'])
    .default('auto')
    .describe(
      'Which endpoint is read: `usage-history`, the retired `usage`, or `auto`: the first, and the second on servers that lack it.',
    ),
});
export type VeniceConfig = z.infer<typeof VeniceConfig>;
