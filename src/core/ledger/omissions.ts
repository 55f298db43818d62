import type { Measure, Statement } from '../statement/statement.ts';
import { getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { type Instant, intersection, MINUTE, type Range } from '../values/time.ts';
import type { StreamState } from './cell.ts';
import type { PendingOmission, StreamRow } from './records.ts';
import type { LedgerState } from './state.ts';
import { isComposed } from './stream-amounts.ts';

/** An omission is confirmed by another answer that also lacks the tier, at least this long after the first. */
const CONFIRM_AFTER_MS = 15 * MINUTE;

/** The tiers whose old amounts stay, and the stream's pending omissions from now on. */
export interface OmissionsOutcome {
  readonly kept: ReadonlySet<string>;
  readonly pending: readonly PendingOmission[];
}

export interface OmissionsInput {
  readonly state: LedgerState;
  readonly stream: StreamRow;
  readonly statement: Statement;
}

/**
 * Decides which omissions to believe: a tier with money that is absent from the answer is zero only once the same answer came
 * twice, at least 15 minutes apart. Until then its old amounts are put back into the statement, and those that it leaves untold always are.
 */
export function updateOmissions(
  input: OmissionsInput,
  before: StreamState,
  range: Range,
  amounts: Map<Instant, Map<number, Fixed>>,
): OmissionsOutcome {
  const { state, stream, statement } = input;
  const { omittedTiers, untold = [] } = statement;
  const known = state.omissions(stream.id);
  const absent = omittedTiers.length + untold.length;
  if (absent === 0 && known.length === 0) return { kept: new Set(), pending: known };
  const stored: StoredAmounts = absent > 0 ? storedAmounts(input, before, range) : new Map();
  const hasMoney = (tier: string) => stored.get(tier)?.some(({ measure }) => measure === 'cost') ?? false;
  const outcome = confirmOmissions(known, input, hasMoney);
  const kept = [...outcome.kept].flatMap((tier) => stored.get(tier) ?? []);
  const parts = untold.flatMap(({ tier, measures }) =>
    (stored.get(tier) ?? []).filter(({ measure }) => measures.includes(measure)),
  );
  for (const { bucket, series, value } of [...kept, ...parts]) {
    const cells = getOrCreate(amounts, bucket, () => new Map());
    getOrCreate(cells, series, () => value);
  }
  return outcome;
}

function confirmOmissions(
  known: readonly PendingOmission[],
  { stream, statement }: OmissionsInput,
  hasMoney: (tier: string) => boolean,
): OmissionsOutcome {
  const { granularity, range, asOf, omittedTiers } = statement;
  const overlaps = (row: PendingOmission) =>
    row.granularity === granularity && intersection(row.range, range) !== undefined;
  const { true: asked = [], false: others = [] } = Object.groupBy(known, (row) => `${overlaps(row)}`);
  const extended = asked
    .filter((row) => omittedTiers.includes(row.tier) && asOf - row.since < CONFIRM_AFTER_MS)
    .map((row) => ({ ...row, range: union(row.range, range) }));
  const added = omittedTiers
    .filter((tier) => !asked.some((row) => row.tier === tier) && hasMoney(tier))
    .map((tier) => ({ stream: stream.id, granularity, tier, range, since: asOf }));
  const kept = new Set([...extended, ...added].map(({ tier }) => tier));
  return { kept, pending: [...others, ...extended, ...added] };
}

function union(a: Range, b: Range): Range {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

interface StoredAmount {
  readonly bucket: Instant;
  readonly series: number;
  readonly value: Fixed;
  readonly measure: Measure;
}

type StoredAmounts = ReadonlyMap<string, readonly StoredAmount[]>;

/** The amounts of a range by tier. */
function storedAmounts(
  { state, statement }: OmissionsInput,
  before: StreamState,
  range: Range,
): StoredAmounts {
  // Where a stream has several granularities, the cells of a day are another reading of the same money.
  const compacted = isComposed(before) ? [] : (['day'] as const);
  const stored = new Map<string, StoredAmount[]>();
  for (const granularity of new Set([statement.granularity, ...compacted])) {
    for (const [bucket, cells] of before.cells(granularity, range)) {
      for (const [series, { value }] of cells) {
        const row = state.series.get(series);
        if (value === 0n || !row) continue;
        const ofTier = getOrCreate(stored, row.tier, () => []);
        ofTier.push({ bucket, series, value, measure: row.measure });
      }
    }
  }
  return stored;
}
