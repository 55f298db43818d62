import { z } from 'zod';
import { DURATION, DURATION_FORM, parseDuration } from '../../../core/values/duration.ts';
import type { FeedContext } from '../../api/provider.ts';
import { isSegment, segment } from '../../api/request.ts';

/** The account keys that only Northflank has; `dueAfter` in milliseconds. */
export const NorthflankConfig = z.strictObject({
  teamId: z
    .string()
    .refine(isSegment, 'must be the id of a team, which is neither empty nor . or ..')
    .optional()
    .describe('Read only this team.'),
  dueAfter: z
    .string()
    .regex(DURATION, `must be ${DURATION_FORM}`)
    .default('15m')
    .transform((text) => parseDuration(text) ?? 0)
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

/** A path below `/billing`, in the team form where the account names a team. */
export function billingPath({ teamId }: NorthflankConfig, below: string): string {
  const scope = teamId === undefined ? '' : `/teams/${segment(teamId)}`;
  return `${scope}/billing/${below}`;
}

/** How a list goes on. */
export const Pagination = z
  .object({ hasNextPage: z.boolean().nullish(), cursor: z.union([z.string(), z.number()]).nullish() })
  .nullish()
  .transform((page) => ({ hasNextPage: page?.hasNextPage ?? false, cursor: page?.cursor?.toString() }));
