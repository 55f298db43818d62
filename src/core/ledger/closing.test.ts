import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Bench,
  cost,
  netOf,
  openBench,
  settings,
  statement,
  twoStreams,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import { temporaryFolder } from '../../../test/support/ledger/ledger-file.ts';
import { fromNumber } from '../values/money.ts';
import { bucketsIn, DAY, type Instant, startOfMonth } from '../values/time.ts';
import { audit } from './audit.ts';
import { closeDays } from './closing.ts';

const SINCE = utc('2025-11-05');
const NOVEMBER = utc('2026-11-20T12:00');
const DECEMBER = utc('2026-12-02T12:00');
const DAYS = { granularities: ['day'] } as const;
const OWN = settings(DAYS, { since: SINCE });
const [STREAM] = OWN.streams;

/** Reads all since {@link SINCE} at once: the n-th day cost n dollars, and a dollar of another resource. */
function read(bench: Bench): void {
  const range = { start: SINCE, end: utc('2026-11-20') };
  const charges = bucketsIn(DAY, range).flatMap((day, index) => [
    cost(day, 'a', index),
    cost(day, 'b', 1),
    { ...cost(day, 'a', 7), measure: 'requests', detail: '' } as const,
  ]);
  bench.apply(statement('day', range, NOVEMBER, charges));
}

function opened(path?: string): Bench {
  const bench = openBench(OWN, path === undefined ? {} : { path });
  read(bench);
  return bench;
}

/** The archived dollars and counts of a day by measure and resource. */
function archivedOf({ store, state }: Bench, day: Instant): Record<string, bigint> {
  const rows = [...store.archivedDay(1, day)].map(([id, amount]) => {
    const { measure, resource } = state.series.get(id) ?? {};
    return [`${measure} ${resource}`, amount] as const;
  });
  return Object.fromEntries(rows);
}

function assertArchived(bench: Bench): void {
  for (const [index, day] of bucketsIn(DAY, { start: SINCE, end: startOfMonth(NOVEMBER) }).entries()) {
    const [a, b, requests] = [index, 1, 7].map(fromNumber);
    const expected = { 'cost a': a, 'cost b': b, 'requests a': requests };
    if (index === 0) Reflect.deleteProperty(expected, 'cost a');
    assert.deepEqual(archivedOf(bench, day), expected, new Date(day).toISOString());
  }
}

const problemsOf = ({ state, store }: Bench) => audit({ state, store, settingsOf: () => STREAM });

test('closing: a first read of a year ends with each of its days in the archive', () => {
  const bench = opened();
  bench.ledger.maintain(NOVEMBER);
  assert.throws(() => bench.store.archivedDay(1, SINCE), 'all is open');
  bench.ledger.maintain(DECEMBER);
  assertArchived(bench);
  assert.equal(bench.store.cells(1, 'day', { start: 0, end: startOfMonth(NOVEMBER) }).size, 0);
  assert.deepEqual(problemsOf(bench), []);
  bench.reopen();
  assertArchived(bench);
  bench.ledger.close();
});

test('closing: a late statement about an archived day changes nothing', () => {
  const bench = opened();
  bench.ledger.maintain(DECEMBER);
  const range = { start: SINCE, end: SINCE + 2 * DAY };
  const { changed, late } = bench.apply(statement('day', range, DECEMBER, [cost(SINCE, 'a', 99)]));
  assert.deepEqual([changed, late], [false, [range]]);
  assertArchived(bench);
  bench.ledger.close();
});

test('closing: days older than the history are dropped, the others stay whatever follows', () => {
  const bench = opened();
  bench.ledger.maintain(DECEMBER);
  bench.ledger.maintain(DECEMBER, 3);
  const september = utc('2026-09-01');
  assert.throws(() => bench.store.archivedDay(1, september - DAY));
  const kept = archivedOf(bench, september);
  assert.equal(Object.keys(kept).length, 3);
  assert.deepEqual(problemsOf(bench), []);
  bench.ledger.maintain(DECEMBER, 12);
  assert.deepEqual(archivedOf(bench, september), kept);
  assert.equal(bench.state.streams.get(1)?.archivedFrom, september);
  bench.ledger.maintain(DECEMBER, 1);
  assert.throws(() => bench.store.archivedDay(1, utc('2026-10-31')));
  assert.deepEqual(problemsOf(bench), []);
  bench.ledger.close();
});

