import { segment } from '../../api/request.ts';
import type { NorthflankConfig } from './config.ts';

/** A path below `/billing`, in the team form where the account names a team. */
export function billingPath({ teamId }: NorthflankConfig, below: string): string {
  const scope = teamId === undefined ? '' : `/teams/${segment(teamId)}`;
  return `${scope}/billing/${below}`;
}
