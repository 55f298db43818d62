import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cost, SLIDING, settings, statement, utc, valuesOf } from '../../test/support/ledger/ledger.ts';
import { assertProperty } from '../../test/support/ledger/property.ts';
import { audit } from '../core/ledger/audit.ts';
import type { Store } from '../core/ledger/records.ts';
import { LedgerState } from '../core/ledger/state.ts';
import { Ledger } from '../core/ledger.ts';
import type { Statement } from '../core/statement/statement.ts';
import { DAY, HOUR, type Instant, MINUTE, sizeOf } from '../core/values/time.ts';
import { cacheCells } from './cache.ts';
import { openDatabase } from './open.ts';
import { brokenSeals } from './seals.ts';
import { sqliteStore } from './sqlite.ts';

const NOON = utc('2026-11-20T12:00');
const FIRST = { minute: NOON, hour: NOON - 12 * HOUR, day: NOON - 60 * HOUR };

const Piece = fc.record({
  granularity: fc.constantFrom('minute', 'hour', 'day'),
  from: fc.nat(2),
  buckets: fc.integer({ min: 1, max: 4 }),
  amounts: fc.array(fc.tuple(fc.nat(12), fc.nat(3), fc.integer({ min: -3, max: 9 })), { maxLength: 5 }),
  fails: fc.boolean(),
});
type Piece = typeof Piece extends fc.Arbitrary<infer Value> ? Value : never;

const Group = fc.record({
  pieces: fc.array(Piece, { minLength: 1, maxLength: 5 }),
  fails: fc.boolean(),
  ripens: fc.boolean(),
});

function statementOf({ granularity, from, buckets, amounts }: Piece, asOf: Instant): Statement {
  const size = sizeOf(granularity);
  const start = FIRST[granularity] + from * size;
  const lines = amounts.map(([resource, at, dollars]) =>
    cost(start + (at % buckets) * size, `resource-${resource}`, dollars),
  );
  return statement(granularity, { start, end: start + buckets * size }, asOf, lines);
}

class Refused extends Error {}

/** A ledger whose next commit can be refused. */
function bench(account: ReturnType<typeof settings>, cachedCells: number) {
  const database = openDatabase(':memory:');
  const real = sqliteStore(database);
  let isRefused = false;
  const store: Store = {
    ...real,
    commit(commit) {
      if (isRefused) throw new Refused();
      real.commit(commit);
    },
  };
  const ledger = new Ledger(cacheCells(store, cachedCells));
  const id = ledger.openAccount(account, FIRST.day);
  return {
    ledger,
    database,
    apply(given: Statement, fails = false) {
      isRefused = fails;
      try {
        ledger.apply({ account: id, feed: 'usage' }, given, [], given.asOf);
      } finally {
        isRefused = false;
      }
    },
    wrongs: () => [
      ...brokenSeals(database),
      ...audit({ state: new LedgerState(real), store: real, settingsOf: () => account.streams[0] }),
    ],
  };
}

test('transactions: failed and rolled back statements leave no trace', () => {
  const limits = fc.record({ cells: fc.constantFrom(5, 100_000), maxSeries: fc.constantFrom(8, 60, 10_000) });
  assertProperty(
    fc.property(fc.array(Group, { minLength: 1, maxLength: 6 }), limits, (groups, { cells, maxSeries }) => {
      const account = settings(SLIDING, { maxSeries });
      const [grouped, single] = [bench(account, cells), bench(account, cells)];
      let now = NOON;
      for (const { pieces, fails, ripens } of groups) {
        const stored: Statement[] = [];
        const work = () => {
          for (const piece of pieces) {
            now += 7 * MINUTE;
            const given = statementOf(piece, now);
            if (piece.fails) {
              assert.throws(() => grouped.apply(given, true), Refused);
              continue;
            }
            grouped.apply(given);
            stored.push(given);
          }
          if (fails) throw new Refused();
        };
        if (fails) assert.throws(() => grouped.ledger.transaction(work), Refused);
        else grouped.ledger.transaction(work);
        if (!fails) for (const given of stored) single.apply(given);
        if (ripens) now += 20 * DAY;
        for (const { ledger } of [grouped, single]) if (ripens) ledger.maintain(now);
        assert.deepEqual(valuesOf(grouped.ledger, now), valuesOf(single.ledger, now));
        assert.deepEqual(grouped.wrongs(), []);
      }
      for (const { database } of [grouped, single]) database.close();
    }),
    { numRuns: 60 },
  );
});
