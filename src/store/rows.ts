import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { StoredLedger } from '../core/ledger/records.ts';
import type { Observation } from '../core/statement/statement.ts';
import { GRANULARITIES } from '../core/values/time.ts';
import { resourceRows, seriesRows } from './bulk-load.ts';
import type { ReadRows } from './seals.ts';

/** The doors from the database's rows to the ledger's: a row that does not fit is a damaged file. */

const Amount = z.string().transform((text) => BigInt(text));
const Maybe = z
  .number()
  .nullable()
  .transform((value) => value ?? undefined);
/** Its words in the file are older than those of the program. */
const Side = z.enum(['newest', 'oldest']).transform((side) => (side === 'newest' ? 'current' : 'baseline'));
const GranularityName = z.enum(GRANULARITIES);

const Account = z
  .object({
    id: z.number(),
    provider: z.string(),
    name: z.string(),
    baseline: Maybe,
    folded: z.number(),
    opened_at: z.number(),
    zero_shown: z.number(),
  })
  .transform(({ opened_at, zero_shown, folded, ...row }) => ({
    ...row,
    overflowCount: folded,
    openedAt: opened_at,
    zeroShown: zero_shown === 1,
  }));

const Stream = z
  .object({
    id: z.number(),
    account: z.number(),
    name: z.string(),
    closed_before: z.number(),
    closed_in: z.number(),
  })
  .transform(({ closed_before, closed_in, ...row }) => ({
    ...row,
    closedBefore: closed_before,
    closedIn: closed_in,
  }));

const Reading = z.object({
  stream: z.number(),
  granularity: GranularityName,
  side: Side,
  start: z.number(),
  end: z.number(),
  as_of: z.number(),
});

const Silence = z
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
    metric: z.string(),
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
    observations: z.array(StoredObservation).parse(JSON.parse(row.observations)),
    notes: z.array(StoredNote).parse(JSON.parse(row.notes)),
    reconciliation:
      row.reconciliation === null
        ? undefined
        : { difference: row.reconciliation, against: row.against ?? '' },
  }));

const Hour = z.object({ stream: z.number(), hour: z.number(), currency: z.string(), value: Amount });

const Folded = z.object({ stream: z.number(), digest: z.number() });

const Requests = z.object({ account: z.number(), state: z.string() });

const Days = z.object({ stream: z.number(), start: z.number(), end: z.number() });

/** Everything that is kept in memory. */
export function readAll(database: DatabaseSync, read?: ReadRows): StoredLedger {
  const all = <T>(schema: z.ZodType<T>, sql: string): T[] =>
    database
      .prepare(sql)
      .all()
      .map((row) => schema.parse(row));
  const readings = all(Reading, 'SELECT * FROM readings ORDER BY stream, granularity, side, start');
  const compacted = all(Days, 'SELECT * FROM compacted ORDER BY stream, start');
  return {
    accounts: all(Account, 'SELECT * FROM accounts'),
    streams: all(Stream, 'SELECT * FROM streams'),
    series: seriesRows(database, read?.get('series')),
    resources: resourceRows(database, read?.get('resources')),
    overflowed: all(Folded, 'SELECT * FROM folded'),
    readings: [
      ...Map.groupBy(
        readings,
        ({ stream, granularity, side }) => `${stream} ${granularity} ${side}`,
      ).values(),
    ].flatMap((rows) => {
      const first = rows[0];
      if (!first) return [];
      const { stream, granularity, side } = first;
      return [
        {
          stream,
          granularity,
          side,
          intervals: rows.map(({ start, end, as_of }) => ({ start, end, asOf: as_of })),
        },
      ];
    }),
    feeds: all(Feed, 'SELECT * FROM feeds'),
    hourlyTotals: all(Hour, 'SELECT * FROM hours'),
    requests: all(Requests, 'SELECT * FROM requests'),
    omissions: all(Silence, 'SELECT * FROM silences'),
    compacted: [...Map.groupBy(compacted, ({ stream }) => stream)].map(([stream, days]) => ({
      stream,
      days: days.map(({ start, end }) => ({ start, end })),
    })),
  };
}

/** Observations as JSON text, amounts as decimal text. */
export function storedObservations(observations: readonly Observation[]): string {
  return JSON.stringify(observations, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
}
