import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALL, START } from '../../../test/support/ledger/histories.ts';
import { netAt, samplesOf, textOf } from '../../../test/support/ledger/history-samples.ts';
import {
  type Bench,
  cost,
  netOf,
  openBench,
  settings,
  statement,
} from '../../../test/support/ledger/ledger.ts';
import { modelOf } from '../../../test/support/ledger/model.ts';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { benchAccount } from '../../../test/support/ledger/series.ts';
import type { StreamSettings } from '../ledger/settings.ts';
import type { Statement } from '../statement/statement.ts';
import { addTo } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { DAY, type Granularity, HOUR, type Range } from '../values/time.ts';

/** Days that only the working ledger has read lie before those of the histories. */
const FROM = START - 4 * DAY;
/** All statements are as of an earlier instant. */
const TO = START + 12 * DAY;
const WHOLE: Range = { start: FROM, end: TO };

/** What was read, in the order in which it was read. */
const READ = ALL.map(({ steps, ...history }) => ({
  ...history,
  statements: steps.flatMap((step) => (step.kind === 'read' ? [step.statement] : [])),
})).filter(({ statements }) => statements.length > 0);

function benchOf(stream: Partial<StreamSettings>, statements: readonly Statement[]): Bench {
  const bench = openBench(settings(stream, { since: FROM }));
  for (const each of statements) bench.apply(each);
  return bench;
}

function historyOf(bench: Bench, exporter?: Bench) {
  const question = { accounts: [benchAccount(bench)], from: FROM, to: TO };
  return bench.ledger.history({ ...question, baselines: exporter?.ledger.baselines() });
}

const nonZero = (amounts: ReadonlyMap<string, Fixed>) =>
  Object.fromEntries([...amounts].filter(([, value]) => value !== 0n).sort());

function less(a: ReadonlyMap<string, Fixed>, b: ReadonlyMap<string, Fixed>): Map<string, Fixed> {
  const rest = new Map(a);
  for (const [key, value] of b) addTo(rest, key, -value);
  return rest;
}

/** The range before what the histories are about, at the finest granularity. */
function earlier([granularity]: readonly Granularity[], asOf: number): Statement {
  const range = { start: FROM, end: FROM + DAY };
  const charges = [cost(FROM, 'a', 7), cost(FROM, 'b', -3)];
  return statement(granularity ?? 'day', range, asOf, charges);
}

test('the counters of each day less their corrections are what its cells come to', () => {
  assertProperty(
    fc.property(READ, (read) => {
      const bench = benchOf(read.stream, read.statements);
      const told = samplesOf(historyOf(bench), WHOLE);
      const model = modelOf(read.statements, read);
      for (const day of model.days())
        assert.deepEqual(
          nonZero(less(netAt(told, day + DAY), netAt(told, day))),
          nonZero(model.day(day)),
          new Date(day).toISOString(),
        );
      for (const { samples } of told) assert.equal(samples.at(-1)?.at, TO);
    }),
    { numRuns: 150 },
  );
});

test('history and the counters of the exporter are together what was billed, whatever was revised', () => {
  assertProperty(
    fc.property(READ, fc.nat(14), (read, count) => {
      const exporter = benchOf(read.stream, read.statements);
      const baseline = exporter.state.streamOf(exporter.account, 'usage')?.baseline ?? 0;
      const work = benchOf(read.stream, [...read.statements.slice(count), earlier(read.granularities, TO)]);
      const told = samplesOf(historyOf(work, exporter), WHOLE);
      const billed = new Map<string, Fixed>();
      const model = modelOf([...read.statements, earlier(read.granularities, TO)], read);
      for (const day of model.days()) for (const [key, value] of model.day(day)) addTo(billed, key, value);
      const counted = netOf(exporter.state);
      assert.deepEqual(nonZero(less(billed, counted)), nonZero(netAt(told, baseline)));
      for (const { samples } of told) assert.equal(samples.at(-1)?.at, baseline);
    }),
    { numRuns: 150 },
  );
});

test('the text is the same in parts of any length, and whatever the order of reading', () => {
  assertProperty(
    fc.property(READ, fc.integer({ min: 1, max: 200 }), fc.boolean(), (read, hours, isBased) => {
      const exporter = isBased ? benchOf(read.stream, read.statements.slice(0, 2)) : undefined;
      const ordered = benchOf(read.stream, read.statements);
      const shuffled = benchOf(read.stream, read.statements.toReversed());
      const whole = textOf(historyOf(ordered, exporter), [WHOLE]);
      assert.equal(textOf(historyOf(shuffled, exporter), [WHOLE]), whole);
      const parts: Range[] = [];
      for (let at = FROM; at < TO; at += hours * HOUR)
        parts.push({ start: at, end: Math.min(TO, at + hours * HOUR) });
      const history = historyOf(ordered, exporter);
      assert.deepEqual(linesOf(textOf(history, parts)), linesOf(whole));
      // Once more from the start.
      assert.equal(textOf(history, [WHOLE]), whole);
    }),
    { numRuns: 50 },
  );
});

function linesOf(text: string): string[] {
  return [...new Set(text.split('\n'))].sort();
}
