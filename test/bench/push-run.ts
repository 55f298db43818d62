import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Publisher } from '../../src/app/publisher.ts';
import { DAY, MINUTE, startOfDay } from '../../src/core/values/time.ts';
import { openTransport } from '../../src/push/open.ts';
import type { PushEvents } from '../../src/push/push.ts';
import type { Receiver } from '../../src/push/receiver.ts';
import { openReceivers } from '../../src/push/receivers.ts';
import { createLedgerProducer } from '../../src/sinks/otel/producer.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { chargesOf, FEED, ledgerOf, NOW, statementOf } from './bill.ts';
import { say } from './child.ts';
import { watchTurns, watchWork } from './turns.ts';

/** Pushes a ledger again and again, each time after a statement that moved the day of every deployment. */
const Arguments = z.tuple([
  z.enum(['http/protobuf', 'http/json', 'grpc']),
  z.enum(['gzip', 'none']),
  z.enum(['cumulative', 'delta']),
  z.coerce.number(),
  z.coerce.number(),
  z.string(),
]);
const [protocol, compression, temporality, series, times, url] = Arguments.parse(process.argv.slice(2));

const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const { ledger, bill, account } = ledgerOf(sqliteStore(openDatabase(join(folder, 'ledger.db'))), series);
const failed = (error: unknown) => {
  throw error;
};
let clock = NOW;
const now = () => clock;
const publisher = new Publisher({ ledger, now, zeroForMs: () => 0, failed });
publisher.publish();

const { producer, acknowledge } = createLedgerProducer({
  source: publisher,
  now,
  version: '0',
  genAi: false,
  deliveries: temporality === 'delta' ? ledger.deliveries('bench') : undefined,
});
let points = 0;
const events: PushEvents = {
  accepted(batch) {
    points += batch.length;
    acknowledge(batch);
  },
  lost: (count, reason) => failed(new Error(`${count} points were lost: ${reason}`)),
  retried: () => {},
  carried: () => {},
  ended: () => {},
};
const receiver: Receiver = {
  ...{ name: 'bench', protocol, url, compression, temporality },
  headers: () => ({}),
  intervalMs: DAY,
  timeoutMs: MINUTE,
  pushTimeoutMs: MINUTE,
  tls: {},
};
const transport = await openTransport(receiver, 'metrics', { userAgent: 'bench/0', now: Date.now });
const { flush, stop } = openReceivers([{ receiver, transport, producers: [producer], events }], {
  now: Date.now,
  resource: { 'service.name': 'bench' },
});

let revision = 0;
/** Every deployment has another amount. */
function change(): void {
  revision += 1;
  clock += MINUTE;
  const today = { start: startOfDay(NOW), end: startOfDay(NOW) + DAY };
  const lines = chargesOf(bill, [today.start], revision);
  ledger.apply({ account, feed: FEED }, statementOf(today, clock, lines), bill.resources, clock);
  publisher.publish();
}

/** Everything else has come to rest, and the last push has left no garbage behind. */
async function prepared(): Promise<void> {
  change();
  while (ledger.preloadHistory(clock));
  globalThis.gc?.();
  await sleep(50);
  points = 0;
}

async function processorMs(): Promise<number> {
  await prepared();
  const before = process.cpuUsage();
  await flush();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The watch keeps the loop turning, which is not what processor time is to be measured with. */
async function longestMs(): Promise<{ longestMs: number; workMs: number; pushMs: number }> {
  await prepared();
  const [turns, work] = [watchTurns(), watchWork()];
  await sleep(5);
  turns.longest();
  work.longest();
  const begun = performance.now();
  await flush();
  const pushMs = performance.now() - begun;
  const [longest, longestWork] = [turns.longest(), work.longest()];
  turns.stop();
  work.stop();
  return { longestMs: longest, workMs: longestWork, pushMs };
}

const first = await processorMs();
await processorMs();
const pushes = [];
for (let count = 0; count < times; count++)
  pushes.push({ cpuMs: await processorMs(), ...(await longestMs()) });
const pushed = points;
await stop();
publisher.stop();
await rm(folder, { recursive: true });
say({ points: pushed, first, pushes });
