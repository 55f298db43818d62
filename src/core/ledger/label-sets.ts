import type { Commit, SeriesRow, StreamRow } from './records.ts';
import type { LedgerState } from './state.ts';

/** The accounts, streams, series and resources of a ledger, without anything that was counted. */
export type LabelSets = Required<
  Pick<Commit, 'accounts' | 'streams' | 'series' | 'resources' | 'overflowed'>
>;

/** What another ledger needs to give the same charges the same series, with the same ids. */
export function labelSetsOf(state: LedgerState): LabelSets {
  const streams = [...state.streams.values()];
  return {
    accounts: [...state.accounts.values()],
    streams: streams.map(unread),
    series: [...state.series.values()].map(uncounted),
    resources: [...state.resources()],
    overflowed: streams.flatMap(({ id }) =>
      [...state.overflowed(id)].map((digest) => ({ stream: id, digest })),
    ),
  };
}

/** A stream that was never read, and of which nothing is closed. */
function unread(stream: StreamRow): StreamRow {
  return { ...stream, baseline: undefined, closedBefore: 0, closedIn: 0, archivedFrom: undefined };
}

function uncounted(row: SeriesRow): SeriesRow {
  return { ...row, total: 0n, corrections: 0n, hold: undefined, rolled: 0n };
}
