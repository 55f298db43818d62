import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../config/config.ts';
import { NO_OPEN_TELEMETRY } from '../config/otel/open-telemetry.ts';
import { ConfigError } from '../config/yaml/errors.ts';
import { DEFAULT_RATES } from '../providers/index.ts';
import type { Receiver } from '../push/receiver.ts';
import { createLog } from '../runtime/log.ts';
import type { ReplacedAccounts } from './account-set.ts';
import { Reloader, restartRequired } from './reload.ts';

const STARTED: Config = {
  server: { host: '127.0.0.1', port: 9464, enableReload: false },
  state: { path: 'ledger.db', historyMonths: 25 },
  log: { level: 'info' },
  metrics: { newSeriesZeroMs: 0, maxSeries: 10 },
  accounts: [],
  budgets: [],
  currencies: DEFAULT_RATES,
  openTelemetry: NO_OPEN_TELEMETRY,
};
const NOTHING: ReplacedAccounts = { added: [], changed: [], removed: [] };

/** A reloader whose parts are the test's. */
function bench(parts: {
  read?: (() => Config) | undefined;
  update?: (config: Config) => Promise<ReplacedAccounts>;
}) {
  const loads: boolean[] = [];
  let log = '';
  const { update = async () => NOTHING } = parts;
  const reloader = new Reloader({
    started: STARTED,
    read: 'read' in parts ? parts.read : () => STARTED,
    app: { update, self: { configLoaded: ({ ok }) => void loads.push(ok) } },
    log: createLog({
      write: (line) => {
        log += line;
      },
    }),
    now: () => 0,
  });
  return { reload: () => reloader.reload(), stop: () => reloader.stop(), loads, log: () => log };
}

test('reload: runs one at a time, and waiting requests share the next one', async () => {
  const updates: PromiseWithResolvers<ReplacedAccounts>[] = [];
  let read = 0;
  const { reload } = bench({
    read() {
      read += 1;
      return STARTED;
    },
    update() {
      const update = Promise.withResolvers<ReplacedAccounts>();
      updates.push(update);
      return update.promise;
    },
  });
  const first = reload();
  await Promise.resolve();
  const [second, third] = [reload(), reload()];
  assert.equal(second, third);
  assert.deepEqual([read, updates.length], [1, 1], 'the second has not even been read');
  updates[0]?.resolve(NOTHING);
  assert.equal((await first).ok, true);
  await new Promise(setImmediate);
  assert.equal(read, 2);
  const fourth = reload();
  updates[1]?.resolve(NOTHING);
  assert.equal((await second).ok, true);
  await new Promise(setImmediate);
  updates[2]?.reject(new RangeError('no'));
  assert.equal((await fourth).ok, false, 'and one that fails ends the row for nobody');
});

test('reload: stopping waits for the current one and refuses the others', async () => {
  const taking = Promise.withResolvers<ReplacedAccounts>();
  const { reload, stop, loads } = bench({ update: () => taking.promise });
  const first = reload();
  await Promise.resolve();
  const second = reload();
  let isStopped = false;
  const stopped = stop().then(() => {
    isStopped = true;
  });
  await new Promise(setImmediate);
  assert.equal(isStopped, false);
  taking.resolve(NOTHING);
  await stopped;
  assert.equal((await first).ok, true);
  const refusal = { ok: false, reason: 'the exporter is stopping' };
  assert.deepEqual([await second, await reload()], [refusal, refusal]);
  assert.deepEqual(loads, [true]);
});

