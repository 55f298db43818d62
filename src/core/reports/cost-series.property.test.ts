import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALL, type History, START, type Step } from '../../../test/support/ledger/histories.ts';
import { type Bench, cost, openBench, settings, statement } from '../../../test/support/ledger/ledger.ts';
import { modelOf } from '../../../test/support/ledger/model.ts';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { rowTexts, type SeriesAsked, seriesOf, seriesSteps } from '../../../test/support/ledger/series.ts';
import type { Statement } from '../statement/statement.ts';
import type { Fixed } from '../values/money.ts';
import { gapsIn } from '../values/ranges.ts';
import {
  bucketsIn,
  DAY,
  floorTo,
  HOUR,
  type Instant,
  MINUTE,
  type Range,
  sizeOf,
  startOfMonth,
} from '../values/time.ts';
import type { SeriesReport } from './cost-series.ts';

const RUNS = 120;
const FROM = startOfMonth(START);
const TO = startOfMonth(START, 1);
const NOW = START + 10 * DAY;
/** Tokens per dollar of the drawn charges. */
const PRICE = 7n;

/** With each charge of cost one of tokens. */
function withTokens(statement: Statement): Statement {
  const tokens = statement.charges.map(
    (charge) => ({ ...charge, measure: 'tokens', detail: 'input', value: PRICE * charge.value }) as const,
  );
  return { ...statement, charges: [...statement.charges, ...tokens] };
}

function play(history: History): { bench: Bench; applied: Statement[] } {
  const bench = openBench(settings({ ...history.stream, lagMs: 2 * HOUR }, { since: FROM }));
  const applied: Statement[] = [];
  for (const step of history.steps) {
    if (step.kind === 'restart') bench.reopen();
    if (step.kind !== 'read') continue;
    applied.push(step.statement);
    bench.apply(withTokens(step.statement), NOW);
    // What is asked in between is cached, and must not outlive the next statement.
    for (const asked of QUESTIONS) seriesOf(bench, asked);
  }
  return { bench, applied };
}

const RANGE = { from: FROM, to: TO, now: NOW };
const BY = { by: ['resource'] } as const;
const QUESTIONS: readonly SeriesAsked[] = [
  { ...RANGE, ...BY, step: 'day' },
  { ...RANGE, ...BY, step: 'hour', from: START, to: START + 3 * DAY },
  { ...RANGE, ...BY, step: 'day', measure: 'tokens' },
];

/** When all of the range is closed. */
const LATER = TO + 65 * DAY;
const CLOSED: readonly SeriesAsked[] = [
  { ...RANGE, ...BY, step: 'day', now: LATER },
  { ...RANGE, ...BY, step: 'month', now: LATER },
];

const sumOf = (values: Iterable<Fixed | undefined>) =>
  [...values].reduce<Fixed>((sum, value) => sum + (value ?? 0n), 0n);

test('cost series match the reference model at every step and grouping', () => {
  assertProperty(
    fc.property(ALL, (history) => {
      const { bench, applied } = play(history);
      const model = modelOf(applied, history);
      for (const measure of ['cost', 'tokens'] as const) {
        const factor = measure === 'cost' ? 1n : PRICE;
        const days = seriesOf(bench, { ...RANGE, ...BY, step: 'day', measure });
        for (const [index, day] of days.buckets.entries()) {
          for (const { labels, values } of days.series) {
            const expected = factor * (model.day(day).get(labels[0] ?? '') ?? 0n);
            if (values[index] !== undefined)
              assert.equal(values[index], expected, new Date(day).toISOString());
          }
          if (days.total.values[index] !== undefined)
            assert.equal(days.total.values[index], factor * sumOf(model.day(day).values()));
        }
        assertSums(days);
        assertHours(bench, measure, days);
        const month = seriesOf(bench, { ...RANGE, step: 'month', measure });
        if (month.total.total !== undefined && days.total.total !== undefined)
          assert.equal(month.total.total, days.total.total);
      }
      bench.ledger.close();
    }),
    { numRuns: RUNS },
  );
});

test('cost series of days and months are the same once their cells are closed, and after a restart', () => {
  assertProperty(
    fc.property(ALL, fc.boolean(), (history, isRestarted) => {
      const { bench, applied } = play(history);
      const asked = CLOSED.flatMap((question) =>
        (['cost', 'tokens'] as const).map((measure) => ({ ...question, measure })),
      );
      // Why days are unknown may change: those of a gap are not read any more.
      const answers = () => asked.map((question) => ({ ...seriesOf(bench, question), unknown: [] }));
      const before = answers();
      bench.ledger.maintain(LATER);
      const [stream] = bench.state.streams.values();
      if (stream) assert.ok(stream.closedBefore > TO && (stream.archivedFrom ?? TO) <= FROM);
      if (isRestarted) bench.reopen();
      const after = answers();
      assert.deepEqual(after, before);
      const model = modelOf(applied, history);
      const [days] = after;
      for (const [index, day] of days?.buckets.entries() ?? [])
        if (days?.total.values[index] !== undefined)
          assert.equal(days.total.values[index], sumOf(model.day(day).values()));
      bench.ledger.close();
    }),
    { numRuns: RUNS },
  );
});

/** So many that an answer is made of columns that are read in turns. */
function tenDays({ granularities }: History): Step {
  const [granularity = 'day'] = granularities;
  const range = { start: FROM, end: FROM + 10 * DAY };
  const charges = bucketsIn(DAY, range).map((day) => cost(day, 'a', 1));
  return { kind: 'read', statement: statement(granularity, range, range.end, charges) };
}

