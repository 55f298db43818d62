import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { type CounterStart, openExporterHistory } from '../backfill/exporter-history.ts';
import { openHistory } from '../backfill/open-history.ts';
import { countedHistory, monthsIn, SampleCounts } from '../backfill/samples.ts';
import { sendHistory } from '../backfill/send-history.ts';
import type { WorkingDirectory } from '../backfill/working-directory.ts';
import type { Config } from '../config/config.ts';
import type { RemoteWriteConfig } from '../config/history/history.ts';
import type { Baselines } from '../core/history/baselines.ts';
import type { History } from '../core/history/history.ts';
import type { Range } from '../core/values/time.ts';
import type { RefusedSeries } from '../push/remote-write/refusals.ts';
import type { Logger } from '../runtime/log.ts';
import type { ProgressView } from '../runtime/progress.ts';
import { historyText } from '../sinks/prometheus/history-text.ts';
import { sizeText, summaryText } from './backfill-report.ts';
import type { BackfillOutput, BackfillRequest } from './backfill-request.ts';
import type { Io } from './io.ts';
import { accountDefaults } from './open-ledger.ts';
import { openReceiver } from './remote-write-options.ts';
import { writeWhole } from './write-whole.ts';

export interface BackfillIo extends Io {
  readonly log: Logger;
  readonly progress: ProgressView;
}

interface BackfillToWrite {
  readonly work: WorkingDirectory;
  readonly request: BackfillRequest;
  readonly config: Config;
  readonly starts: readonly CounterStart[];
  /** By `performance.now`. */
  readonly startedAt: number;
}

interface OpenHistory extends BackfillToWrite {
  readonly history: History;
  readonly range: Range;
  readonly counts: SampleCounts;
}

/** What became of the samples. */
interface Outcome {
  readonly refused: readonly RefusedSeries[];
  /** Such as `12 MB`. */
  readonly written: string;
}

/** Writes what was read, and a summary. @returns what the receiver refused. */
export async function writeBackfill(
  backfill: BackfillToWrite,
  io: BackfillIo,
): Promise<readonly RefusedSeries[]> {
  const { work, config, request, startedAt } = backfill;
  const exporter =
    work.exporterCopy === undefined
      ? undefined
      : openExporterHistory(work.exporterCopy, config.accounts, accountDefaults(config), Date.now());
  try {
    const open = openCounted(backfill, exporter?.ledger.baselines(), io);
    const { output } = request;
    const { refused, written } =
      output.kind === 'remote' ? await send(open, output.url, io) : await writeFiles(open, output, io);
    const summary = summaryText(open.counts, { written, startedAt });
    const isPiped = output.kind === 'file' && output.file === '-';
    (isPiped ? io.stderr : io.stdout).write(summary);
    return refused;
  } finally {
    exporter?.ledger.close();
  }
}

function openCounted(
  backfill: BackfillToWrite,
  baselines: Baselines | undefined,
  { progress }: BackfillIo,
): OpenHistory {
  const { work, config, request, starts } = backfill;
  const { accounts } = config;
  const defaults = accountDefaults(config);
  const open = openHistory(work, { ...request, accounts, defaults, now: Date.now(), starts, baselines });
  const counts = new SampleCounts();
  const parts = request.output.kind === 'folder' ? monthsIn(open.range).length : 1;
  const history = countedHistory(open.history, counts, { progress, parts });
  return { ...backfill, ...open, history, counts };
}

async function writeFiles(
  { work, request, history, range }: OpenHistory,
  output: Exclude<BackfillOutput, { readonly kind: 'remote' }>,
  io: BackfillIo,
): Promise<Outcome> {
  if (output.kind === 'file') {
    await writeWhole(output.file, piecesOf(history, range, request), io);
    return { refused: [], written: output.file === '-' ? 'written' : sizeOf([output.file]) };
  }
  const files = monthsIn(range).map((part) => ({ part, file: join(output.folder, `${part.month}.om`) }));
  for (const { part, file } of files) {
    const pieces = piecesOf(history, part, request);
    const { files: whole } = work.written;
    if (whole.includes(part.month)) await drain(pieces, io);
    else {
      await writeWhole(file, pieces, io);
      work.note({ files: [...whole, part.month] });
    }
  }
  return { refused: [], written: sizeOf(files.map(({ file }) => file)) };
}

async function* piecesOf(history: History, part: Range, { labels }: BackfillRequest): AsyncGenerator<string> {
  for (const piece of historyText(history, { part, labels })) {
    if (piece === undefined) await setImmediate();
    else yield piece;
  }
}

/** Counts what was written before. */
async function drain(pieces: AsyncIterable<unknown>, { signal }: BackfillIo): Promise<void> {
  for await (const _ of pieces) signal.throwIfAborted();
}

function sizeOf(files: readonly string[]): string {
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  return `${sizeText(bytes)}${files.length > 1 ? ` in ${files.length} files` : ''}`;
}

async function send(
  { work, request, config, history, range }: OpenHistory,
  url: URL,
  io: BackfillIo,
): Promise<Outcome> {
  const { receiver, labels } = receiverOf(url, config);
  const own = [...new Map([...Object.entries(labels), ...request.labels])];
  const { accepted, refused } = await sendHistory(
    { work, history, range, labels: own, receiver },
    { now: Date.now, wait: (ms, signal) => sleep(ms, undefined, { signal }), signal: io.signal },
  );
  return { refused, written: `${accepted.toLocaleString('en-US')} accepted by ${url.host}` };
}

/** The receiver of the configuration if it is the same, with its credentials; else one without any. */
function receiverOf(url: URL, { history }: Config): Pick<RemoteWriteConfig, 'receiver' | 'labels'> {
  const configured = history?.remoteWrite;
  if (configured?.receiver.url === url.href) return configured;
  return { receiver: openReceiver(url), labels: {} };
}