test('reload: a failure reports every problem and clears the gauge', async () => {
  const problem = { file: 'c.yml', line: 1, column: 2, key: 'a', message: 'is bad' };
  const wrong = bench({
    read() {
      throw new ConfigError([problem, { ...problem, key: 'b' }]);
    },
  });
  const both = ['c.yml:1:2: a: is bad', 'c.yml:1:2: b: is bad'];
  assert.deepEqual(await wrong.reload(), { ok: false, reason: both.join('\n') });
  assert.deepEqual(wrong.loads, [false]);
  assert.deepEqual(JSON.parse(wrong.log()).problems, both);

  const full = bench({
    update: () =>
      Promise.reject(Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR' })),
  });
  assert.deepEqual(await full.reload(), {
    ok: false,
    reason: 'the ledger could not be written: database or disk is full',
  });
  assert.equal(JSON.parse(full.log()).reason, 'storage');

  const bug = bench({ update: () => Promise.reject(new TypeError('x is canary')) });
  assert.deepEqual(await bug.reload(), { ok: false, reason: 'internal error; see the log' });
  assert.equal(JSON.parse(bug.log()).level, 'error');
});

test('reload: without a file changes nothing and warns', async () => {
  const taken: Config[] = [];
  const { reload, loads } = bench({
    read: undefined,
    update: async (config) => {
      taken.push(config);
      return NOTHING;
    },
  });
  const outcome = await reload();
  assert.ok(outcome.ok);
  assert.match(outcome.warnings?.join() ?? '', /no configuration file to reload/);
  assert.deepEqual([taken, loads], [[STARTED], [true]]);
});

const RECEIVER: Receiver = {
  name: 'a',
  protocol: 'http/protobuf',
  url: 'https://a.example/v1/metrics',
  headers: () => ({ authorization: 'one' }),
  compression: 'none',
  temporality: 'delta',
  intervalMs: 1,
  timeoutMs: 1,
  pushTimeoutMs: 1,
  tls: {},
};

const withReceiver = (more: Partial<Receiver>): Config => ({
  ...STARTED,
  openTelemetry: { ...NO_OPEN_TELEMETRY, receivers: [{ ...RECEIVER, ...more }] },
});

test('reload: the log level applies at once, unless the configuration is invalid', async () => {
  let config: Config = { ...STARTED, log: { level: 'error' } };
  const { reload, log } = bench({
    read() {
      if (config.accounts === STARTED.accounts) return config;
      throw new ConfigError([{ file: 'c.yml', key: 'x', message: 'is bad' }]);
    },
  });
  await reload();
  assert.equal(log(), '', 'even to the line that says so');
  config = { ...STARTED, accounts: [] };
  await reload();
  assert.equal(log(), '');
  config = STARTED;
  await reload();
  assert.match(log(), /configuration reloaded/);
});

test('reload: settings that require a restart are named', () => {
  const { server } = STARTED;
  const table: readonly [Config, string[]][] = [
    [{ ...STARTED, metrics: { newSeriesZeroMs: 1, maxSeries: 1 }, currencies: new Map() }, []],
    [{ ...STARTED, state: { ...STARTED.state, historyMonths: 1 } }, []],
    [{ ...STARTED, server: { ...server, port: 1 } }, ['server']],
    [{ ...STARTED, server: { ...server, enableReload: true } }, ['server']],
    [
      { ...STARTED, server: { ...server, host: '::' }, state: { path: 'b', historyMonths: 25 } },
      ['server', 'state.path'],
    ],
    [{ ...STARTED, log: { level: 'debug' } }, []],
    [{ ...STARTED, log: { level: 'info', format: 'pretty' } }, ['log.format']],
    [{ ...STARTED, openTelemetry: { ...NO_OPEN_TELEMETRY, genAi: true } }, ['opentelemetry']],
    [withReceiver({}), ['opentelemetry']],
  ];
  for (const [next, keys] of table) {
    const warnings = restartRequired(STARTED, next);
    assert.deepEqual(
      warnings.map((warning) => warning.split(' ', 1)[0]),
      keys,
    );
  }
});

test('reload: receivers that differ only in headers or keys are different, and neither is printed', () => {
  const headers = (text: string) => () => ({ authorization: text });
  assert.deepEqual(restartRequired(withReceiver({}), withReceiver({ headers: headers('one') })), []);
  assert.equal(restartRequired(withReceiver({}), withReceiver({ headers: headers('two') })).length, 1);
  const keyed = (key: string) =>
    withReceiver({ tls: Object.defineProperty({ cert: 'c' }, 'key', { value: key }) });
  assert.deepEqual(restartRequired(keyed('k'), keyed('k')), []);
  assert.equal(restartRequired(keyed('k'), keyed('l')).length, 1);
});
