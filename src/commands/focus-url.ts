import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { FocusRow } from '../core/focus/columns.ts';
import { getStream, type StreamAnswer } from '../net/get-stream.ts';
import { GAPS_HEADER } from '../server/api/focus.ts';
import { parquetPieces } from '../sinks/focus/parquet.ts';
import { parseLine } from '../sinks/focus/text.ts';
import { type ExporterRefusal, exporterClient, failureOf, refusalOf } from './exporter-client.ts';
import type { FocusAnswer } from './focus-ledger.ts';
import type { ExportFocusOptions, Io } from './io.ts';

const PATH = '/api/v1/export/focus';

const Text = z.string();
const Gaps = z.object({
  gaps: z.array(z.object({ provider: Text, account: Text, reason: Text, from: Text, to: Text })),
  more: z.number(),
});

/**
 * Exports from a running exporter; undefined if that worked. Parquet is made here, of JSON lines: it would take the exporter's turns.
 *
 * @throws {ConfigError} if the options cannot be used.
 */
export async function focusOfUrl(
  options: ExportFocusOptions,
  io: Io,
  use: (answer: FocusAnswer) => Promise<void>,
): Promise<ExporterRefusal | undefined> {
  const client = exporterClient(options, io);
  const { from, to, format } = options;
  const asked = format === 'parquet' ? 'jsonl' : format;
  const url = client.urlOf(PATH, new URLSearchParams({ from, to, format: asked }));
  try {
    return await getStream(url, client.options, async (answer) => {
      if (answer.status !== 200) return refusalOf(client, PATH, answer.status, await textOf(answer.body));
      const gaps = gapsOf(answer);
      if (!gaps) return { kind: 'failed', message: 'the answer is not that of an exporter: check --url' };
      const pieces = format === 'parquet' ? parquetPieces(rowsIn(answer.body)) : answer.body;
      await use({ ...gaps, pieces });
      return undefined;
    });
  } catch (error) {
    // What could not be written is no fault of the connection.
    if (io.signal.aborted || isOfFile(error)) throw error;
    return failureOf(client, error);
  }
}

function isOfFile(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'path' in error;
}

async function textOf(body: Readable): Promise<string> {
  return Buffer.concat(await body.toArray()).toString();
}

function gapsOf(answer: StreamAnswer): z.infer<typeof Gaps> | undefined {
  try {
    return Gaps.safeParse(JSON.parse(answer.header(GAPS_HEADER) ?? '')).data;
  } catch {
    return undefined;
  }
}

async function* rowsIn(body: Readable): AsyncGenerator<FocusRow> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield parseLine(line);
  }
}
