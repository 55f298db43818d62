import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type AmountRow,
  type LabelledRow,
  MAX_ROWS,
  type SeriesLabel,
  type SeriesQuestion,
  type SeriesReport,
} from '../../../core/reports/cost-series.ts';
import { DAY, type Instant, startOfDay, startOfMonth } from '../../../core/values/time.ts';
import type { Status } from '../status.ts';
import { addSums, type KnownSum, sumOfRow } from './amounts.ts';
import type { ExplorerState } from './explorer-state.ts';
import type { AccountOverview } from './overview.ts';

/** What the page asks of the exporter. */
export interface ExplorerSource {
  status(): Status;
  overview(): Promise<readonly AccountOverview[]>;
  /** The same query as that of `/api/v1/costs/series`. */
  series(question: SeriesQuestion): Promise<SeriesReport>;
  now(): Instant;
}

/** Everything that one page shows. */
export interface ExplorerData {
  readonly state: ExplorerState;
  readonly now: Instant;
  readonly status: Status;
  readonly accounts: readonly AccountOverview[];
  /** The range and grouping that were asked for. */
  readonly report: SeriesReport;
  /** Its rows with what is known of them, the largest first. */
  readonly spenders: readonly Spender[];
  /** All of it. */
  readonly whole: KnownSum;
  /** What of it is over. */
  readonly over: KnownSum;
  /** What the chart stacks. */
  readonly layers: readonly Layer[];
  /** What the part of the range that is over is compared with; undefined if none is. */
  readonly before: SeriesReport | undefined;
  /** Cost by account and day since the first of last month. */
  readonly days: SeriesReport;
}

/** A row of the report. */
export interface Spender {
  readonly row: LabelledRow;
  readonly sum: KnownSum;
  /** What of it is over. */
  readonly over: KnownSum;
}

/** Asks for everything, and yields to the event loop in between: there may be 1,000 rows of 2,000 buckets. */
export async function loadData(source: ExplorerSource, state: ExplorerState): Promise<ExplorerData> {
  const now = source.now();
  const days = await source.series(daysQuestion(now));
  const report = await grouped(source, state);
  const { question, compared } = state;
  const sums = await summedReport(source, question, report);
  const { by, step } = sums;
  const before = compared && (await source.series({ ...question, by, step, range: compared.before }));
  const summed = new Map(sums.series.map((row) => [row.labels.join('\0'), row]));
  const spenders: Spender[] = [];
  for (const row of report.series) {
    if (isTurnOver(spenders.length, report)) await nextTurn();
    const sum = summed.get(row.labels.join('\0'));
    const over = sum ? sumOver(sum, sums, compared?.over.end) : sumOver(row, report, compared?.over.end);
    spenders.push({ row, sum: sumOfRow(sum ?? row), over });
  }
  spenders.sort((a, b) => (a.sum.known === b.sum.known ? 0 : a.sum.known > b.sum.known ? -1 : 1));
  const [status, accounts] = [source.status(), await source.overview()];
  await nextTurn();
  const whole = sumOfRow(sums.total);
  const rest = sums.other && sumOfRow(sums.other);
  const layers = layersOf(report, spenders, rest, whole);
  const over = sumOver(sums.total, sums, compared?.over.end);
  return { state, now, status, accounts, report, spenders, whole, over, layers, before, days };
}

/**
 * What sums are taken from: by the day instead of the hour, because what is not kept by the hour may be known by the day. If only the
 * largest rows are listed, the rows of the two may differ.
 */
async function summedReport(
  source: ExplorerSource,
  question: SeriesQuestion,
  report: SeriesReport,
): Promise<SeriesReport> {
  const { start, end } = report.range;
  const isWhole = startOfDay(start) === start && startOfDay(end) === end;
  const isCut = ({ series }: SeriesReport) => series.length === question.top;
  if (report.step !== 'hour' || !isWhole || isCut(report)) return report;
  const daily = await source.series({ ...question, by: report.by, step: 'day' });
  return isCut(daily) ? report : daily;
}

/** The sum of the buckets that start before `end`. */
function sumOver(row: AmountRow, { buckets, range }: SeriesReport, end = range.start): KnownSum {
  return end === range.end ? sumOfRow(row) : sumOfRow(row, (bucket) => (buckets[bucket] ?? 0) < end);
}

