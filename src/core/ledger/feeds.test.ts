import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEED, openBench, settings, statement, utc } from '../../../test/support/ledger/ledger.ts';
import { DAY, HOUR } from '../values/time.ts';

const NOON = utc('2026-11-20T12:00');

test('feed record: a range read newest first joins the one before it', () => {
  const bench = openBench(settings({}, { since: utc('2026-11-01') }));
  const range = () => bench.ledger.feed(bench.account, FEED)?.read.at(-1);
  bench.apply(statement('hour', { start: utc('2026-11-01'), end: NOON }, NOON));
  assert.deepEqual(range(), { start: utc('2026-11-01'), end: NOON });

  const tomorrow = NOON + DAY;
  bench.apply(statement('hour', { start: utc('2026-11-21'), end: tomorrow }, tomorrow));
  assert.deepEqual(range(), { start: utc('2026-11-21'), end: tomorrow }, 'there is a hole');
  bench.apply(statement('hour', { start: utc('2026-11-20'), end: utc('2026-11-21') }, tomorrow + 1));
  assert.deepEqual(range(), { start: utc('2026-11-01'), end: tomorrow }, 'the hole was read');
  bench.reopen();
  assert.deepEqual(range(), { start: utc('2026-11-01'), end: tomorrow });
  bench.ledger.close();
});

test('feed record: an open bucket is read up to the as-of, a future bucket not at all', () => {
  const bench = openBench(settings());
  const range = () => bench.ledger.feed(bench.account, FEED)?.read.at(-1);
  bench.apply(statement('hour', { start: NOON, end: NOON + HOUR }, NOON + 1000));
  assert.deepEqual(range(), { start: NOON, end: NOON + 1000 });
  bench.apply(statement('hour', { start: NOON + 2 * HOUR, end: NOON + 3 * HOUR }, NOON + 2000));
  assert.deepEqual(range(), { start: NOON, end: NOON + 1000 });
  bench.ledger.close();
});
