import { z } from 'zod';
import type { UnknownAccount } from '../core/reports/cost-series.ts';
import { UNKNOWN_REASONS } from '../core/reports/windows.ts';
import { formatDecimal, parseDecimal } from '../core/values/money.ts';
import { DAY, isoDay } from '../core/values/time.ts';
import {
  type Align,
  alignColumns,
  barOf,
  columnWidths,
  fitLabels,
  GAP,
  labelText,
  lineWidth,
  shareText,
  shorten,
  usdText,
  widthOf,
} from './text-table.ts';

const Amount = z.string().nullable();
const Amounts = z.object({ values: z.array(Amount), total: Amount });

/** What the table needs of an answer of `/api/v1/costs/series`. */
export const SeriesAnswer = z.object({
  step: z.string(),
  from: z.string(),
  to: z.string(),
  by: z.array(z.string()),
  buckets: z.array(z.string()),
  series: z.array(Amounts.extend({ labels: z.record(z.string(), z.string()) })),
  other: Amounts.nullable(),
  total: Amounts,
  unknown: z
    .array(z.object({ provider: z.string(), account: z.string(), reason: z.enum(UNKNOWN_REASONS) }))
    .default([]),
  limits: z
    .array(
      z.object({
        provider: z.string(),
        account: z.string(),
        finestStep: z.string(),
        from: z.string(),
        to: z.string(),
      }),
    )
    .default([]),
});
export type SeriesAnswer = z.infer<typeof SeriesAnswer>;

type Row = SeriesAnswer['total'] & { readonly names: readonly string[] };

const MAX_BAR_WIDTH = 40;
const MIN_BAR_WIDTH = 5;
const MAX_ZEROS = 3;
/** Of the name of a series at the head of a column. */
const MAX_HEAD_WIDTH = 18;

/** An answer as a table of a given width: one row per series, or one per bucket. */
export function costsTable(
  answer: SeriesAnswer,
  { isByBucket, width }: { isByBucket: boolean; width: number },
) {
  const lines = isByBucket ? bucketLines(answer, width) : seriesLines(answer, width);
  return `${[titleOf(answer), '', ...lines, ...unknownLines(answer.unknown), ...limitLines(answer)].join('\n')}\n`;
}

function titleOf({ from, to }: SeriesAnswer): string {
  const last = isoDay(Date.parse(to) - DAY);
  return `Cost in US dollars, ${from === last ? from : `${from} to ${last}`} (UTC)`;
}

function rowsOf({ by, series, other }: SeriesAnswer): Row[] {
  const rows = series.map(({ labels, ...amounts }) => {
    return { ...amounts, names: by.map((label) => labelText(label, labels[label] ?? '')) };
  });
  return other ? [...rows, { ...other, names: ['Other', ...by.slice(1).map(() => '')] }] : rows;
}

function seriesLines(answer: SeriesAnswer, width: number): string[] {
  const { by, total } = answer;
  if (by.length === 0) return [`Total  ${amountCells('', [knownOf(total)])[1]}`];
  const rows = withoutZeros(rowsOf(answer), by);
  const numbers = numberColumns(rows, total.total);
  const numberWidth = widthOf(numbers);
  const heads = [by.map(capitalized), ...rows.map(({ names }) => names), ['Total']];
  const labels = fitLabels(heads, by.length, width - numberWidth - GAP.length);
  const barWidth = Math.min(
    MAX_BAR_WIDTH,
    width - lineWidth([...columnWidths(labels, by.length), numberWidth, 0]),
  );
  const largest = rows.reduce((most, row) => max(most, usdOf(row)), 0n);
  const lines = labels.map((names, index) => {
    const row = rows[index - 1];
    const bar = row && barWidth >= MIN_BAR_WIDTH ? barOf(usdOf(row), largest, barWidth) : '';
    return [...by.map((_label, column) => names[column] ?? ''), numbers[index] ?? '', bar];
  });
  return ruled(alignColumns(lines, [...by.map((): Align => 'left'), 'left', 'left']));
}

/** What costs nothing, such as a resource that is gone, takes one row if there is much of it. */
function withoutZeros(rows: readonly Row[], by: readonly string[]): readonly Row[] {
  const zeros = rows.filter(({ total }) => total === '0');
  if (zeros.length <= MAX_ZEROS) return rows;
  const names = [`(${zeros.length} more)`, ...by.slice(1).map(() => '')];
  return [...rows.filter(({ total }) => total !== '0'), { names, values: [], total: '0' }];
}

/** The amount of each line, and its share if the whole is known. */
function numberColumns(rows: readonly Row[], total: string | null): string[] {
  const amounts = rows.map(knownOf);
  const whole = total === null ? partOf(amounts) : knownAs(total);
  const costs = amountCells('Cost', [...amounts, whole]);
  if (total === null)
    return alignColumns(
      costs.map((cost) => [cost]),
      ['right'],
    );
  const shares = amounts.map(({ known = 0n }) => shareText(known, parseDecimal(total)));
  const lines = costs.map((cost, line) => [cost, ['Share', ...shares][line] ?? '']);
  return alignColumns(lines, ['right', 'right']);
}

function usdOf(row: Row): bigint {
  return knownOf(row).known ?? 0n;
}

