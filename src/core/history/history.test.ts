import assert from 'node:assert/strict';
import { test } from 'node:test';
import { netAt, samplesOf } from '../../../test/support/ledger/history-samples.ts';
import {
  type Bench,
  cost,
  netOf,
  openBench,
  settings,
  statement,
  utc,
  valuesOf,
} from '../../../test/support/ledger/ledger.ts';
import { benchAccount } from '../../../test/support/ledger/series.ts';
import { openDatabase } from '../../store/open.ts';
import { sqliteStore } from '../../store/sqlite.ts';
import { Ledger } from '../ledger.ts';
import type { Statement } from '../statement/statement.ts';
import { ONE } from '../values/money.ts';
import { DAY, HOUR, MINUTE } from '../values/time.ts';

const FROM = utc('2026-10-01');
const LIMITED = settings({}, { since: FROM, maxSeries: 50 });

/** An hour in which many resources cost something: more than {@link LIMITED} may show. */
function busyHour(first: number, model: string): Statement {
  const resources = Array.from({ length: 12 }, (_, index) => `r${(first + index) % 20}`);
  const charges = resources.map((resource) => cost(FROM, resource, 1, { model }));
  return statement('hour', { start: FROM, end: FROM + HOUR }, FROM + DAY, charges);
}

function workOf(exporter: Bench): Ledger {
  const work = new Ledger(sqliteStore(openDatabase(':memory:')));
  work.adoptLabelSets(exporter.ledger.labelSets());
  return work;
}

/** When the counters of the one stream began. */
function startOf(ledger: Ledger): number | undefined {
  const { provider, name, streams } = LIMITED;
  return ledger.baselines().of(provider, name, streams[0]?.name ?? '')?.at;
}

function costsIn(ledger: Ledger, now: number): string[] {
  return [...valuesOf(ledger, now).keys()]
    .filter((key) => key.startsWith('ai_billing_cost_usd_total'))
    .sort();
}

test('a ledger with the label sets of another gives the same charges the same series', () => {
  const exporter = openBench(LIMITED);
  exporter.apply(busyHour(0, 'first'));
  const work = workOf(exporter);
  const account = work.openAccount(LIMITED, FROM);
  // Read in another order, with another model, it would have shown others.
  work.apply({ account, feed: 'usage' }, busyHour(8, 'second'), [], FROM + 2 * DAY);
  const shown = costsIn(exporter.ledger, FROM + 2 * DAY);
  assert.ok(shown.some((key) => key.includes('__overflow__')));
  assert.deepEqual(costsIn(work, FROM + 2 * DAY), shown);
  assert.equal(startOf(work), FROM + DAY, 'it was never read before');
  const { overflowed } = exporter.ledger.labelSets();
  assert.deepEqual(work.labelSets().overflowed.slice(0, overflowed.length), overflowed);
});

test('a ledger in which there is an account adopts no label sets', () => {
  const exporter = openBench(LIMITED);
  assert.throws(() => exporter.ledger.adoptLabelSets(exporter.ledger.labelSets()), /only an empty ledger/);
});

test('days that the exporter keeps as one cell are told as days', () => {
  const exporter = openBench(settings({ settleMs: HOUR, reachMs: 40 * DAY }, { since: FROM }));
  const work = openBench(settings({}, { since: FROM }));
  const hours = (dollars: number, asOf: number) =>
    statement('hour', { start: FROM, end: FROM + 3 * DAY }, asOf, [
      cost(FROM + HOUR, 'a', dollars),
      cost(FROM + 5 * HOUR, 'a', dollars),
      cost(FROM + 49 * HOUR, 'b', dollars),
    ]);
  const baseline = FROM + 50 * HOUR + 7 * MINUTE;
  exporter.apply(hours(1, baseline));
  exporter.apply(hours(3, baseline + 5 * DAY));
  exporter.ledger.maintain(baseline + 20 * DAY);
  work.apply(hours(3, baseline + 6 * DAY));
  const question = { accounts: [benchAccount(work)], from: FROM, to: FROM + 9 * DAY };
  const history = work.ledger.history({ ...question, baselines: exporter.ledger.baselines() });
  const told = samplesOf(history, { start: FROM, end: FROM + 9 * DAY });
  const risesOf = (resource: string) =>
    told
      .filter(({ family, labels }) => family === 'ai_billing_cost_usd_total' && labels.resource === resource)
      .flatMap(({ samples }) => samples.filter(({ value }, index) => value !== samples[index - 1]?.value));
  assert.deepEqual(risesOf('a'), [
    { at: FROM, value: 0n },
    { at: FROM + DAY, value: 2n * ONE },
  ]);
  assert.deepEqual(risesOf('b'), [
    { at: FROM + 2 * DAY, value: 0n },
    { at: baseline, value: ONE },
  ]);
  const counted = netOf(exporter.state);
  const total = [...netAt(told, baseline)].map(([key, value]) => [key, value + (counted.get(key) ?? 0n)]);
  assert.deepEqual(Object.fromEntries(total), { a: 6n * ONE, b: 3n * ONE });
});

test('what ended before the counters began and was not read then is told as the provider has it now', () => {
  const exporter = openBench(settings({}, { since: FROM }));
  const work = openBench(settings({}, { since: FROM }));
  const baseline = FROM + DAY + 90 * MINUTE;
  const hour = (at: number, dollars: number, asOf: number) =>
    statement('hour', { start: at, end: at + HOUR }, asOf, [cost(at, 'a', dollars)]);
  exporter.apply(hour(FROM + DAY, 1, baseline));
  for (const at of [FROM, FROM + DAY, FROM + DAY + HOUR, FROM + 2 * DAY])
    work.apply(hour(at, 10, at + 9 * DAY));
  const question = { accounts: [benchAccount(work)], from: FROM, to: FROM + 9 * DAY };
  const history = work.ledger.history({ ...question, baselines: exporter.ledger.baselines() });
  const told = samplesOf(history, { start: FROM, end: FROM + 9 * DAY });
  // The hour in which the counters began is in them.
  assert.deepEqual([...netAt(told, FROM + 9 * DAY)], [['a', 11n * ONE]]);
  assert.equal(told[0]?.samples.at(-1)?.at, baseline);
});
