import { createApp } from '../app/app.ts';
import { statusOf } from '../app/status.ts';
import type { Window } from '../core/reports/windows.ts';
import { SECOND } from '../core/values/time.ts';
import { PROVIDERS } from '../providers/index.ts';
import { createLog } from '../runtime/log.ts';
import { createProgress } from '../runtime/progress.ts';
import { packageRevision, packageVersion } from '../runtime/version.ts';
import type { AccountStatus, Status } from '../server/pages/status.ts';
import { encodeSnapshot } from '../sinks/prometheus/encode.ts';
import { configured } from './configured.ts';
import { EXIT, type Io } from './io.ts';
import type { PollOptions } from './options.ts';

/** Whoever waits at a terminal rather hears that the provider wants no requests for an hour. */
const PATIENCE_MS = 30 * SECOND;

/** Polls everything once into a throw-away ledger, prints it, and ends: 1 if any feed failed. */
export async function poll(options: PollOptions, io: Io): Promise<number> {
  const known = configured(options.config, io, PROVIDERS);
  const config = { ...known, state: { path: ':memory:' } };
  const log = createLog(io.vault.over(io.stderr));
  const progress = createProgress(io.stderr, (name, done, total) =>
    log.info({ read: name, done, total }, 'reading'),
  );
  const version = packageVersion();
  const startedAt = Date.now();
  const app = createApp({
    config,
    version,
    revision: packageRevision(),
    now: Date.now,
    log,
    progress,
    maxWaitMs: PATIENCE_MS,
  });
  io.signal.addEventListener('abort', () => void app.poller.stop());
  try {
    const outcomes = await app.poller.pollAll();
    progress.stop();
    while (app.ledger.preloadHistory(Date.now()));
    app.publisher.publish();
    const states = app.poller.states();
    const warnings = app.warnings();
    const status = statusOf({ version, startedAt, now: Date.now(), ledger: app.ledger, states, warnings });
    if (options.metrics) await printMetrics(app, io);
    else if (options.json) io.stdout.write(`${JSON.stringify(status, null, 2)}\n`);
    else io.stdout.write(tableOf(status));
    return outcomes.every(({ kind }) => kind !== 'failed') ? EXIT.good : EXIT.failed;
  } finally {
    await app.stop();
  }
}

async function printMetrics({ publisher, self }: ReturnType<typeof createApp>, io: Io): Promise<void> {
  const { text } = await encodeSnapshot(publisher.current());
  for (const chunk of text) io.stdout.write(Buffer.from(chunk).toString());
  io.stdout.write(await self.text());
}

function unitOf({ incomplete }: AccountStatus, window: Window): string {
  return incomplete.some((each) => each.window === window) ? 'USD, incomplete' : 'USD';
}

function tableOf({ accounts }: Status): string {
  const rows = accounts.flatMap((account) => [
    [`${account.provider}/${account.name}`, 'today', account.todayUsd ?? 'unknown', unitOf(account, 'today')],
    ['', 'month to date', account.monthToDateUsd ?? 'unknown', unitOf(account, 'month_to_date')],
    ...account.feeds.map(({ name, up, lastError, off }) => [
      '',
      name,
      up === null ? 'switched off' : up ? 'ok' : 'failed',
      (lastError ?? off)?.message ?? '',
    ]),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const padded = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return `${padded.map((line) => line.trimEnd()).join('\n')}\n`;
}
