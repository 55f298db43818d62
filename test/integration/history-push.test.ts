import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createApp } from '../../src/app/app.ts';
import { HistoryPush } from '../../src/app/history-push.ts';
import type { Config } from '../../src/config/config.ts';
import { NO_OPEN_TELEMETRY } from '../../src/config/otel/open-telemetry.ts';
import { parseDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, SECOND } from '../../src/core/values/time.ts';
import { DEFAULT_RATES } from '../../src/providers/index.ts';
import { createLog } from '../../src/runtime/log.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { providerById } from '../support/providers/provider-by-id.ts';
import {
  type FakeWriteReceiver,
  startWriteReceiver,
  type WriteReceiverOptions,
} from '../support/remote-write/write-receiver.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const FROM = Date.UTC(2026, 9, 1);
const DAYS = 50;

/** A Venice account that spent a dollar a day, and an exporter's folder with a clock that waits advance. */
async function startWorld(context: TestContext, answer?: WriteReceiverOptions['answer']) {
  const folder = await mkdtemp(join(tmpdir(), 'history-push-'));
  const venice = await startVenice({ generate: false, key: 'a-key-of-the-test' });
  context.after(async () => {
    await venice.close();
    await rm(folder, { recursive: true, force: true });
  });
  for (let day = 0; day <= DAYS; day++)
    venice.book({
      ...{
        at: FROM + day * DAY + 3 * HOUR,
        sku: 'alpha-llm-output-mtoken',
        currency: 'USD',
        notes: 'API Inference',
      },
      ...{ units: parseDecimal('1'), pricePerUnitUsd: parseDecimal('1'), amount: parseDecimal('-1') },
      ...{ inferenceDetails: null, model: 'alpha' },
    });
  const receiver = await startWriteReceiver(context, answer ? { answer } : {});
  const provider = providerById('venice') ?? assert.fail();
  const config: Config = {
    server: { host: '127.0.0.1', port: 0, enableReload: false },
    state: { path: join(folder, 'ledger.db'), historyMonths: 25 },
    log: { level: 'info' },
    metrics: { newSeriesZeroMs: 0, maxSeries: 10_000 },
    accounts: [
      {
        ...{
          provider,
          name: 'prod',
          baseUrl: venice.url,
          key: () => 'a-key-of-the-test',
          keySource: 'the test',
        },
        ...{ since: undefined, timeoutMs: 30 * SECOND, schedule: {}, config: provider.config.parse({}) },
      },
    ],
    budgets: [],
    currencies: DEFAULT_RATES,
    openTelemetry: NO_OPEN_TELEMETRY,
    history: {
      from: FROM,
      remoteWrite: {
        receiver: { url: receiver.url, headers: () => ({}), tls: {}, timeoutMs: 5000, giveUpAfterMs: 5000 },
        labels: { job: 'ai-billing', instance: 'exporter:9464' },
        secrets: [],
      },
    },
  };
  return { config, receiver, clock: { at: NOW } };
}

type World = Awaited<ReturnType<typeof startWorld>>;

/** Runs an exporter until its log contains `end`. */
async function runUntil({ config, clock }: Pick<World, 'config' | 'clock'>, end: string): Promise<string> {
  let log = '';
  const ended = Promise.withResolvers<void>();
  const write = (line: string) => {
    log += line;
    if (log.includes(end)) ended.resolve();
  };
  const wait = async (ms: number) => {
    await new Promise(setImmediate);
    clock.at += ms;
  };
  const process = { log: createLog({ write }), now: () => clock.at, wait };
  const progress = { update() {}, end() {}, stop() {} };
  const app = createApp({ ...process, config, version: '0', revision: 'test', progress });
  const history = new HistoryPush({ ...process, app, config });
  try {
    await app.poller.pollAll();
    history.start();
    await ended.promise;
  } finally {
    await history.stop();
    await app.stop();
  }
  return log;
}

/** The increase of each series that was sent, by its labels. */
function increases({ writes }: FakeWriteReceiver): Map<string, number> {
  const values = Map.groupBy(
    writes.flatMap(({ series }) => series),
    ({ labels }) => labels.join(),
  );
  return new Map(
    [...values].map(([labels, series]) => {
      const samples = series.flatMap(({ samples }) => samples).toSorted(([a], [b]) => a - b);
      return [labels, (samples.at(-1)?.[1] ?? 0) - (samples[0]?.[1] ?? 0)];
    }),
  );
}

function costOf(receiver: FakeWriteReceiver): number {
  return [...increases(receiver)]
    .filter(([labels]) => labels.startsWith('__name__=ai_billing_cost_usd_total'))
    .reduce((sum, [, increase]) => sum + increase, 0);
}

test('history: is sent once, with the labels of the scrapes, up to where the counters begin', async (context) => {
  const world = await startWorld(context);
  const log = await runUntil(world, 'the history was sent');
  assert.match(log, /reading the history of the account/);
  assert.match(log, /sending the history of the account/);
  assert.equal(costOf(world.receiver), DAYS + 1);
  const labels = [...increases(world.receiver).keys()];
  assert.ok(labels.length > 1);
  for (const each of labels) {
    assert.match(each, /,instance=exporter:9464,job=ai-billing,/);
    assert.match(each, /account=prod/);
  }
  const times = world.receiver.writes.flatMap(({ series }) =>
    series.flatMap(({ samples }) => samples.map(([at]) => at)),
  );
  assert.ok(times.every((at) => at >= FROM && at <= NOW));
  const requests = world.receiver.writes.length;
  const folder = `${world.config.state.path}.history`;
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'sent.json'), 'utf8')), ['venice/prod']);
  assert.equal(existsSync(join(folder, 'venice%20prod')), false);
  const { config } = world;
  const again = createApp({
    ...{ config, version: '0', revision: 'test', now: () => NOW, log: createLog({ write() {} }) },
    progress: { update() {}, end() {}, stop() {} },
  });
  const history = new HistoryPush({ app: again, config, log: createLog({ write() {} }), now: () => NOW });
  await again.poller.pollAll();
  history.start();
  await history.stop();
  await again.stop();
  assert.equal(world.receiver.writes.length, requests, 'nothing is sent again');
});

test('history: a run that was stopped while it sent goes on, without asking the provider again', async (context) => {
  let isStopped = false;
  const world = await startWorld(context, () => {
    if (isStopped) return undefined;
    return { status: 503 };
  });
  await runUntil(world, 'retrying in 10 minutes');
  isStopped = true;
  const log = await runUntil(world, 'the history was sent');
  assert.doesNotMatch(log, /reading the history/);
  assert.equal(costOf(world.receiver), DAYS + 1);
});

test('history: what a receiver refuses is in the log, and the rest is sent', async (context) => {
  const world = await startWorld(context, ({ series, version }) => {
    const isRefused = series.some(({ labels }) => labels.some((label) => label.includes('tokens')));
    if (!isRefused) return undefined;
    return {
      status: 400,
      body: 'out of order sample',
      headers: version === '2.0' ? { 'x-prometheus-remote-write-samples-written': '0' } : {},
    };
  });
  const log = await runUntil(world, 'the history was sent');
  assert.match(log, /the receiver refused history/);
  assert.match(log, /out of order sample/);
});
