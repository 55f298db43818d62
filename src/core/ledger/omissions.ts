import type { SilenceRow } from './records.ts';
import { type Granularity, type Instant, intersection, MINUTE, type Range } from '../values/time.ts';

/** The same nothing must be answered again after this long before it is believed. */
export const CONFIRM_AFTER_MS = 15 * MINUTE;

export interface Silent {
  readonly stream: number;
  readonly granularity: Granularity;
  readonly range: Range;
  readonly asOf: Instant;
  /** Tiers that the answer left out or gave as null. */
  readonly tiers: readonly string[];
}

/**
 * Decides which silences to believe: a tier that is absent where money stood is zero only when the same answer came
 * twice, at least 15 minutes apart.
 *
 * @param stood says whether money stood for the tier in the statement's range.
 * @returns the tiers whose old values stay, and the stream's open silences from now on.
 */
export function judge(
  known: readonly SilenceRow[],
  silent: Silent,
  stood: (tier: string) => boolean,
): { held: ReadonlySet<string>; open: readonly SilenceRow[] } {
  const held = new Set<string>();
  const open = known.filter((row) => !concerns(row, silent));
  for (const row of known.filter((row) => concerns(row, silent))) {
    if (!silent.tiers.includes(row.tier)) continue;
    if (silent.asOf - row.since >= CONFIRM_AFTER_MS) continue;
    held.add(row.tier);
    open.push({ ...row, range: union(row.range, silent.range) });
  }
  for (const tier of silent.tiers) {
    const asked = known.some((row) => row.tier === tier && concerns(row, silent));
    if (asked || !stood(tier)) continue;
    held.add(tier);
    open.push({
      stream: silent.stream,
      granularity: silent.granularity,
      tier,
      range: silent.range,
      since: silent.asOf,
    });
  }
  return { held, open };
}

function concerns(row: SilenceRow, silent: Silent): boolean {
  return row.granularity === silent.granularity && intersection(row.range, silent.range) !== undefined;
}

function union(a: Range, b: Range): Range {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}
