import { z } from 'zod';
import { segment } from '../../api/request.ts';
import type { NorthflankConfig } from './config.ts';

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
