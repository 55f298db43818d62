import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  counterStarts,
  type ExporterHistory,
  historyRange,
  openExporterHistory,
} from '../backfill/exporter-history.ts';
import { openHistory } from '../backfill/open-history.ts';
import { BackfillRefusal } from '../backfill/question.ts';
import { readHistory } from '../backfill/read-history.ts';
import { sendHistory } from '../backfill/send-history.ts';
import type { UnreadRange } from '../backfill/unread.ts';
import { WorkingDirectory } from '../backfill/working-directory.ts';
import type { Account, Config } from '../config/config.ts';
import type { RemoteWriteConfig } from '../config/history/history.ts';
import { type Instant, isoDay, startOfDay } from '../core/values/time.ts';
import type { WriteSummary } from '../push/remote-write/write-remotely.ts';
import type { Logger } from '../runtime/log.ts';
import { createProgress } from '../runtime/progress.ts';

export interface AccountHistoryOptions {
  readonly config: Config;
  readonly remoteWrite: RemoteWriteConfig;
  readonly from: Instant;
  /** Holds one working directory per account. */
  readonly folder: string;
  /** Writes a copy of the exporter's ledger into a file. */
  readonly copyLedger: (file: string) => Promise<void>;
  readonly log: Logger;
  readonly now: () => Instant;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What became of the history of an account. */
export type AccountHistoryResult =
  | ({ readonly kind: 'sent'; readonly unread: readonly UnreadRange[] } & WriteSummary)
  /** Something could not be read, which may be readable later. */
  | { readonly kind: 'unread'; readonly unread: readonly UnreadRange[] };

/**
 * Reads what an account was billed before its counters began, and sends it; goes on where an earlier call was stopped.
 *
 * @throws {BackfillRefusal} if the counters began before `from`.
 * @throws {RemoteWriteError} if the receiver cannot be used; the signal's reason once it aborts; what was done is kept.
 */
export async function pushAccountHistory(
  account: Account,
  options: AccountHistoryOptions,
): Promise<AccountHistoryResult> {
  const work = await openWork(account, options);
  const exporter = openCopy(work.exporterCopy ?? '', account, options);
  let isDone = false;
  try {
    const unread = work.written.unread ?? (await read(work, exporter, account, options));
    // A receiver keeps the first value that it gets for an instant, so nothing is sent that would change later.
    if (unread.some(({ kind }) => kind === 'failed')) return { kind: 'unread', unread };
    work.note({ unread });
    const summary = await send(work, exporter, account, options);
    isDone = true;
    return { kind: 'sent', unread, ...summary };
  } finally {
    exporter.ledger.close();
    work.close(isDone);
  }
}

async function openWork(account: Account, options: AccountHistoryOptions): Promise<WorkingDirectory> {
  const { folder, from, now, remoteWrite } = options;
  const path = join(folder, encodeURIComponent(`${account.provider.id} ${account.name}`));
  const question = {
    ...{ from: isoDay(from), to: 'baseline', end: startOfDay(now()), output: remoteWrite.receiver.url },
    labels: Object.entries(remoteWrite.labels).map((label) => label.join('=')),
    accounts: [`${account.provider.id}/${account.name}`],
  };
  const open = () =>
    WorkingDirectory.open({
      ...{ path, question, resumes: true },
      async prepare(ledger, copy) {
        await options.copyLedger(copy);
        const exporter = openCopy(copy, account, options);
        try {
          historyRange(counterStarts(exporter), { from, to: 'baseline', until: question.end });
          ledger.adoptLabelSets(exporter.ledger.labelSets());
        } finally {
          exporter.ledger.close();
        }
      },
    });
  try {
    return await open();
  } catch (error) {
    // The configuration has changed since; a new one that cannot be sent has left nothing.
    if (!(error instanceof BackfillRefusal)) throw error;
    rmSync(path, { recursive: true, force: true });
    return open();
  }
}

function openCopy(copy: string, account: Account, { config, now }: AccountHistoryOptions): ExporterHistory {
  return openExporterHistory(copy, [account], defaultsOf(config), now());
}

function read(
  { ledger, question }: WorkingDirectory,
  exporter: ExporterHistory,
  account: Account,
  options: AccountHistoryOptions,
): Promise<UnreadRange[]> {
  const { from, log, config } = options;
  log.info({ ...labelsOf(account), from: isoDay(from) }, 'reading the history of the account');
  const range = historyRange(counterStarts(exporter), { from, to: 'baseline', until: question.end });
  // Without a terminal, progress is a line now and then.
  const progress = createProgress({ write() {} }, log);
  return readHistory(
    { ...range, ledger, accounts: [account], defaults: defaultsOf(config) },
    { ...options, progress },
  );
}

function send(
  work: WorkingDirectory,
  exporter: ExporterHistory,
  account: Account,
  options: AccountHistoryOptions,
): Promise<WriteSummary> {
  const { config, from, log, now, remoteWrite } = options;
  const { receiver, labels } = remoteWrite;
  log.info(
    { ...labelsOf(account), receiver: new URL(receiver.url).host },
    'sending the history of the account',
  );
  const open = openHistory(work, {
    ...{ from, to: 'baseline', accounts: [account], defaults: defaultsOf(config), now: now() },
    starts: counterStarts(exporter),
    baselines: exporter.ledger.baselines(),
  });
  return sendHistory({ ...open, work, labels: Object.entries(labels), receiver }, options);
}

function defaultsOf({ currencies, metrics }: Config) {
  return { maxSeries: metrics.maxSeries, rates: currencies };
}

export function labelsOf({ provider, name }: Account) {
  return { provider: provider.id, account: name };
}
