import type { Range } from './time.ts';

/** Ranges in order, those that touch or overlap made one. */
export function joinRanges(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && last.end >= range.start)
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    else result.push({ start: range.start, end: range.end });
  }
  return result;
}

/** The parts of `range` that lie in none of `covered`, oldest first. */
export function gapsIn(covered: readonly Range[], range: Range): Range[] {
  const gaps: Range[] = [];
  let at = range.start;
  for (const part of joinRanges(covered)) {
    if (part.end <= at) continue;
    if (part.start >= range.end) break;
    if (part.start > at) gaps.push({ start: at, end: part.start });
    at = Math.max(at, part.end);
  }
  if (at < range.end) gaps.push({ start: at, end: range.end });
  return gaps;
}
