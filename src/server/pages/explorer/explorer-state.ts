import {
  MAX_ROWS,
  type SeriesLabel,
  type SeriesQuestion,
  type Step,
} from '../../../core/reports/cost-series.ts';
import {
  DAY,
  type Instant,
  isoDay,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../../core/values/time.ts';
import { parseSeriesQuery } from '../../api/series-query.ts';
import { matchName } from './links.ts';

/** Ranges with a name; their days move with the clock. */
export const PRESETS = ['today', '7d', '30d', 'this_month', 'last_month', '90d'] as const;
export type Preset = (typeof PRESETS)[number];

export const SORT_KEYS = ['name', 'total', 'change'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** The part of the range that is over, and the same part of the range before. */
interface ComparedRanges {
  readonly over: Range;
  readonly before: Range;
}

/** What the address asks for. It is all the state that the page has. */
export interface ExplorerState {
  /** The parameters as they are kept in links: without the empty and the one-time ones. */
  readonly parameters: URLSearchParams;
  /** Undefined for a range of one's own. */
  readonly preset: Preset | undefined;
  readonly question: SeriesQuestion;
  /** Groupings of which the first with more than one row is shown; one, if the address names it. */
  readonly groupings: readonly (readonly SeriesLabel[])[];
  /** Undefined if no bucket of the range is over. */
  readonly compared: ComparedRanges | undefined;
  readonly sort: { readonly key: SortKey; readonly isDescending: boolean };
  /** A part of a label, in lower case; empty: all rows. */
  readonly search: string;
}

const DEFAULT_PRESET: Preset = '30d';

/** Rows that are asked for: the table lists the first of them and searches all. */
const TOP = String(MAX_ROWS);

/** Reads the address, or says what is wrong with it. */
export function parseState(
  address: URLSearchParams,
  now: Instant,
): ExplorerState | { readonly error: string } {
  const parameters = canonical(address);
  const preset = presetOf(parameters);
  if (preset === 'unknown') return { error: `range must be one of ${PRESETS.join(', ')}` };
  const sort = sortOf(parameters.get('sort') ?? '-total');
  if (!sort)
    return { error: `sort must be one of ${SORT_KEYS.join(', ')}, with - before it for the largest first` };
  const question = parseSeriesQuery(apiParameters(parameters, preset, now), now);
  if ('error' in question) return question;
  return {
    parameters,
    preset,
    question,
    groupings: parameters.get('by') ? [question.by] : groupingsOf(question),
    compared: comparedRanges(question, preset, now),
    sort,
    search: (parameters.get('q') ?? '').toLowerCase(),
  };
}

/** Turns what the forms send into the parameters of links. */
function canonical(address: URLSearchParams): URLSearchParams {
  const parameters = new URLSearchParams(address);
  const [label, value] = [parameters.get('filter'), parameters.get('value')];
  parameters.delete('filter');
  parameters.delete('value');
  if (label && value) parameters.append(matchName(label), value);
  for (const name of ['from', 'to', 'range', 'q', 'by', 'step', 'measure', 'sort'])
    if (parameters.get(name)?.trim() === '') parameters.delete(name);
  if (parameters.has('from') || parameters.has('to')) parameters.delete('range');
  return parameters;
}

function presetOf(parameters: URLSearchParams): Preset | 'unknown' | undefined {
  if (parameters.has('from') || parameters.has('to')) return undefined;
  const given = parameters.get('range') ?? DEFAULT_PRESET;
  return PRESETS.find((preset) => preset === given) ?? 'unknown';
}

function sortOf(text: string): ExplorerState['sort'] | undefined {
  const isDescending = text.startsWith('-');
  const key = SORT_KEYS.find((each) => each === text.slice(isDescending ? 1 : 0));
  return key && { key, isDescending };
}

/** The parameters of the API that ask for the same: for the query, and for the link to its answer. */
function apiParameters(
  parameters: URLSearchParams,
  preset: Preset | undefined,
  now: Instant,
): URLSearchParams {
  const api = new URLSearchParams(parameters);
  for (const name of ['range', 'sort', 'q']) api.delete(name);
  if (preset) {
    const { start, end } = rangeOf(preset, now);
    api.set('from', isoDay(start));
    api.set('to', isoDay(end));
  }
  if (!api.has('step')) api.set('step', stepOf(api, now));
  if (api.get('step') === 'month') alignToMonths(api);
  if (!api.has('top')) api.set('top', TOP);
  return api;
}

/** Bars of a month are whole months. */
function alignToMonths(api: URLSearchParams): void {
  const [from, to] = [Date.parse(api.get('from') ?? ''), Date.parse(api.get('to') ?? '')];
  if (from >= 0) api.set('from', isoDay(startOfMonth(from)));
  if (to > 0) api.set('to', isoDay(startOfMonth(to - 1, 1)));
}

function rangeOf(preset: Preset, now: Instant): Range {
  const today = startOfDay(now);
  const end = today + DAY;
  switch (preset) {
    case 'today':
      return { start: today, end };
    case '7d':
      return { start: end - 7 * DAY, end };
    case '30d':
      return { start: end - 30 * DAY, end };
    case '90d':
      return { start: end - 90 * DAY, end };
    case 'this_month':
      return { start: startOfMonth(now), end };
    case 'last_month':
      return { start: startOfMonth(now, -1), end: startOfMonth(now) };
  }
}

const MAX_HOURLY_DAYS = 2;
const MAX_DAILY_DAYS = 124;

/** The step that draws a readable number of bars. */
function stepOf(api: URLSearchParams, now: Instant): Step {
  const start = Date.parse(api.get('from') ?? isoDay(startOfMonth(now)));
  const end = Date.parse(api.get('to') ?? isoDay(startOfDay(now) + DAY));
  const days = (end - start) / DAY;
  if (days <= MAX_HOURLY_DAYS) return 'hour';
  // What is not a date is refused later, with a step of a day.
  return days > MAX_DAILY_DAYS ? 'month' : 'day';
}

/** Today, or this month if each bar is a month, is not compared: it would be a part against a whole. */
function comparedRanges(
  { range, step }: SeriesQuestion,
  preset: Preset | undefined,
  now: Instant,
): ComparedRanges | undefined {
  const { start } = range;
  const end = Math.min(range.end, step === 'month' ? startOfMonth(now) : startOfDay(now));
  if (end <= start) return undefined;
  if (step === 'month' || preset === 'last_month') {
    const months = monthsIn(range);
    return {
      over: { start, end },
      before: { start: startOfMonth(start, -months), end: startOfMonth(end, -months) },
    };
  }
  if (preset === 'this_month') {
    const first = startOfMonth(start, -1);
    // The month before may have fewer days.
    const length = Math.min(end - start, start - first);
    return { over: { start, end: start + length }, before: { start: first, end: first + length } };
  }
  const length = range.end - start;
  return { over: { start, end }, before: { start: start - length, end: end - length } };
}

function monthsIn({ start, end }: Range): number {
  const [first, last] = [new Date(start), new Date(end)];
  return 12 * (last.getUTCFullYear() - first.getUTCFullYear()) + last.getUTCMonth() - first.getUTCMonth();
}

/** From the whole to its parts: the labels that are not narrowed to one value yet. */
function groupingsOf({ match, measure }: SeriesQuestion): SeriesLabel[][] {
  const order: SeriesLabel[] = ['provider', 'account', 'model', 'resource', 'tier'];
  if (measure === 'tokens') order.push('token_type');
  const open = order.filter((label) => !isNarrowed(match.get(label) ?? []));
  return open.length > 0 ? open.map(groupingOf) : [['tier']];
}

function isNarrowed(patterns: readonly string[]): boolean {
  return patterns.length === 1 && !patterns.some((pattern) => pattern.includes('*'));
}

/** A resource has a name that people know. */
export function groupingOf(label: SeriesLabel): SeriesLabel[] {
  return label === 'resource' ? ['resource', 'name'] : [label];
}

/** The address of the API with the numbers that the page shows. */
export function csvLink(state: ExplorerState, by: readonly SeriesLabel[], now: Instant): string {
  const api = apiParameters(state.parameters, state.preset, now);
  if (!state.parameters.has('top')) api.delete('top');
  api.set('by', by.join(','));
  api.set('format', 'csv');
  return `api/v1/costs/series?${api}`;
}