test('cost series: a month that is closed between two steps is in all of an answer as cells or as archived days', () => {
  const drawn = fc.record({
    history: ALL,
    place: fc.nat(20),
    question: fc.constantFrom(...CLOSED),
    measure: fc.constantFrom('cost', 'tokens'),
    months: fc.constantFrom(25, 1),
  });
  assertProperty(
    fc.property(drawn, ({ history, place, question, measure, months }) => {
      const asked = { ...question, measure };
      const { bench } = play({ ...history, steps: [tenDays(history), ...history.steps] });
      const before = rowTexts(seriesOf(bench, asked)).join();
      bench.reopen();
      const work = seriesSteps(bench, asked);
      let next = work.next();
      for (let index = 0; index < place && !next.done; index += 1) next = work.next();
      bench.ledger.maintain(LATER);
      bench.ledger.maintain(LATER, months);
      while (!next.done) next = work.next();
      const found = rowTexts(next.value).join();
      bench.reopen();
      const after = rowTexts(seriesOf(bench, asked)).join();
      assert.ok(found === before || found === after, `${found} is neither ${before} nor ${after}`);
      bench.ledger.close();
    }),
    { numRuns: RUNS },
  );
});

/** Rows, others and the total fit together, whatever is listed. */
function assertSums(report: SeriesReport): void {
  for (const row of [...report.series, report.total, ...(report.other ? [report.other] : [])])
    assert.equal(row.total, row.values.includes(undefined) ? undefined : sumOf(row.values));
  for (const [index, total] of report.total.values.entries()) {
    const parts = [...report.series, ...(report.other ? [report.other] : [])].map(
      ({ values }) => values[index],
    );
    if (total !== undefined) assert.equal(total, sumOf(parts));
    if (report.series.length > 0) assert.equal(parts.includes(undefined), total === undefined);
  }
}

/** The hours of a day come to the day; where they do not say it, they are unknown. */
function assertHours(bench: Bench, measure: 'cost' | 'tokens', days: SeriesReport): void {
  const hours = seriesOf(bench, { ...RANGE, ...BY, measure, step: 'hour', from: START, to: START + 4 * DAY });
  assertSums(hours);
  for (const [index, day] of days.buckets.entries()) {
    const within = (at: Instant) => at >= day && at < day + DAY;
    const values = hours.total.values.filter((_, place) => within(hours.buckets[place] ?? 0));
    const isWhole = values.length === 24 && !values.includes(undefined);
    if (isWhole) assert.equal(sumOf(values), days.total.values[index], new Date(day).toISOString());
  }
}

test('cost series are known where all was read, and nowhere else', () => {
  assertProperty(
    fc.property(ALL, (history) => {
      const { bench, applied } = play(history);
      const isClosed = history.stream.closedBuckets === true;
      const covered = applied.flatMap(({ range, asOf, granularity }): Range[] => {
        const end =
          isClosed && asOf < range.end ? floorTo(sizeOf(granularity), asOf) : Math.min(range.end, asOf);
        return end > range.start ? [{ start: range.start, end }] : [];
      });
      for (const step of ['hour', 'day'] as const) {
        const range = step === 'hour' ? { from: START, to: START + 3 * DAY } : {};
        const { buckets, total, limits } = seriesOf(bench, { ...RANGE, step, ...range });
        for (const [index, start] of buckets.entries()) {
          const isLimited = limits.some((limit) => limit.start <= start && start < limit.end);
          const end = step === 'hour' ? start + HOUR : start + DAY;
          const gaps = gapsIn(covered, { start, end });
          const lag = step === 'hour' || isClosed ? 0 : 2 * HOUR;
          const what = `${step} ${new Date(start).toISOString()}`;
          // Within the lag the end may be missing, and nothing else.
          const isKnown = total.values[index] !== undefined;
          if (isKnown)
            assert.ok(
              gaps.every((gap) => gap.start >= end - lag),
              what,
            );
          // What reaches past the bucket was read before it ended: how far others got is not looked at.
          const isLate = applied.some(({ range: { end: last }, asOf }) => last > end && asOf < end);
          if (!isKnown) assert.ok(gaps.length > 0 || isLimited || isLate, what);
        }
      }
      bench.ledger.close();
    }),
    { numRuns: RUNS },
  );
});

test('cost series: a commit between two steps is in all of an answer or in nothing of it', () => {
  const drawn = fc.record({ history: ALL, place: fc.nat(40), question: fc.constantFrom(...QUESTIONS) });
  assertProperty(
    fc.property(drawn, ({ history, place, question }) => {
      const reads = history.steps.flatMap((step) => (step.kind === 'read' ? [step.statement] : []));
      const last = reads.at(-1);
      if (!last) return;
      const bench = openBench(settings({ ...history.stream, lagMs: 2 * HOUR }, { since: FROM }));
      for (const each of reads.slice(0, -1)) bench.apply(withTokens(each), NOW);
      const before = rowTexts(seriesOf(bench, question));
      if (place % 2 === 0) bench.reopen();
      const work = seriesSteps(bench, question);
      let next = work.next();
      for (let index = 0; index < place && !next.done; index += 1) next = work.next();
      bench.apply(withTokens(last), NOW + MINUTE);
      while (!next.done) next = work.next();
      const found = rowTexts(next.value).join();
      const after = rowTexts(seriesOf(bench, question)).join();
      assert.ok(found === before.join() || found === after);
      bench.ledger.close();
    }),
    { numRuns: RUNS },
  );
});
