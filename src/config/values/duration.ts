import { DAY, HOUR, MINUTE, SECOND } from '../../core/values/time.ts';

const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };
const DURATION = /^(\d{1,9}(?:\.\d{1,9})?)([smhd])$/;

/** How a duration is written, for messages and the JSON Schema. */
export const DURATION_FORM = 'a number and s, m, h or d, such as 90s, 2m, 1.5h or 1d';
/** The same as a regular expression. */
export const DURATION_PATTERN = DURATION.source;

/** Milliseconds of a duration such as `90s`, `2m`, `1.5h` or `1d`; undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = DURATION.exec(text) ?? [];
  const unitMs = UNITS[unit];
  return count === undefined || unitMs === undefined ? undefined : Math.round(Number(count) * unitMs);
}

/** The duration as it would be written: `90s`, `2m`, `1d`. */
export function formatDuration(ms: number): string {
  const [unit, unitMs] = Object.entries(UNITS).findLast(([, size]) => ms >= size && ms % size === 0) ?? [
    's',
    SECOND,
  ];
  return `${ms / unitMs}${unit}`;
}
