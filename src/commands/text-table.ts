import stringWidth from 'string-width';
import { magnitude, ONE, parseDecimal } from '../core/values/money.ts';
import { dollarsText } from '../server/pages/format.ts';

/** The width of anything that is not a terminal. */
export const DEFAULT_WIDTH = 80;
export const GAP = '  ';
/** Labels are not made shorter than this. */
const MIN_LABEL_WIDTH = 8;

export type Align = 'left' | 'right';

/** Pads the columns to equal width. Cells that are missing are empty. */
export function alignColumns(rows: readonly (readonly string[])[], aligns: readonly Align[]): string[] {
  const widths = columnWidths(rows, aligns.length);
  return rows.map((row) =>
    aligns
      .map((align, column) => pad(row[column] ?? '', widths[column] ?? 0, align))
      .join(GAP)
      .trimEnd(),
  );
}

function pad(text: string, width: number, align: Align): string {
  const padding = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'left' ? text + padding : padding + text;
}

/** The width of a column that holds these cells: a wide character, such as a Chinese one, takes two columns of a terminal. */
export function widthOf(cells: readonly string[]): number {
  return cells.reduce((width, cell) => Math.max(width, stringWidth(cell)), 0);
}

export function columnWidths(rows: readonly (readonly string[])[], columns: number): number[] {
  return Array.from({ length: columns }, (_, column) => widthOf(rows.map((row) => row[column] ?? '')));
}

/** The width of a line with columns of these widths. */
export function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, widths.length - 1);
}

/** Shortens the widest columns of labels until a line of `columns` labels takes `width` characters. */
export function fitLabels(rows: readonly (readonly string[])[], columns: number, width: number): string[][] {
  const widths = columnWidths(rows, columns);
  while (lineWidth(widths) > width && Math.max(...widths) > MIN_LABEL_WIDTH)
    widths[widths.indexOf(Math.max(...widths))] = Math.max(...widths) - 1;
  return rows.map((row) => row.map((cell, column) => shorten(cell, widths[column] ?? 0)));
}

const GRAPHEMES = new Intl.Segmenter();

/** Cuts between what people see as characters. */
export function shorten(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let [start, left] = ['', width - 1];
  for (const { segment } of GRAPHEMES.segment(text)) {
    left -= stringWidth(segment);
    if (left < 0) break;
    start += segment;
  }
  return `${start}…`;
}

/** A label as it can be printed: what a provider wrote must not reach a terminal as a control sequence. */
export function labelText(name: string, value: string): string {
  return value === '' ? `(no ${name})` : value.replace(/\p{C}/gu, '?');
}

const HALF_CENT = ONE / 200n;

/** Exact dollars to the cent; what is less than half a cent is not shown as 0. Null is unknown. */
export function usdText(exact: string | null): string {
  if (exact === null) return 'unknown';
  const usd = parseDecimal(exact);
  if (usd === 0n || magnitude(usd) >= HALF_CENT) return dollarsText(usd);
  return usd > 0n ? '<$0.01' : '>-$0.01';
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` characters for the largest amount; nothing for a negative one. */
export function barOf(usd: bigint, largest: bigint, width: number): string {
  if (usd <= 0n || largest <= 0n) return '';
  const eighths = Number((usd * BigInt(width) * 8n) / largest);
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

/** A share of a positive whole with one decimal. */
export function shareText(part: bigint, whole: bigint): string {
  if (whole <= 0n) return '';
  const tenths = (magnitude(part) * 2000n + whole) / (whole * 2n);
  const sign = part < 0n && tenths > 0n ? '-' : '';
  return `${sign}${tenths / 10n}.${tenths % 10n} %`;
}
