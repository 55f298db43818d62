import { type Instant, type Range, sizeOf, startOfMonth } from '../values/time.ts';
import type { Step, UnknownAccount } from './cost-series.ts';
import type { CostsAccount } from './labels.ts';
import { isComplete, type PublishInput, type WindowCoverage, windowCoverage } from './windows.ts';

/** Bits of the buckets whose amounts are unknown. */
export type Unknowns = bigint;

export function endOf(step: Step, start: Instant): Instant {
  return step === 'month' ? startOfMonth(start, 1) : start + sizeOf(step);
}

/** The buckets of a range that have begun. */
export function bucketsOf(step: Step, { start, end }: Range, now: Instant): Instant[] {
  const buckets: Instant[] = [];
  for (let at = start; at < end && at <= now; at = endOf(step, at)) buckets.push(at);
  return buckets;
}

/** What was read of an account, as of one moment. */
export interface AccountCoverage {
  readonly since: Instant;
  /** The first day that is read from now on: by default that of last month. */
  readonly readFrom: Instant;
  /** By the name of the stream; undefined if nothing was read of it. */
  readonly streams: ReadonlyMap<string, WindowCoverage | undefined>;
}

export function accountCoverage(input: PublishInput, { id, streams }: CostsAccount): AccountCoverage {
  const coverageOf = (name: string) => {
    const stream = input.state.streamOf(id, name);
    return stream && windowCoverage(input, stream.id);
  };
  return {
    since: input.accounts.get(id)?.since ?? Number.NEGATIVE_INFINITY,
    readFrom: Math.max(...streams.map((name) => input.since(id, name))),
    streams: new Map(streams.map((name) => [name, coverageOf(name)])),
  };
}

/** The buckets that were not read whole by every stream of the account, or begin before its `since`. */
export function unknownBuckets(
  { since, streams }: AccountCoverage,
  step: Step,
  buckets: readonly Instant[],
): Unknowns {
  const coverages = [...streams.values()];
  const isKnown = (start: Instant) =>
    coverages.length > 0 &&
    start >= since &&
    coverages.every((coverage) => coverage && isKnownBucket(coverage, step, start));
  return bitsOf(buckets.map((start) => !isKnown(start)));
}

/** Why some of the buckets are unknown; undefined if none is. */
export function unknownReason(
  { readFrom, streams }: AccountCoverage,
  unknown: Unknowns,
  buckets: readonly Instant[],
): UnknownAccount['reason'] | undefined {
  if (unknown === 0n) return undefined;
  const flags = flagsOf(unknown, buckets.length);
  const last = buckets.findLast((_start, index) => flags[index] === 1) ?? 0;
  if (last < readFrom) return 'before_since';
  return [...streams.values()].every((coverage) => coverage?.covered.length)
    ? 'not_read_whole'
    : 'nothing_read';
}

/** How far back an account is read does not matter here: what was read longer ago is known all the same. */
function isKnownBucket(coverage: WindowCoverage, step: Step, start: Instant): boolean {
  const end = endOf(step, start);
  const bucket = { start, end, isOver: end <= coverage.now };
  // An hour has to be read to its end: readings may lag for longer than it lasts, and would show 0 for hours nobody has read.
  const lagMs = step === 'hour' ? 0 : coverage.lagMs;
  return isComplete(bucket, { ...coverage, lagMs, since: Number.NEGATIVE_INFINITY });
}

export function bitsOf(flags: readonly boolean[]): Unknowns {
  if (!flags.includes(true)) return 0n;
  return BigInt(
    `0b${flags
      .map((flag) => (flag ? '1' : '0'))
      .reverse()
      .join('')}`,
  );
}

/** One flag per bucket. */
export function flagsOf(unknowns: Unknowns, count: number): Uint8Array {
  const flags = new Uint8Array(count);
  if (unknowns === 0n) return flags;
  const digits = unknowns.toString(2);
  for (let index = 0; index < digits.length; index += 1)
    if (digits[digits.length - 1 - index] === '1') flags[index] = 1;
  return flags;
}
