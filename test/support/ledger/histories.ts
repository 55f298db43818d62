import fc from 'fast-check';
import type { StreamSettings } from '../../../src/core/ledger/settings.ts';
import type { Statement } from '../../../src/core/statement/statement.ts';
import { ONE } from '../../../src/core/values/money.ts';
import { DAY, type Granularity, HOUR, MINUTE, sizeOf } from '../../../src/core/values/time.ts';
import { utc } from './ledger.ts';

/** Lives of a ledger, drawn at random. */

export const START = utc('2026-11-20');
const RESOURCES = ['a', 'b', 'c'];

export interface History {
  readonly stream: Partial<StreamSettings>;
  readonly granularities: readonly Granularity[];
  readonly settleMs: number;
  readonly steps: readonly Step[];
}

export type Step =
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
    const charge = fc.record({
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
        charges: fc.array(charge, { maxLength: 8 }),
        // Around the end of the range within minutes and hours, and long after it.
        lag: fc.oneof(
          fc.integer({ min: -5, max: 5 }),
          fc.integer({ min: -90, max: 60 }),
          fc.integer({ min: -1500, max: 6000 }),
        ),
        isAligned: fc.boolean(),
      })
      .map(({ first: drawn, length, charges, lag, isAligned }) => {
        // From the start of an hour or a day, as often as not: only then do finer buckets cover a coarser one whole.
        const first = isAligned ? drawn - (drawn % (granularity === 'minute' ? 60 : 24)) : drawn;
        const start = START + from + first * size;
        const range = { start, end: start + length * size };
        return {
          stream: 'usage',
          granularity,
          range,
          lag,
          omittedTiers: [],
          charges: charges.map(({ place, resource, units }) => ({
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

/** Of a provider that bills only days that have ended. Some readings come too early, and say nothing of their last day. */
export const CLOSED_DAYS = histories({ granularities: ['day'], closedBuckets: true }, ['day']);

/** Of every kind of stream. */
export const ALL = fc.oneof(
  histories({ granularities: ['minute'] }, ['minute']),
  histories({ granularities: ['hour'] }, ['hour']),
  histories({ granularities: ['day'] }, ['day']),
  CLOSED_DAYS,
  histories({ granularities: ['hour'], closedBuckets: true }, ['hour']),
  histories(ONE_TRUTH, ['minute', 'hour', 'day']),
  histories({ ...ONE_TRUTH, granularities: ['hour', 'day'] }, ['hour', 'day']),
  histories({ ...ONE_TRUTH, granularities: ['minute', 'hour'] }, ['minute', 'hour']),
);