test('closing: totals of a day stay until every stream has closed it', () => {
  const long = { reachMs: 90 * DAY };
  const bench = openBench({ ...twoStreams(DAYS, { ...DAYS, ...long }), since: SINCE });
  const day = utc('2026-10-20');
  const range = { start: day, end: day + DAY };
  bench.apply(statement('day', range, NOVEMBER, [cost(day, 'a', 5)]), NOVEMBER);
  bench.apply({ ...statement('day', range, NOVEMBER, [cost(day, 'b', 7)]), stream: 'second' }, NOVEMBER);
  bench.ledger.maintain(DECEMBER);
  assert.equal(bench.state.streams.get(1)?.closedBefore, utc('2026-11-01'));
  bench.apply({ ...statement('day', range, DECEMBER, [cost(day, 'b', 8)]), stream: 'second' }, DECEMBER);
  assert.deepEqual([...bench.store.periodTotals('day', day).amounts].sort(), [5, 8].map(fromNumber));
  bench.ledger.maintain(utc('2027-02-01T12:00'));
  assert.equal(bench.store.periodTotals('day', day).size, 0);
  assert.deepEqual(problemsOf(bench), []);
  bench.ledger.close();
});

test('closing: days that nothing was read of are empty in the archive', () => {
  const bench = opened();
  bench.ledger.maintain(utc('2027-01-31'));
  assert.deepEqual(archivedOf(bench, utc('2026-11-20')), {});
  bench.apply(statement('day', { start: utc('2027-01-30'), end: utc('2027-01-31') }, utc('2027-01-31')));
  assert.deepEqual(problemsOf(bench), []);
  bench.ledger.close();
});

test('closing: a statement about a day that is being closed is counted, and the closing waits', () => {
  const bench = opened();
  const steps = bench.ledger.maintenance(DECEMBER, 25);
  const day = utc('2026-10-20');
  for (let step = 0; step < 300; step += 1) assert.ok(!steps.next().done);
  const recent = utc('2026-11-19');
  bench.apply(statement('day', { start: recent, end: recent + DAY }, NOVEMBER + 1, [cost(recent, 'a', 1)]));
  bench.apply(statement('day', { start: day, end: day + DAY }, NOVEMBER + 2, [cost(day, 'a', 1000)]));
  const net = netOf(bench.state);
  while (!steps.next().done);
  assert.equal(bench.state.streams.get(1)?.closedBefore, SINCE);
  bench.ledger.maintain(DECEMBER);
  assert.equal(bench.state.streams.get(1)?.closedBefore, startOfMonth(NOVEMBER));
  assert.equal(archivedOf(bench, day)['cost a'], fromNumber(1000));
  assert.deepEqual([netOf(bench.state), problemsOf(bench)], [net, []]);
  bench.ledger.close();
});

test('closing: one that ends after any of its commits is made again', (t) => {
  const path = join(temporaryFolder(t), 'ledger.db');
  opened(path).ledger.close();
  const closing = ({ state, store }: Bench) => {
    const stream = state.streams.get(1);
    assert.ok(stream && STREAM);
    const input = { state, store, stream, settings: STREAM, historyMonths: 25, now: DECEMBER };
    return closeDays(input, 100).filter((commit) => commit !== undefined);
  };
  const bench = openBench(OWN, { path });
  const commits = [...closing(bench)].length;
  assert.ok(commits > 5);
  const net = netOf(bench.state);
  for (let made = 0; made < commits; made += 1) {
    for (const commit of [...closing(bench)].slice(0, made)) bench.store.commit(commit);
    bench.reopen();
    assert.deepEqual(problemsOf(bench), [], `${made} commits`);
  }
  bench.ledger.maintain(DECEMBER);
  bench.reopen();
  assertArchived(bench);
  assert.deepEqual(problemsOf(bench), []);
  assert.deepEqual(netOf(bench.state), net);
  bench.ledger.close();
});
