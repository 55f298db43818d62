import { type App, createApp } from '../app/app.ts';
import { SECOND } from '../core/values/time.ts';
import { PROVIDERS } from '../providers/index.ts';
import { createProgress } from '../runtime/progress.ts';
import { packageRevision, packageVersion } from '../runtime/version.ts';
import { encodeSnapshot } from '../sinks/prometheus/encode.ts';
import { EXIT, type Io, type PollOptions } from './io.ts';
import { loadAndRedact } from './load-config.ts';
import { openLog, overrideLog } from './open-log.ts';
import { pollText } from './poll-text.ts';

/** Nobody at a terminal wants to wait longer for a provider's rate limit. */
const MAX_WAIT_MS = 30 * SECOND;

/** Polls every feed once into a temporary ledger and prints the result. Exit code 1 if any feed failed. */
export async function poll(options: PollOptions, io: Io): Promise<number> {
  const loaded = loadAndRedact(options.config, io, PROVIDERS);
  const config = { ...loaded, state: { ...loaded.state, path: ':memory:' } };
  // The result says which feeds succeeded.
  const log = openLog(overrideLog({ ...config.log, level: 'warn' }, options), io);
  const progress = createProgress(io.stderr, log);
  const app = createApp({
    config,
    version: packageVersion(),
    revision: packageRevision(),
    now: Date.now,
    log,
    progress,
    maxWaitMs: MAX_WAIT_MS,
  });
  io.signal.addEventListener('abort', () => void app.poller.stop());
  try {
    const outcomes = await app.poller.pollAll();
    progress.stop();
    while (app.ledger.preloadHistory(Date.now()));
    app.publisher.publish();
    const status = app.status();
    if (options.metrics) await printMetrics(app, io);
    else if (options.json) io.stdout.write(`${JSON.stringify(status, null, 2)}\n`);
    else io.stdout.write(await pollText(app, status, Date.now()));
    return outcomes.every(({ kind }) => kind !== 'failed') ? EXIT.good : EXIT.failed;
  } finally {
    await app.stop();
  }
}

async function printMetrics({ publisher, self }: App, io: Io): Promise<void> {
  const { text } = await encodeSnapshot(publisher.current());
  for (const chunk of text) io.stdout.write(Buffer.from(chunk).toString());
  io.stdout.write(await self.text());
}
