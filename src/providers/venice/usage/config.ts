import { z } from 'zod';

/** The account keys that only Venice has. */
export const VeniceConfig = z.strictObject({
  ledgerApi: z
    .enum(['auto', 'usage-history', 'usage'])
    .default('auto')
    .describe(
      'The endpoint to read: `usage-history`, the retired `usage`, or `auto`, which falls back to `usage` on servers without `usage-history`.',
    ),
});
export type VeniceConfig = z.infer<typeof VeniceConfig>;
