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
  const unknown = { lastSuccess: undefined, state: undefined, reconciliation: undefined };
  return { account, feed, read: [], observations: [], notes: [], ...unknown };
}

/** The feed with what a poll learned; what it did not say stays. */
export function recordPoll(row: FeedRow, poll: ObservedPoll): FeedRow {
  return {
    ...row,
    lastSuccess: poll.at ?? row.lastSuccess,
    state: poll.state ?? row.state,
    observations: poll.observations ?? row.observations,
    reconciliation: poll.reconciliation ?? row.reconciliation,
    notes: poll.notes ?? row.notes,
  };
}

/** The feed without what its polls learned beyond statements. */
export function clearFeedRecord(row: FeedRow): FeedRow {
  return { ...emptyFeed(row), read: row.read, lastSuccess: row.lastSuccess };
}

export function isFeedRecordEmpty({ state, observations, notes, reconciliation }: FeedRow): boolean {
  return state === undefined && reconciliation === undefined && observations.length + notes.length === 0;
}
