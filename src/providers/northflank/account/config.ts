import { z } from 'zod';
import { DAY, HOUR, MINUTE, SECOND } from '../../../core/values/time.ts';
import type { FeedContext } from '../../api/provider.ts';
import { isSegment } from '../../api/request.ts';

const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** A number and `s`, `m`, `h` or `d`. */
const Duration = z
  .string()
  .regex(/^\d{1,6}(\.\d{1,3})?[smhd]$/, 'a duration is a number and s, m, h or d, such as 15m');

/** The account keys that only Northflank has; `dueAfter` in milliseconds. */
export const NorthflankConfig = z.strictObject({
  teamId: z
    .string()
    .refine(isSegment, 'must be the id of a team, which is neither empty nor . or ..')
    .optional()
    .describe('Read only this team.'),
  dueAfter: Duration.default('15m')
    .transform((text) => Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 0))
    .describe('How long after its end an hour is first read.'),
  customerCosts: z
    .boolean()
    .default(true)
    .describe(
      'Count BYOC, egress IPs and load balancers, which are billed to the customer rather than to a team. If several accounts read teams of one customer, keep it `true` in only one of them.',
    ),
});
export type NorthflankConfig = z.infer<typeof NorthflankConfig>;

export type NorthflankContext = FeedContext<NorthflankConfig>;

/** Whose hours are asked for: a team's, or `*`, those of all that the token may read. Both feeds of hours remember who answered. */
export function scopeOf({ teamId }: NorthflankConfig): string {
  return teamId ?? '*';
}
