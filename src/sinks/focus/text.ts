import { setImmediate as nextTurn } from 'node:timers/promises';
import { FOCUS_COLUMNS, type FocusRow, type FocusValue } from '../../core/focus/columns.ts';
import { formatDecimal, parseDecimal } from '../../core/values/money.ts';
import type { Instant } from '../../core/values/time.ts';

/** The formats that are text, one line per row. */
export const TEXT_FORMATS = ['csv', 'jsonl'] as const;
export type TextFormat = (typeof TEXT_FORMATS)[number];

const ENCODERS: Readonly<Record<TextFormat, { readonly head: string; lineOf(row: FocusRow): string }>> = {
  csv: { head: csvLine(FOCUS_COLUMNS.map(({ name }) => name)), lineOf: (row) => csvLine(row.map(csvCell)) },
  jsonl: { head: '', lineOf: jsonLine },
};

/** How long rows are written before others get a turn. */
const TURN_MS = 5;
/** Text that is passed on at once. */
const PIECE_LENGTH = 64 * 1024;

/** The text of an export, made as it is read; `passingOn` is called before each piece. */
export async function* textPieces(
  rows: Iterable<FocusRow | undefined>,
  format: TextFormat,
  passingOn: () => void = () => {},
): AsyncGenerator<string> {
  const { head, lineOf } = ENCODERS[format];
  let text = head;
  let startedAt = performance.now();
  for (const row of rows) {
    if (row) text += lineOf(row);
    if (text.length >= PIECE_LENGTH) {
      passingOn();
      yield text;
      text = '';
    }
    if (performance.now() - startedAt < TURN_MS) continue;
    await nextTurn();
    startedAt = performance.now();
  }
  yield text;
}

/** Reads a line of `jsonl` back. @throws {SyntaxError} {RangeError} if it is not one. */
export function parseLine(line: string): FocusRow {
  const found: Record<string, unknown> = JSON.parse(line, exactNumber);
  return FOCUS_COLUMNS.map(({ name, kind }): FocusValue => {
    const value = found[name];
    if (value === null) return null;
    if (typeof value !== 'string') throw new SyntaxError(`a line has no ${name}`);
    if (kind === 'decimal') return parseDecimal(value);
    return kind === 'instant' ? Date.parse(value) : value;
  });
}

/** A double would not hold all digits. */
function exactNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? context?.source : value;
}

/** RFC 4180. Text is verbatim: what reads it is no spreadsheet. */
function csvLine(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`;
}

function csvCell(value: FocusValue, place: number): string {
  if (value === null) return '';
  const text = textOf(value, place);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Numbers are JSON numbers, with all of their digits. */
function jsonLine(row: FocusRow): string {
  const members = row.map((value, place) => {
    const column = FOCUS_COLUMNS[place];
    const text = value === null ? 'null' : textOf(value, place);
    const isBare = value === null || column?.kind === 'decimal';
    return `${JSON.stringify(column?.name)}:${isBare ? text : JSON.stringify(text)}`;
  });
  return `{${members.join(',')}}\n`;
}

function textOf(value: Exclude<FocusValue, null>, place: number): string {
  if (typeof value === 'bigint') return decimalText(value);
  return FOCUS_COLUMNS[place]?.kind === 'instant' ? instantText(Number(value)) : String(value);
}

/** A reader that guesses types takes a column without a decimal point for whole numbers. */
function decimalText(value: bigint): string {
  const text = formatDecimal(value);
  return text.includes('.') ? text : `${text}.0`;
}

function instantText(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
