import type { Note, Observation, Reconciliation } from '../statement/statement.ts';
import type { Instant } from '../values/time.ts';
import type { FeedRow } from './records.ts';
import type { FeedKey } from './settings.ts';

export interface ObservedPoll {
  /** When it succeeded; undefined where it failed in part. */
  readonly at: Instant | undefined;
  readonly observations: readonly Observation[] | undefined;
  readonly reconciliation: Reconciliation | undefined;
  readonly state: string | undefined;
  readonly notes: readonly Note[] | undefined;
}

/** A feed that has not read anything yet. */
export function emptyFeed({ account, feed }: FeedKey): FeedRow {
  return {
    account,
    feed,
    read: [],
    observations: [],
    notes: [],
    lastSuccess: undefined,
    state: undefined,
    reconciliation: undefined,
  };
}

/** The feed with what a poll learned; the rest stays. */
export function recordPoll(known: FeedRow | undefined, key: FeedKey, poll: ObservedPoll): FeedRow {
  const row = known ?? emptyFeed(key);
  return {
    ...row,
    lastSuccess: poll.at ?? row.lastSuccess,
    state: poll.state ?? row.state,
    observations: poll.observations ?? row.observations,
    reconciliation: poll.reconciliation ?? row.reconciliation,
    notes: poll.notes ?? row.notes,
  };
}

/** The feed without what its polls learned beyond statements; none if there is nothing of the kind. */
export function clearFeed(row: FeedRow | undefined): FeedRow[] {
  if (!row) return [];
  const { state, observations, notes, reconciliation, read, lastSuccess } = row;
  const isCleared =
    state === undefined && reconciliation === undefined && observations.length + notes.length === 0;
  return isCleared ? [] : [{ ...emptyFeed(row), read, lastSuccess }];
}