/** Amounts that are added up in a turn of the event loop: a few milliseconds. */
const AMOUNTS_PER_TURN = 20_000;

function isTurnOver(rows: number, { buckets }: SeriesReport): boolean {
  const rowsPerTurn = Math.max(1, Math.floor(AMOUNTS_PER_TURN / Math.max(1, buckets.length)));
  return rows % rowsPerTurn === rowsPerTurn - 1;
}

/** The first grouping with more than one row, or the last one. */
async function grouped(
  source: ExplorerSource,
  { question, groupings }: ExplorerState,
): Promise<SeriesReport> {
  let report = await source.series({ ...question, by: groupings[0] ?? [] });
  for (const by of groupings.slice(1)) {
    if (report.series.length > 1) break;
    const finer = await source.series({ ...question, by });
    if (finer.series.length > 1) report = finer;
  }
  return report;
}

function daysQuestion(now: Instant): SeriesQuestion {
  return {
    range: { start: startOfMonth(now, -1), end: startOfDay(now) + DAY },
    step: 'day',
    by: ['provider', 'account'],
    match: new Map(),
    top: MAX_ROWS,
    measure: 'cost',
  };
}

/** Rows that have a color of their own. */
export const COLORS = 8;

/** A part of the stack of the chart. */
export interface Layer extends AmountRow {
  /** Undefined for what is left over. */
  readonly labels: readonly string[] | undefined;
  /** How many rows it adds up. */
  readonly rows: number;
  readonly sum: KnownSum;
}

/** The largest rows, and what is left over as one: the total less them. */
function layersOf(
  { other, total }: SeriesReport,
  spenders: readonly Spender[],
  otherSum: KnownSum | undefined,
  whole: KnownSum,
): Layer[] {
  const layers = spenders.slice(0, COLORS).map(({ row, sum }): Layer => ({ ...row, rows: 1, sum }));
  const rest = spenders.slice(COLORS);
  const held = total.held.map((sum, bucket) =>
    layers.reduce((left, layer) => left - (layer.held[bucket] ?? 0n), sum),
  );
  const undated = layers.reduce((left, layer) => left - layer.undated, total.undated);
  if (rest.length === 0 && [...held, undated].every((amount) => amount === 0n)) return layers;
  const beyond: readonly AmountRow[] = [...rest.map(({ row }) => row), ...(other ? [other] : [])];
  const values = held.map((amount, bucket) =>
    beyond.some((row) => row.values[bucket] === undefined) ? undefined : amount,
  );
  const known = layers.reduce((left, { sum }) => left - sum.known, whole.known);
  const sums = [...rest.map((each) => each.sum), ...(otherSum ? [otherSum] : [])];
  const sum = { ...addSums(sums), known };
  return [...layers, { values, held, undated, total: undefined, labels: undefined, rows: rest.length, sum }];
}

/** The titles of providers, which people know better than their ids. */
export type Titles = ReadonlyMap<string, string>;

export function titlesOf(accounts: readonly AccountOverview[]): Titles {
  return new Map(accounts.map(({ provider, title }) => [provider, title]));
}

/** The value of a label for people. */
export function valueText(label: SeriesLabel, value: string, titles: Titles): string {
  if (value === '__overflow__') return 'beyond the series limit';
  if (value === '') return `no ${LABEL_NAMES[label].toLowerCase()}`;
  return label === 'provider' ? (titles.get(value) ?? value) : value;
}

export const LABEL_NAMES: Readonly<Record<SeriesLabel, string>> = {
  provider: 'Provider',
  account: 'Account',
  resource: 'Resource',
  model: 'Model',
  tier: 'Tier',
  currency: 'Currency',
  token_type: 'Token type',
  name: 'Name',
  kind: 'Kind',
  project: 'Project',
  team: 'Team',
  environment: 'Environment',
};

/** The name of a row: a resource by its name, anything else by all its labels. */
export function rowName(by: readonly SeriesLabel[], labels: readonly string[], titles: Titles): string {
  const named = by[0] === 'resource' && by[1] === 'name' && labels[1];
  if (named) return named;
  const texts = by.flatMap((label, index) => {
    const value = labels[index] ?? '';
    return label === 'name' && value === '' ? [] : [valueText(label, value, titles)];
  });
  return texts.length > 0 ? texts.join(' \u00b7 ') : 'Everything';
}
