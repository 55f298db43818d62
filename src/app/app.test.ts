import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { providerById } from '../../test/support/providers/provider-by-id.ts';
import { NO_OPEN_TELEMETRY } from '../config/otel/open-telemetry.ts';
import { DAY, HOUR, SECOND } from '../core/values/time.ts';
import { DEFAULT_RATES } from '../providers/index.ts';
import { createLog } from '../runtime/log.ts';
import { createApp } from './app.ts';

async function provider(context: TestContext): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"data":[],"nextCursor":null}');
  }).listen(0, '127.0.0.1');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  return `http://127.0.0.1:${address.port}`;
}

/** An exporter whose clock is off by so much, and how upkeep fared in its first hour. */
async function upkeepWith(context: TestContext, offsetMs: number): Promise<readonly string[]> {
  const baseUrl = await provider(context);
  const venice = providerById('venice');
  assert.ok(venice);
  context.mock.timers.enable({ apis: ['setInterval'] });
  const lines: string[] = [];
  const common = { key: () => 'a-key-of-the-test', keySource: 'the test', timeoutMs: 30 * SECOND };
  const app = createApp({
    config: {
      server: { host: '127.0.0.1', port: 0, enableReload: false },
      state: { path: ':memory:', historyMonths: 25 },
      log: { level: 'info' },
      metrics: { newSeriesZeroMs: 0, maxSeries: 10_000 },
      accounts: [
        {
          ...{ provider: venice, name: 'test', baseUrl, since: undefined, schedule: {}, config: {} },
          ...common,
        },
      ],
      budgets: [],
      currencies: DEFAULT_RATES,
      openTelemetry: NO_OPEN_TELEMETRY,
    },
    version: '0.0.0',
    revision: 'test',
    now: () => Date.now() + offsetMs,
    log: createLog({ write: (line) => lines.push(line) }),
    progress: { update() {}, end() {}, stop() {} },
  });
  await app.poller.pollAll();
  assert.ok(!app.ledger.isEmpty);
  context.mock.timers.tick(HOUR);
  context.mock.timers.reset();
  await app.stop();
  return lines.filter((line) => line.includes('ledger maintenance'));
}

test('ledger maintenance: is postponed while the clock is 40 days ahead of the providers', async (context) => {
  assert.match((await upkeepWith(context, 40 * DAY)).join(), /ledger maintenance postponed/);
});

test('ledger maintenance: runs if the clock agrees with the providers or is behind them', async (context) => {
  assert.deepEqual(await upkeepWith(context, 0), []);
  assert.deepEqual(await upkeepWith(context, -DAY), []);
});
