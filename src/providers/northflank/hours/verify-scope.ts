import { PollError } from '../../api/errors.ts';
import type { NorthflankConfig, NorthflankContext } from '../account/config.ts';

/** What tells whether this account was ever answered. */
export type History = Pick<NorthflankContext, 'config' | 'coverage' | 'state'>;

/** Whose hours are asked for: a team's, or `*`, those of all that the token may read. Both feeds remember who answered. */
export function scopeOf({ teamId }: NorthflankConfig): string {
  return teamId ?? '*';
}

/**
 * A 404 is an hour without use only for whom Northflank answered before: a wrong `teamId` looks the same, and unknown
 * cost is not zero.
 *
 * A feed remembers the scope that was answered. One without such a memory goes by what the other feed read: a reading exists only
 * if some hour was answered.
 *
 * @throws {PollError} `contract` while no hour of this scope was answered.
 */
export function verifyScope({ config, coverage, state }: History): void {
  const isKnown = state === undefined ? coverage.latest() !== undefined : state === scopeOf(config);
  if (isKnown) return;
  const cause = config.teamId === undefined ? WRONG_TOKEN : WRONG_TEAM;
  // Without the status, which is a refusal's: an older hour may well be answered.
  throw new PollError('contract', `the hour was not found (404) and none was answered before: ${cause}`);
}

const WRONG_TEAM = 'the teamId is likely to be wrong';
const WRONG_TOKEN = 'the token or the baseUrl may be the wrong one, unless nothing was ever used';