/** An amount as far as it is known. */
interface KnownAmount {
  /** Undefined if nothing of it is known. */
  readonly known: bigint | undefined;
  readonly isWhole: boolean;
}

function knownAs(amount: string | null): KnownAmount {
  return { known: amount === null ? undefined : parseDecimal(amount), isWhole: amount !== null };
}

function knownOf({ values, total }: SeriesAnswer['total']): KnownAmount {
  return total === null ? partOf(values.map(knownAs)) : knownAs(total);
}

function addKnown(amounts: readonly KnownAmount[]): KnownAmount {
  const all = amounts.flatMap(({ known }) => known ?? []);
  const known = all.length > 0 ? all.reduce((sum, each) => sum + each, 0n) : undefined;
  return { known, isWhole: amounts.every(({ isWhole }) => isWhole) };
}

/** What is known of a sum that is not known as a whole. */
function partOf(amounts: readonly KnownAmount[]): KnownAmount {
  return { ...addKnown(amounts), isWhole: false };
}

const MORE = ' + ?';

/** A column of amounts below its head; those known in part are marked, and the others keep their place. */
function amountCells(head: string, amounts: readonly KnownAmount[]): string[] {
  const isPart = ({ known, isWhole }: KnownAmount) => known !== undefined && !isWhole;
  const space = amounts.some(isPart) ? ' '.repeat(MORE.length) : '';
  const cells = amounts.map((amount) => {
    const text = amount.known === undefined ? 'unknown' : usdText(formatDecimal(amount.known));
    return `${text}${isPart(amount) ? MORE : space}`;
  });
  return [`${head}${space}`, ...cells];
}

/** As many of the largest series as fit, and the others added up. */
function bucketLines(answer: SeriesAnswer, width: number): string[] {
  const { step, buckets, total } = answer;
  const rows = answer.by.length === 0 ? [] : rowsOf(answer);
  const first = [capitalized(step), ...buckets, 'Total'];
  const wholes = [...total.values, total.total].map(knownAs);
  const parts =
    rows.length > 0 ? sumsOf(rows, buckets.length) : [...total.values.map(knownAs), knownOf(total)];
  const sums = wholes.map((whole, index) => (whole.isWhole ? whole : partOf(parts.slice(index, index + 1))));
  const last = amountCells('Total', sums);
  const columnsOf = (count: number) => {
    const rest = rows.slice(count);
    const shown = rows
      .slice(0, count)
      .map((row) =>
        amountCells(shorten(row.names.join(' / '), MAX_HEAD_WIDTH), [
          ...row.values.map(knownAs),
          knownOf(row),
        ]),
      );
    const others = rest.length > 0 ? [amountCells('Other', sumsOf(rest, buckets.length))] : [];
    return [first, ...shown, ...others, last];
  };
  const fits = (columns: readonly (readonly string[])[]) => lineWidth(columns.map(widthOf)) <= width;
  const counts = Array.from({ length: rows.length }, (_, index) => rows.length - index);
  const columns = counts.map(columnsOf).find(fits) ?? [first, last];
  const lines = first.map((_cell, line) => columns.map((column) => column[line] ?? ''));
  return ruled(alignColumns(lines, ['left', ...columns.slice(1).map((): Align => 'right')]));
}

/** What some rows come to in each bucket, and in all. */
function sumsOf(rows: readonly Row[], buckets: number): KnownAmount[] {
  const inBuckets = Array.from({ length: buckets }, (_, bucket) =>
    addKnown(rows.map(({ values }) => knownAs(values[bucket] ?? null))),
  );
  return [...inBuckets, addKnown(rows.map(knownOf))];
}

/** A line above the total. */
function ruled(lines: readonly string[]): string[] {
  return [...lines.slice(0, -1), '─'.repeat(widthOf(lines)), ...lines.slice(-1)];
}

const REASONS: Readonly<Record<(typeof UNKNOWN_REASONS)[number], string>> = {
  before_since: 'part of this time is before the first day that is read (since)',
  nothing_read: 'nothing has been read yet',
  not_read_whole: 'not all of this time has been read yet, or it is billed only after the day has ended',
};

/** Days of old months are not kept. */
function limitLines({ limits }: SeriesAnswer): string[] {
  if (limits.length === 0) return [];
  const lines = limits.map(
    ({ provider, account, finestStep, from, to }) =>
      `Unknown: ${labelText('provider', provider)} "${labelText('account', account)}": from ${from} to ${to} only each ${finestStep} is kept: ask for whole ${finestStep}s`,
  );
  return ['', ...lines];
}

/** The accounts without which a total is unknown, by reason. */
export function unknownLines(unknown: readonly UnknownAccount[]): string[] {
  if (unknown.length === 0) return [];
  const byReason = Map.groupBy(unknown, ({ reason }) => reason);
  const lines = [...byReason].map(([reason, accounts]) => {
    const names = accounts.map(
      ({ provider, account }) => `${labelText('provider', provider)} "${labelText('account', account)}"`,
    );
    return `Unknown: ${names.join(', ')}: ${REASONS[reason]}`;
  });
  return ['', ...lines];
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replaceAll('_', ' ');
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
