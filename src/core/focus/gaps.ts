import type { UnknownAccount } from '../reports/cost-series.ts';
import {
  accountCoverage,
  bucketsOf,
  flagsOf,
  unknownBuckets,
  unknownReason,
} from '../reports/series-known.ts';
import { askedStreams } from '../reports/series-parts.ts';
import type { PublishInput } from '../reports/windows.ts';
import { joinRanges } from '../values/ranges.ts';
import { DAY, intersection, type Range, startOfDay } from '../values/time.ts';
import { type CellsInput, cellsOf, monthsIn, rolledUp } from './cells.ts';
import type { FocusAccount } from './columns.ts';

export const GAP_REASONS = [
  'before_since',
  'nothing_read',
  'not_read_whole',
  'kept_by_month',
  'no_exchange_rate',
] as const;
export type GapReason = (typeof GAP_REASONS)[number];

/** What an export lacks of an account. */
export interface FocusGap extends Range {
  readonly provider: string;
  readonly account: string;
  readonly reason: GapReason;
}

/** Everything that an export of the range lacks; empty if it is the whole truth so far. */
export function* focusGaps(
  input: CellsInput,
  accounts: readonly FocusAccount[],
  range: Range,
): Generator<void, FocusGap[]> {
  const { ledger } = input;
  const gaps: FocusGap[] = [];
  for (const account of accounts) {
    yield;
    const { provider, account: name } = account;
    const found = [
      ...unreadDays(ledger, account, range),
      ...rolledDays(ledger, account, range),
      ...(yield* unconverted(input, account, range)),
    ];
    gaps.push(...found.map((gap) => ({ provider, account: name, ...gap })));
  }
  return gaps;
}

type Gap = Pick<FocusGap, 'start' | 'end' | 'reason'>;

function unreadDays(ledger: PublishInput, account: FocusAccount, range: Range): Gap[] {
  const days = bucketsOf('day', range, ledger.now);
  const coverage = accountCoverage(ledger, account);
  const unknown = unknownBuckets(coverage, 'day', days);
  const reason: UnknownAccount['reason'] | undefined = unknownReason(coverage, unknown, days);
  if (reason === undefined) return [];
  const flags = flagsOf(unknown, days.length);
  const missing = days.filter((_day, index) => flags[index] === 1);
  return joinRanges(missing.map((start) => ({ start, end: start + DAY }))).map((gap) => ({ ...gap, reason }));
}

/** Days of which only their month is kept, where the range does not hold all of it. */
function rolledDays(ledger: PublishInput, account: FocusAccount, range: Range): Gap[] {
  const partial = monthsIn(range).filter(({ start, end }) => start < range.start || end > range.end);
  const rolled = askedStreams(ledger, [account]).flatMap((asked) =>
    partial.flatMap((month) => {
      const closed = rolledUp(ledger, asked, month);
      return (closed && intersection(closed, range)) ?? [];
    }),
  );
  return joinRanges(rolled).map((gap) => ({ ...gap, reason: 'kept_by_month' }));
}

/**
 * Buckets with amounts that no rate converts. Their months keep costs only: of one that is rolled up, such an amount is assumed where the
 * stream ever had one.
 */
function* unconverted(input: CellsInput, account: FocusAccount, range: Range): Generator<void, Gap[]> {
  const { ledger } = input;
  const found: Range[] = [];
  for (const asked of askedStreams(ledger, [account])) {
    const ids = new Set<number>();
    for (const { id, stream, measure } of ledger.state.series.values())
      if (measure === 'unconverted' && stream === asked.stream.id) ids.add(id);
    if (ids.size === 0) continue;
    found.push(...monthsIn(range).filter((month) => rolledUp(ledger, asked, month)));
    for (const bucket of cellsOf(input, asked, range)) {
      yield;
      if (bucket && [...bucket.amounts].some(([id, amount]) => ids.has(id) && amount !== 0n))
        found.push({ start: startOfDay(bucket.start), end: startOfDay(bucket.start) + DAY });
    }
  }
  return joinRanges(found).map((gap) => ({
    ...(intersection(gap, range) ?? gap),
    reason: 'no_exchange_rate',
  }));
}
