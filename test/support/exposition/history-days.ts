import { type Fixed, parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, type Instant, SECOND } from '../../../src/core/values/time.ts';

/** A line of a history with its labels as text. */
const SAMPLE = /^(\w+)\{(.*)\} (\S+) (\S+)$/;

export interface HistoryText {
  /** The values of each series by instant: `name{labels}`. */
  readonly series: ReadonlyMap<string, ReadonlyMap<Instant, Fixed>>;
  readonly samples: number;
}

/** Reads OpenMetrics text with timestamps. @throws if it does not end as it must. */
export function parseHistory(text: string): HistoryText {
  const lines = text.split('\n');
  if (lines.at(-2) !== '# EOF' || lines.at(-1) !== '') throw new Error('the text has no end');
  const series = new Map<string, Map<Instant, Fixed>>();
  let samples = 0;
  for (const line of lines) {
    const [, name, labels, value, seconds] = SAMPLE.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    samples += 1;
    const key = `${name}{${labels}}`;
    const values = series.get(key) ?? new Map<Instant, Fixed>();
    series.set(key, values.set(Number(seconds) * SECOND, parseDecimal(value)));
  }
  return { series, samples };
}

/** How much a counter grew on the UTC day that begins at `day`, less its corrections. */
export function netOfDay(
  { series }: HistoryText,
  name: string,
  correctionsName: string,
  labels: string,
  day: Instant,
): Fixed {
  const grown = (each: string) => {
    const values = series.get(`${each}{${labels}}`);
    return (values?.get(day + DAY) ?? 0n) - (values?.get(day) ?? 0n);
  };
  return grown(name) - grown(correctionsName);
}
