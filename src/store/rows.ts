import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { ReadingsRow, StoredLedger } from '../core/ledger/records.ts';
import { readingsKey } from '../core/ledger/state.ts';
import { isObservationKey, type ObservationKey } from '../core/statement/observation-metrics.ts';
import type { Observation } from '../core/statement/statement.ts';
import { GRANULARITIES } from '../core/values/time.ts';
import { resourceRows, seriesRows } from './bulk-load.ts';
import type { ReadRows } from './seals.ts';

/** Schemas of the database's rows: a row that does not fit is a damaged file. */

const Amount = z.string().transform((text) => BigInt(text));
const Maybe = z
  .number()
  .nullable()
  .transform((value) => value ?? undefined);
/** Its words in the file are older than those of the program. */
const Side = z.enum(['newest', 'oldest']).transform((side) => (side === 'newest' ? 'current' : 'baseline'));
const GranularityName = z.enum(GRANULARITIES);

const Account = z.object({
  id: z.number(),
  provider: z.string(),
  name: z.string(),
  overflowCount: z.number(),
  openedAt: z.number(),
  zeroShown: z.number().transform((value) => value === 1),
});
const ACCOUNTS = `SELECT id, provider, name, folded AS overflowCount, opened_at AS openedAt, zero_shown AS zeroShown
  FROM accounts`;

const Stream = z.object({
  id: z.number(),
  account: z.number(),
  name: z.string(),
  baseline: Maybe,
  closedBefore: z.number(),
  closedIn: z.number(),
  archivedFrom: Maybe,
});
const STREAMS = `SELECT id, account, name, closed_before AS closedBefore, closed_in AS closedIn, baseline,
  archived_from AS archivedFrom FROM streams`;

const Reading = z.object({
  stream: z.number(),
  granularity: GranularityName,
  side: Side,
  start: z.number(),
  end: z.number(),
  asOf: z.number(),
});
const READINGS = `SELECT stream, granularity, side, start, end, as_of AS asOf FROM readings
  ORDER BY stream, granularity, side, start`;

const Omission = z
  .object({
    stream: z.number(),
    granularity: GranularityName,
    tier: z.string(),
    start: z.number(),
    end: z.number(),
    since: z.number(),
  })
  .transform(({ start, end, ...row }) => ({ ...row, range: { start, end } }));

const StoredObservation = z
  .object({
    metric: z.custom<ObservationKey>((key) => typeof key === 'string' && isObservationKey(key)),
    labels: z.record(z.string(), z.string()),
    value: Amount,
    at: z.number().optional(),
    until: z.number().optional(),
  })
  .transform(
    ({ at, until, ...row }): Observation => ({
      ...row,
      ...(at !== undefined && { at }),
      ...(until !== undefined && { until }),
    }),
  );

/** None for a metric of another version. */
const KnownObservation = z.union([
  StoredObservation.transform((observation) => [observation]),
  z.looseObject({ metric: z.string().refine((key) => !isObservationKey(key)) }).transform(() => []),
]);

const StoredNote = z.object({ topic: z.string(), text: z.string(), isWarning: z.boolean() });

const StoredRange = z.object({ start: z.number(), end: z.number() });

const Feed = z
  .object({
    account: z.number(),
    feed: z.string(),
    ranges: z.string(),
    last_success: Maybe,
    memo: z.string().nullable(),
    observations: z.string(),
    reconciliation: Amount.nullable(),
    against: z.string().nullable(),
    notes: z.string(),
  })
  .transform((row) => ({
    account: row.account,
    feed: row.feed,
    read: z.array(StoredRange).parse(JSON.parse(row.ranges)),
    lastSuccess: row.last_success,
    state: row.memo ?? undefined,
    observations: z.array(KnownObservation).parse(JSON.parse(row.observations)).flat(),
    notes: z.array(StoredNote).parse(JSON.parse(row.notes)),
    reconciliation:
      row.reconciliation === null
        ? undefined
        : { difference: row.reconciliation, against: row.against ?? '' },
  }));

const Hour = z.object({ stream: z.number(), hour: z.number(), currency: z.string(), value: Amount });

const Overflowed = z.object({ stream: z.number(), digest: z.number() });

const Requests = z.object({ account: z.number(), state: z.string() });

const Days = z.object({ stream: z.number(), start: z.number(), end: z.number() });

/** Everything that is kept in memory. */
export function readAll(database: DatabaseSync, read?: ReadRows): StoredLedger {
  const all = <T>(schema: z.ZodType<T>, sql: string): T[] =>
    database
      .prepare(sql)
      .all()
      .map((row) => schema.parse(row));
  const compacted = all(Days, 'SELECT * FROM compacted ORDER BY stream, start');
  return {
    accounts: all(Account, ACCOUNTS),
    streams: all(Stream, STREAMS),
    series: seriesRows(database, read?.get('series')),
    resources: resourceRows(database, read?.get('resources')),
    overflowed: all(Overflowed, 'SELECT * FROM folded'),
    readings: readingsOf(all(Reading, READINGS)),
    feeds: all(Feed, 'SELECT * FROM feeds'),
    hourlyTotals: all(Hour, 'SELECT * FROM hours'),
    requests: all(Requests, 'SELECT * FROM requests'),
    omissions: all(Omission, 'SELECT * FROM silences'),
    compacted: [...Map.groupBy(compacted, ({ stream }) => stream)].map(([stream, days]) => ({
      stream,
      days: days.map(({ start, end }) => ({ start, end })),
    })),
  };
}

function readingsOf(rows: readonly z.infer<typeof Reading>[]): ReadingsRow[] {
  const grouped = Map.groupBy(rows, (row) => readingsKey(row.stream, row.granularity, row.side));
  return [...grouped.values()].flatMap((same) => {
    const intervals = same.map(({ start, end, asOf }) => ({ start, end, asOf }));
    return same
      .slice(0, 1)
      .map(({ stream, granularity, side }) => ({ stream, granularity, side, intervals }));
  });
}

/** Observations as JSON text, amounts as decimal text. */
export function storedObservations(observations: readonly Observation[]): string {
  return JSON.stringify(observations, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
}
