import { z } from 'zod';

/** The account keys that only Venice has. */
export const Config = z.strictObject({
  /** `auto`: usage-history, and the retired usage where a server does not have it. */
  ledgerApi: z.enum(['auto', 'usage-history', 'usage']).default('auto'),
});
export type Config = z.infer<typeof Config>;
