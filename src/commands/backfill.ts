import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { estimateRequests } from '../backfill/dry-run.ts';
import {
  type CounterStart,
  copyLedger,
  counterStarts,
  historyRange,
  openExporterHistory,
} from '../backfill/exporter-history.ts';
import { readHistory } from '../backfill/read-history.ts';
import type { UnreadRange } from '../backfill/unread.ts';
import { WorkingDirectory } from '../backfill/working-directory.ts';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Provider } from '../providers/api/provider.ts';
import { createProgress } from '../runtime/progress.ts';
import { type BackfillIo, writeBackfill } from './backfill-output.ts';
import { estimateText, refusedText, unreadText } from './backfill-report.ts';
import { type BackfillRequest, parseBackfill } from './backfill-request.ts';
import { type BackfillOptions, EXIT, type Io } from './io.ts';
import { loadAndRedact } from './load-config.ts';
import { accountDefaults, openLedger } from './open-ledger.ts';
import { openLog } from './open-log.ts';

/**
 * Writes the history of all accounts from before the exporter's counters began. What could not be read is listed and fails the command;
 * everything else is written.
 *
 * @throws {ConfigError} if the configuration cannot be used.
 * @throws {UsageError} if the options make no sense.
 * @throws {StoreError} if the exporter's ledger or the working directory cannot be used.
 * @throws {RemoteWriteError} if the receiver cannot be used.
 */
export async function backfill(
  options: BackfillOptions,
  io: Io,
  registry: readonly Provider<unknown>[],
): Promise<number> {
  const config = loadAndRedact(options.config, io, registry);
  const request = parseBackfill(options, config, Date.now());
  return options.dryRun ? dryRun(request, config, io) : run(request, config, io, options.resume);
}

async function dryRun(request: BackfillRequest, config: Config, io: Io): Promise<number> {
  const history = historyRange(startsIn(config), { ...request, until: request.question.end });
  const estimates = config.accounts.flatMap((account) => estimateRequests(account, history, Date.now()));
  io.stdout.write(estimateText(estimates));
  return EXIT.good;
}

async function run(request: BackfillRequest, config: Config, io: Io, resumes = false): Promise<number> {
  const log = openLog(config.log, io);
  const work = await openWork(request, { config, io, resumes });
  const output = { ...io, log, progress: createProgress(io.stderr, log) };
  let isDone = false;
  try {
    const result = await readAndWrite(work, request, config, output);
    ({ isDone } = result);
    return result.code;
  } catch (error) {
    output.progress.stop();
    io.stderr.write(`what was read is kept in ${work.path}: continue with --resume\n`);
    if (io.signal.aborted) return EXIT.failed;
    throw error;
  } finally {
    output.progress.stop();
    work.close(isDone);
  }
}

/** Opens the working directory. A new one gets a copy of the exporter's ledger, which may be used again from then on. */
function openWork(
  request: BackfillRequest,
  { config, io, resumes }: { readonly config: Config; readonly io: Io; readonly resumes: boolean },
): Promise<WorkingDirectory> {
  const { question, workingDirectory: path } = request;
  const prepare = async (ledger: Ledger, copy: string) => {
    historyRange(startsIn(config), { ...request, until: question.end });
    if (!existsSync(config.state.path)) {
      if (request.to === 'baseline') io.stderr.write(noLedgerText(config, question.end));
      return;
    }
    await copyLedger(config.state.path, copy);
    const exporter = openExporterHistory(copy, config.accounts, accountDefaults(config), Date.now());
    ledger.adoptLabelSets(exporter.ledger.labelSets());
    exporter.ledger.close();
  };
  return WorkingDirectory.open({ path, question, resumes, prepare });
}

function noLedgerText({ state }: Config, end: number): string {
  return (
    `${state.path} does not exist: the history ends at ${new Date(end).toISOString()}, ` +
    'and what is spent between then and the first poll of the exporter will be in neither\n'
  );
}

async function readAndWrite(
  work: WorkingDirectory,
  request: BackfillRequest,
  config: Config,
  io: BackfillIo,
): Promise<{ readonly code: number; readonly isDone: boolean }> {
  const startedAt = performance.now();
  const starts = work.exporterCopy === undefined ? [] : startsOfCopy(work.exporterCopy, config);
  const history = historyRange(starts, { ...request, until: work.question.end });
  const unread =
    work.written.unread ??
    (await readHistory(
      { ...history, ledger: work.ledger, accounts: config.accounts, defaults: accountDefaults(config) },
      { ...io, now: Date.now, wait: (ms, signal) => sleep(ms, undefined, { signal }) },
    ));
  const isRemote = request.output.kind === 'remote';
  if (isRemote && unread.some(({ kind }) => kind === 'failed')) return notSent(unread, work, io);
  work.note({ unread });
  const refused = await writeBackfill({ work, request, config, starts, startedAt }, io);
  io.progress.stop();
  if (unread.length > 0) io.stderr.write(io.redactor.redact(unreadText(unread)));
  if (refused.length > 0) io.stderr.write(refusedText(refused));
  const isDone = isRemote || unread.every(({ kind }) => kind === 'not_told');
  if (!isDone) {
    work.forgetWritten();
    io.stderr.write(`what was read is kept in ${work.path}: --resume tries to read the rest\n`);
  }
  return { code: unread.length + refused.length === 0 ? EXIT.good : EXIT.failed, isDone };
}

/** A receiver keeps the first value that it gets for an instant, so nothing is sent that would change later. */
function notSent(unread: readonly UnreadRange[], { path }: WorkingDirectory, io: BackfillIo) {
  io.progress.stop();
  io.stderr.write(io.redactor.redact(unreadText(unread)));
  io.stderr.write(
    `nothing was sent, because a receiver does not accept corrections later; what was read is kept in ${path}: ` +
      '--resume tries to read the rest. To send without an account, remove it from the configuration and delete that folder.\n',
  );
  return { code: EXIT.failed, isDone: false };
}

const IN_USE =
  'stop it, or set state.path to a backup (SIGUSR2 writes one), or let the exporter send its history itself with history.remoteWrite';

/** Where the counters of the exporter begin; none without a ledger. */
function startsIn(config: Config): CounterStart[] {
  if (!existsSync(config.state.path)) return [];
  const exporter = openLedger(config, Date.now(), IN_USE);
  try {
    return counterStarts(exporter);
  } finally {
    exporter.ledger.close();
  }
}

function startsOfCopy(copy: string, config: Config): CounterStart[] {
  const exporter = openExporterHistory(copy, config.accounts, accountDefaults(config), Date.now());
  try {
    return counterStarts(exporter);
  } finally {
    exporter.ledger.close();
  }
}
