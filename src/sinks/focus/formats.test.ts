import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { parseCsv } from '../../../test/support/focus/csv.ts';
import { FOCUS_COLUMNS, type FocusRow, type FocusValue } from '../../core/focus/columns.ts';
import { ONE } from '../../core/values/money.ts';
import { parquetPieces } from './parquet.ts';
import { parseLine, type TextFormat, textPieces } from './text.ts';

const AT = Date.UTC(2026, 9, 3, 5);
/** More digits than a double holds. */
const LONG = 123_456_789_012_345_678n;

function rowWith(values: Readonly<Record<string, FocusValue>>): FocusRow {
  return FOCUS_COLUMNS.map(({ name, kind }) => values[name] ?? (kind === 'instant' ? AT : null));
}

const ROWS = [
  rowWith({
    BilledCost: LONG,
    ResourceId: '=1+1',
    ChargeDescription: 'a "b", c\r\nd',
    ConsumedQuantity: ONE,
  }),
  rowWith({ BilledCost: -1n, ResourceId: 'Zürich 🙂', x_OriginalCost: 0n }),
];

async function textOf(rows: readonly (FocusRow | undefined)[], format: TextFormat): Promise<string> {
  return (await Readable.from(textPieces(rows, format)).toArray()).join('');
}

async function parquetOf(rows: readonly FocusRow[]): Promise<Uint8Array> {
  return Buffer.concat(await Readable.from(parquetPieces(rows)).toArray());
}

test('focus CSV: numbers have a decimal point, text is verbatim, and null is empty', async () => {
  const text = await textOf([undefined, ...ROWS], 'csv');
  const [first, second, ...more] = parseCsv(text);
  assert.deepEqual(more, []);
  assert.deepEqual(
    Object.keys(first ?? {}),
    FOCUS_COLUMNS.map(({ name }) => name),
  );
  assert.equal(first?.BilledCost, '123456.789012345678');
  assert.equal(first?.ConsumedQuantity, '1.0');
  assert.equal(first?.ResourceId, '=1+1');
  assert.equal(first?.ChargeDescription, 'a "b", c\r\nd');
  assert.equal(first?.ChargePeriodStart, '2026-10-03T05:00:00Z');
  assert.equal(first?.InvoiceId, null);
  assert.equal(second?.BilledCost, '-0.000000000001');
  assert.equal(second?.x_OriginalCost, '0.0');
});

test('focus JSON lines: read back, they are the rows to the last digit', async () => {
  const lines = (await textOf(ROWS, 'jsonl')).trimEnd().split('\n');
  assert.deepEqual(lines.map(parseLine), ROWS);
  assert.match(lines[0] ?? '', /^\{"BilledCost":123456\.789012345678,/);
  assert.throws(() => parseLine('{"BilledCost":1.0}'), SyntaxError);
});

test('focus Parquet: another reader finds the same values, over several row groups', async () => {
  const rows = Array.from({ length: 20_001 }, (_, index) =>
    rowWith({ BilledCost: BigInt(index), x_Model: `m${index % 7}` }),
  );
  const file = await parquetOf([...ROWS, ...rows]);
  const found = await parquetReadObjects({ file: new Uint8Array(file).buffer });
  assert.equal(found.length, rows.length + ROWS.length);
  const [first, second] = found;
  assert.equal(first?.BilledCost, Number('123456.789012345678'));
  assert.equal(first?.ChargeDescription, 'a "b", c\r\nd');
  assert.deepEqual(first?.ChargePeriodStart, new Date(AT));
  assert.equal(first?.InvoiceId ?? null, null);
  assert.equal(second?.ResourceId, 'Zürich 🙂');
  assert.deepEqual([found.at(-1)?.BilledCost, found.at(-1)?.x_Model], [20_000e-12, 'm1']);
});

test('focus Parquet: an export without rows is a file with all columns', async () => {
  const file = await parquetOf([]);
  assert.deepEqual(await parquetReadObjects({ file: new Uint8Array(file).buffer }), []);
});
