import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Bench, netOf, openBench, Refused, settings, utc, valuesOf } from '../../test/support/ledger.ts';
import { modelOf } from '../../test/support/model.ts';
import type { StreamSettings } from './ledger.ts';
import { type Fixed, ONE } from './money.ts';
import type { Statement } from './statement.ts';
import { DAY, type Granularity, HOUR, type Instant, MINUTE, sizeOf, startOfMonth } from './time.ts';

/** Histories per law; a long run sets it higher: `LEDGER_RUNS=100000`. */
const RUNS = Number(process.env.LEDGER_RUNS ?? 400);
const START = utc('2026-11-20');
const RESOURCES = ['a', 'b', 'c'];

interface History {
  readonly stream: Partial<StreamSettings>;
  readonly granularities: readonly Granularity[];
  readonly settleMs: number;
  readonly steps: readonly Step[];
}

type Step =
  | { readonly kind: 'read'; readonly statement: Statement }
  /** An earlier statement, word for word. */
  | { readonly kind: 'again'; readonly index: number }
  /** The same, but nothing of it is written. */
  | { readonly kind: 'fail'; readonly statement: Statement }
  | { readonly kind: 'restart' }
  | { readonly kind: 'shown' }
  | { readonly kind: 'release' };

const ONE_TRUTH: Partial<StreamSettings> = { granularities: ['minute', 'hour', 'day'], settleMs: 6 * HOUR };

/** How long a range of each granularity may be, in buckets, and within what stretch of time. */
const SHAPES: Record<Granularity, { readonly most: number; readonly from: number; readonly span: number }> = {
  minute: { most: 150, from: 9 * HOUR, span: 6 * HOUR },
  hour: { most: 20, from: 0, span: 2 * DAY },
  day: { most: 2, from: 0, span: 2 * DAY },
};

function statements(
  granularities: readonly Granularity[],
): fc.Arbitrary<Omit<Statement, 'asOf'> & { lag: number }> {
  return fc.constantFrom(...granularities).chain((granularity) => {
    const { most, from, span } = SHAPES[granularity];
    const size = sizeOf(granularity);
    const line = fc.record({
      place: fc.nat(999),
      resource: fc.constantFrom(...RESOURCES),
      // Few values, so that equal ones and cancellations occur; now and then a refund.
      units: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 0, max: 5 }) },
        { weight: 1, arbitrary: fc.constant(-2) },
      ),
    });
    return fc
      .record({
        first: fc.nat(span / size - 1),
        length: fc.integer({ min: 1, max: most }),
        lines: fc.array(line, { maxLength: 8 }),
        // Around the end of the range within minutes and hours, and long after it.
        lag: fc.oneof(
          fc.integer({ min: -5, max: 5 }),
          fc.integer({ min: -90, max: 60 }),
          fc.integer({ min: -1500, max: 6000 }),
        ),
        isAligned: fc.boolean(),
      })
      .map(({ first: drawn, length, lines, lag, isAligned }) => {
        // From the start of an hour or a day, as often as not: only then do finer buckets cover a coarser one whole.
        const first = isAligned ? drawn - (drawn % (granularity === 'minute' ? 60 : 24)) : drawn;
        const start = START + from + first * size;
        const range = { start, end: start + length * size };
        return {
          stream: 'usage',
          granularity,
          range,
          lag,
          silentTiers: [],
          lines: lines.map(({ place, resource, units }) => ({
            at: start + (place % length) * size,
            measure: 'cost',
            resource,
            model: '',
            tier: '',
            detail: 'USD',
            value: BigInt(units) * ONE,
          })),
        };
      });
  });
}

function histories(
  stream: Partial<StreamSettings>,
  granularities: readonly Granularity[],
): fc.Arbitrary<History> {
  const step = fc.oneof(
    { weight: 8, arbitrary: statements(granularities).map((of) => ({ kind: 'read' as const, of })) },
    { weight: 1, arbitrary: statements(granularities).map((of) => ({ kind: 'fail' as const, of })) },
    { weight: 2, arbitrary: fc.nat(20).map((index) => ({ kind: 'again' as const, index })) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('restart', 'shown', 'release').map((kind) => ({ kind }) as const),
    },
  );
  return fc.array(step, { minLength: 1, maxLength: 14 }).map((steps) => ({
    stream,
    granularities,
    settleMs: stream.settleMs ?? 48 * HOUR,
    steps: steps.map((each, index): Step => {
      if (!('of' in each)) return each;
      const { lag, ...of } = each.of;
      // As-ofs in any order, but never two alike, around the end of the range: open, closed and settled buckets.
      return { kind: each.kind, statement: { ...of, asOf: of.range.end + lag * MINUTE + index + 1 } };
    }),
  }));
}

const ALL = fc.oneof(
  histories({ granularities: ['minute'] }, ['minute']),
  histories({ granularities: ['hour'] }, ['hour']),
  histories({ granularities: ['day'] }, ['day']),
  histories(ONE_TRUTH, ['minute', 'hour', 'day']),
  histories({ ...ONE_TRUTH, granularities: ['hour', 'day'] }, ['hour', 'day']),
);

