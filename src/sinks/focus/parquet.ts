import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import { FOCUS_COLUMNS, type FocusKind, type FocusRow } from '../../core/focus/columns.ts';

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

/** 38 digits, of which 12 are decimals: exact, and as wide as readers take. */
const TYPES: Readonly<Record<FocusKind, Omit<SchemaElement, 'name'>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  decimal: {
    type: 'FIXED_LEN_BYTE_ARRAY',
    type_length: 16,
    converted_type: 'DECIMAL',
    precision: 38,
    scale: 12,
  },
  instant: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
};

/** Rows that are in memory at a time. */
const GROUP_ROWS = 20_000;

/** Writes Parquet piece by piece: what `add` and `finish` return follows what they returned before. */
export class FocusParquet {
  /** Keeps everything in memory until it is taken, so that nothing needs to be awaited. */
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  #rows: FocusRow[] = [];

  constructor() {
    const columns = FOCUS_COLUMNS.map(({ name, kind }) => ({
      ...TYPES[kind],
      name,
      repetition_type: 'OPTIONAL' as const,
    }));
    const schema: SchemaElement[] = [{ name: 'root', num_children: columns.length }, ...columns];
    this.#writer = new ParquetWriter({ writer: this.#bytes, schema, createdBy: 'ai-billing-exporter' });
  }

  add(row: FocusRow): Uint8Array | undefined {
    this.#rows.push(row);
    return this.#rows.length < GROUP_ROWS ? undefined : this.#writeGroup();
  }

  finish(): Uint8Array[] {
    const rest = this.#writeGroup();
    void this.#writer.finish();
    return [rest, this.#take()];
  }

  #writeGroup(): Uint8Array {
    const rows = this.#rows;
    this.#rows = [];
    const columnData = FOCUS_COLUMNS.map(({ name }, place): ColumnSource => {
      return { name, data: rows.map((row) => row[place] ?? null) };
    });
    if (rows.length > 0) void this.#writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    return this.#take();
  }

  #take(): Uint8Array {
    const bytes = this.#bytes.getBytes().slice();
    this.#bytes.index = 0;
    return bytes;
  }
}

/** The bytes of an export, made as they are read. */
export async function* parquetPieces(
  rows: Iterable<FocusRow | undefined> | AsyncIterable<FocusRow>,
): AsyncGenerator<Uint8Array> {
  const parquet = new FocusParquet();
  for await (const row of rows) {
    const bytes = row && parquet.add(row);
    if (bytes) yield bytes;
  }
  yield* parquet.finish();
}
