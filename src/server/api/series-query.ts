import {
  MAX_BUCKETS,
  MAX_ROWS,
  SERIES_LABELS,
  SERIES_MEASURES,
  type SeriesLabel,
  type SeriesMeasure,
  type SeriesQuestion,
  STEPS,
  type Step,
} from '../../core/reports/cost-series.ts';
import { DAY, HOUR, type Instant, type Range, startOfDay, startOfMonth } from '../../core/values/time.ts';
import { parseInstant, quote } from './parameters.ts';
import { bucketText } from './series-answer.ts';

/** What is wrong with a query, and what to write instead. */
export interface QueryError {
  readonly error: string;
}

/** Many more than a question needs; each is compared with each series. */
const MAX_PATTERNS = 32;
/** As long as a label may be. */
const MAX_PATTERN_LENGTH = 256;

const PARAMETERS = ['from', 'to', 'step', 'by', 'top', 'measure'] as const;
const MATCH = /^match\[([^\]]*)\]$/;

class InvalidQuery extends Error {}

/** Parses the parameters of `/api/v1/costs/series`, or says what is wrong with them. */
export function parseSeriesQuery(query: URLSearchParams, now: Instant): SeriesQuestion | QueryError {
  try {
    return questionOf(query, now);
  } catch (error) {
    if (error instanceof InvalidQuery) return { error: error.message };
    throw error;
  }
}

function questionOf(query: URLSearchParams, now: Instant): SeriesQuestion {
  const match = matchOf(query);
  const step = oneOf('step', query.get('step') ?? 'day', STEPS);
  const measure = oneOf('measure', query.get('measure') ?? 'cost', SERIES_MEASURES);
  const by = byOf(query.get('by') ?? '');
  for (const label of [...by, ...match.keys()]) refuseStray(label, measure);
  return { range: rangeOf(query, step, now), step, by, match, top: topOf(query.get('top')), measure };
}

function matchOf(query: URLSearchParams): Map<SeriesLabel, string[]> {
  const match = new Map<SeriesLabel, string[]>();
  let patterns = 0;
  const seen = new Set<string>();
  for (const [key, value] of query) {
    const name = MATCH.exec(key)?.[1];
    if (name !== undefined) {
      patterns += 1;
      if (patterns > MAX_PATTERNS) throw new InvalidQuery(`at most ${MAX_PATTERNS} patterns can be given`);
      if (value.length > MAX_PATTERN_LENGTH)
        throw new InvalidQuery(`a pattern has at most ${MAX_PATTERN_LENGTH} characters; use * for the rest`);
      const label = oneOf('the label of match', name, SERIES_LABELS);
      match.set(label, [...(match.get(label) ?? []), value]);
      continue;
    }
    if (!PARAMETERS.some((parameter) => parameter === key)) {
      const expected = `${PARAMETERS.join(', ')} or match[label]`;
      throw new InvalidQuery(`unknown parameter ${quote(key)}; expected ${expected}`);
    }
    if (seen.has(key)) throw new InvalidQuery(`${key} is repeated; only match[label] may be`);
    seen.add(key);
  }
  return match;
}

function byOf(text: string): SeriesLabel[] {
  const by: SeriesLabel[] = [];
  for (const name of text === '' ? [] : text.split(',')) {
    const label = oneOf('by', name, SERIES_LABELS);
    if (by.includes(label)) throw new InvalidQuery(`by repeats ${label}; name each label once`);
    by.push(label);
  }
  return by;
}

/** A label that no amount of the measure has would group everything under nothing. */
function refuseStray(label: SeriesLabel, measure: SeriesMeasure): void {
  const needed = label === 'currency' ? 'cost' : label === 'token_type' ? 'tokens' : measure;
  if (needed !== measure) throw new InvalidQuery(`${label} needs measure=${needed}, not ${measure}`);
}

function topOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const top = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (top >= 1 && top <= MAX_ROWS) return top;
  throw new InvalidQuery(`top must be a whole number from 1 to ${MAX_ROWS}, not ${quote(text)}`);
}

function rangeOf(query: URLSearchParams, step: Step, now: Instant): Range {
  const [from, to] = [query.get('from'), query.get('to')];
  const tomorrow = step === 'month' ? startOfMonth(now, 1) : startOfDay(now) + DAY;
  const start = from === null ? startOfMonth(now) : instantOf('from', from, step);
  const end = to === null ? tomorrow : instantOf('to', to, step);
  if (start >= end) {
    const [first, last] = [textOf(start, step), textOf(end, step)];
    const what = `${first}${from === null ? ' (from by default)' : ''} does not lie before ${last}`;
    throw new InvalidQuery(`from must lie before to: ${what}${to === null ? ' (to by default)' : ''}`);
  }
  refuseTooMany({ start, end: Math.min(end, now + 1) }, step);
  return { start, end };
}

const FORMS: Readonly<Record<Step, string>> = {
  hour: 'a UTC date or full hour from 1970 on, such as 2026-11-01 or 2026-11-01T13:00:00Z',
  day: 'a UTC date from 1970 on, such as 2026-11-01',
  month: 'the first day of a month with step=month, such as 2026-11-01',
};

function instantOf(name: string, text: string, step: Step): Instant {
  const at = parseInstant(text);
  const isWhole = { hour: true, day: text.length === 10, month: at !== undefined && startOfMonth(at) === at };
  if (at !== undefined && isWhole[step]) return at;
  throw new InvalidQuery(`${name} must be ${FORMS[step]}, not ${quote(text)}`);
}

function refuseTooMany({ start, end }: Range, step: Step): void {
  const shortest = { hour: HOUR, day: DAY, month: 28 * DAY }[step];
  const count = Math.ceil((end - start) / shortest);
  if (count <= MAX_BUCKETS) return;
  throw new InvalidQuery(`more than ${MAX_BUCKETS} buckets; choose a shorter range, or a longer step`);
}

function oneOf<Name extends string>(what: string, text: string, names: readonly Name[]): Name {
  const name = names.find((known) => known === text);
  if (name === undefined)
    throw new InvalidQuery(`${what} must be one of ${names.join(', ')}, not ${quote(text)}`);
  return name;
}

function textOf(at: Instant, step: Step): string {
  return bucketText(step === 'hour' ? 'hour' : 'day', at);
}
