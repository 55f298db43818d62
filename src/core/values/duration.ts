import { DAY, HOUR, MINUTE, SECOND } from './time.ts';

type Units = Readonly<Record<string, number>>;

const UNITS: Units = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };
/** The notation as a regular expression. */
export const DURATION = /^\d{1,9}(?:\.\d{1,9})?[smhd]$/;

/** The notation, for messages and the JSON Schema. */
export const DURATION_FORM = 'a number and s, m, h or d, such as 90s, 2m, 1.5h or 1d';

/** Milliseconds of a duration such as `90s`, `2m`, `1.5h` or `1d`; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  return DURATION.test(text) ? Math.round(sumParts(text, UNITS)) : undefined;
}

/** Formats a duration: `90s`, `2m`, `1d`. */
export function formatDuration(ms: number): string {
  const [unit, unitMs] = Object.entries(UNITS).findLast(([, size]) => ms >= size && ms % size === 0) ?? [
    's',
    SECOND,
  ];
  return `${ms / unitMs}${unit}`;
}

const GO_UNITS: Units = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: SECOND, m: MINUTE, h: HOUR };

/** Milliseconds of a Go duration such as `1m30s`; undefined for any other text. https://pkg.go.dev/time#ParseDuration */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  return /^(?:\d+(?:\.\d+)?(?:[nuµm]s|[smh]))+$/.test(text) ? sumParts(text, GO_UNITS) : undefined;
}

function sumParts(text: string, units: Units): number {
  const parts = [...text.matchAll(/([\d.]+)([a-zµ]+)/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0);
}