/** Runs a history, holding what is exposed to the laws at each step. Returns the statements that were applied, in order. */
function play(history: History, bench: Bench): Statement[] {
  const applied: Statement[] = [];
  let now = START + 10 * DAY;
  let version = 0;
  let before = new Map<string, number>();
  for (const step of history.steps) {
    now += MINUTE;
    if (step.kind === 'read') {
      bench.apply(step.statement, now);
      applied.push(step.statement);
    } else if (step.kind === 'again') {
      const known = applied[step.index % Math.max(1, applied.length)];
      if (known) assertUnmoved(bench, now, () => bench.apply(known, now));
    } else if (step.kind === 'fail') {
      assertUnmoved(bench, now, () => refused(bench, step.statement, now));
    } else if (step.kind === 'restart') {
      assertUnmoved(bench, now, () => bench.reopen());
      version = 0;
    } else if (step.kind === 'shown') bench.ledger.carried(version);
    else bench.ledger.release(now, 2 * MINUTE);
    const after = valuesOf(bench.ledger, now);
    version += 1;
    assertNeverLower(before, after);
    before = after;
  }
  return applied;
}

function refused(bench: Bench, statement: Statement, now: Instant): void {
  bench.failNextCommit();
  assert.throws(() => bench.apply(statement, now), Refused);
}

function assertUnmoved(bench: Bench, now: Instant, act: () => void): void {
  const before = moneyOf(bench, now);
  act();
  assert.deepEqual(moneyOf(bench, now), before);
}

/** What is shown of money: the feed's own times may move without it. */
function moneyOf(bench: Bench, now: Instant): Map<string, number> {
  return new Map([...bench.values(now)].filter(([name]) => name.startsWith('ai_billing_cost_')));
}

function assertNeverLower(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): void {
  for (const [name, value] of before) {
    if (!name.includes('_total|')) continue;
    const now = after.get(name);
    assert.ok(now !== undefined && now >= value, `${name} went from ${value} to ${now}`);
  }
}

const nonZero = (amounts: ReadonlyMap<string, Fixed>) =>
  Object.fromEntries([...amounts].filter(([, value]) => value !== 0n).sort());

function assertModel(history: History, applied: readonly Statement[], bench: Bench): void {
  const model = modelOf(applied, history);
  assert.deepEqual(nonZero(netOf(bench.ledger)), nonZero(model.net()), 'net is cells less baseline');
  const month = new Map<string, Fixed>();
  for (const day of model.days()) {
    const expected = model.day(day);
    assert.deepEqual(
      nonZero(sums(bench, 'day', day)),
      nonZero(expected),
      `the cells of ${new Date(day).toISOString()}`,
    );
    for (const [name, value] of expected) month.set(name, (month.get(name) ?? 0n) + value);
  }
  assert.deepEqual(
    nonZero(sums(bench, 'month', startOfMonth(START))),
    nonZero(month),
    'the cells of the month',
  );
}

function sums(bench: Bench, kind: 'day' | 'month', start: Instant): Map<string, Fixed> {
  return new Map(
    [...bench.ledger.book.sums(kind, start)].map(([id, value]) => [
      bench.ledger.book.series.get(id)?.resource ?? '',
      value,
    ]),
  );
}

const benchOf = (history: History) => openBench(settings(history.stream));

test('whatever is read in whatever order, the ledger is what a naive model makes of all statements', () => {
  fc.assert(
    fc.property(ALL, (history) => {
      const bench = benchOf(history);
      const applied = play(history, bench);
      assertModel(history, applied, bench);
      bench.ledger.close();
    }),
    { numRuns: RUNS },
  );
});

test('cells and net do not depend on the order of what follows the first reading', () => {
  const shuffled = ALL.chain((history) =>
    fc.record({ history: fc.constant(history), order: fc.array(fc.nat(), { minLength: 14, maxLength: 14 }) }),
  );
  fc.assert(
    fc.property(shuffled, ({ history, order }) => {
      const [first, ...rest] = history.steps.flatMap((step) =>
        step.kind === 'read' ? [step.statement] : [],
      );
      if (!first) return;
      const results = [rest, reordered(rest, order)].map((each) => {
        const bench = benchOf(history);
        for (const statement of [first, ...each]) bench.apply(statement, START + 10 * DAY);
        const days = [-1, 0, 1, 2, 3].map((day) => nonZero(sums(bench, 'day', START + day * DAY)));
        const net = nonZero(netOf(bench.ledger));
        bench.ledger.close();
        return { days, net };
      });
      assert.deepEqual(results[1], results[0]);
    }),
    { numRuns: RUNS },
  );
});

function reordered<T>(items: readonly T[], order: readonly number[]): T[] {
  return items
    .map((item, index) => ({ item, key: order[index] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
