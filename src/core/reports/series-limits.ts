import { keptFrom } from '../ledger/stream-amounts.ts';
import { joinRanges } from '../values/ranges.ts';
import type { Instant, Range } from '../values/time.ts';
import type { SeriesQuestion, Step, StepLimit } from './cost-series.ts';
import { bitsOf, endOf, type Unknowns } from './series-known.ts';
import type { AskedStream, ReadPart } from './series-parts.ts';

/** Where amounts of a stream are kept by a longer step than was asked for, or not at all. */
export interface StreamLimits extends AskedStream {
  readonly unknown: Unknowns;
  /** By bucket, where there is one. */
  readonly finest: readonly (Step | undefined)[];
}

export interface LimitsInput {
  readonly question: Pick<SeriesQuestion, 'step' | 'measure'>;
  readonly buckets: readonly Instant[];
  readonly streams: readonly AskedStream[];
  readonly parts: readonly ReadPart[];
  /** Whether anything of a bucket was read. */
  readonly isRead: (stream: AskedStream, bucket: Range) => boolean;
}

/** The limits by the id of the stream; streams without limits are left out. */
export function* limitsOf(input: LimitsInput): Generator<void, ReadonlyMap<number, StreamLimits>> {
  const { step } = input.question;
  const coarse = Map.groupBy(
    step === 'hour' ? input.parts.filter(({ column }) => !column.hours) : [],
    ({ source }) => ('kind' in source ? 0 : source.stream.id),
  );
  const limits = new Map<number, StreamLimits>();
  for (const asked of input.streams) {
    const found = limitsOfStream(input, asked, coarse.get(asked.stream.id) ?? []);
    if (found.unknown !== 0n) limits.set(asked.stream.id, found);
    yield;
  }
  return limits;
}

function limitsOfStream(input: LimitsInput, asked: AskedStream, coarse: readonly ReadPart[]): StreamLimits {
  const { question, buckets, isRead } = input;
  const first = keptFrom(asked.stream);
  const isMonthly = question.measure === 'cost' && question.step === 'month';
  const isClosed = (start: Instant) =>
    !isMonthly && start < first && isRead(asked, { start, end: endOf(question.step, start) });
  const closed = buckets.map(isClosed);
  const finest = closed.map((is): Step | undefined =>
    is && question.measure === 'cost' ? 'month' : undefined,
  );
  const flags = [...closed];
  for (const { bucket } of coarse) {
    for (let index = Math.max(0, bucket); index < Math.min(bucket + 24, buckets.length); index += 1) {
      finest[index] = 'day';
      flags[index] = true;
    }
  }
  return { ...asked, unknown: bitsOf(flags), finest };
}

/** The limits of some streams as ranges, joined per account. */
export function stepLimits(
  streams: readonly StreamLimits[],
  step: Step,
  buckets: readonly Instant[],
): StepLimit[] {
  return [...Map.groupBy(streams, ({ account }) => account)]
    .flatMap(([{ provider, account }, limits]) =>
      (['day', 'month'] as const).flatMap((finestStep) => {
        const ranges = limits.flatMap(({ finest }) =>
          buckets.flatMap((start, index) =>
            finest[index] === finestStep ? [{ start, end: endOf(step, start) }] : [],
          ),
        );
        return joinRanges(ranges).map((range) => ({ provider, account, finestStep, ...range }));
      }),
    )
    .sort((a, b) => a.start - b.start);
}
