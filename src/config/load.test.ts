import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { FAKE_PROVIDERS } from '../../test/fake-providers.ts';
import { DEFAULT_BUDGET_ALERTS } from '../core/reports/budget.ts';
import { rateAt } from '../core/values/exchange-rates.ts';
import { parseDecimal } from '../core/values/money.ts';
import { defaultRates } from '../providers/api/currencies.ts';
import type { Account, Config } from './config.ts';
import { loadConfig } from './load.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const folder = mkdtempSync(join(tmpdir(), 'config-'));
after(() => rmSync(folder, { recursive: true }));

function load(text: string, env: Record<string, string> = {}): Config {
  const file = join(folder, 'c.yml');
  writeFileSync(file, text);
  return loadConfig(file, env, FAKE_PROVIDERS, NOW);
}

function onlyAccount(config: Config): Account {
  const [account, ...others] = config.accounts;
  assert.ok(account && others.length === 0);
  return account;
}

test('loadConfig needs only a provider and a key', () => {
  const config = load('accounts: [{ provider: globex, apiKey: k }]');
  assert.deepEqual(config.server, { host: '0.0.0.0', port: 9464, enableReload: false });
  assert.deepEqual(config.state, { path: './data/ledger.db', historyMonths: 25 });
  assert.deepEqual(config.metrics, { newSeriesZeroMs: 120_000, maxSeries: 10_000 });
  assert.deepEqual(config.currencies, defaultRates(FAKE_PROVIDERS));
  const { provider, key, ...rest } = onlyAccount(config);
  assert.equal(provider, FAKE_PROVIDERS[1]);
  assert.equal(key(), 'k');
  assert.deepEqual(rest, {
    name: 'globex',
    baseUrl: 'https://api.globex.example',
    keySource: 'the configuration file',
    since: undefined,
    timeoutMs: 30_000,
    schedule: { usage: '0 * * * *' },
    config: { mode: 'auto', dueAfter: 15 },
  });
});

test('loadConfig reads every key', () => {
  const config = load(
    `
server: { listen: "[::1]:0", enableReload: true, webConfig: conf/web.yml }
state: { path: /var/lib/x.db, historyMonths: 3 }
metrics: { newSeriesZero: 90s, maxSeries: 5 }
accounts:
  - provider: globex
    name: "ünï côde"
    apiKey: \${KEY}
    baseUrl: HTTP://Localhost:8080/a/b/
    since: 2026-11-22
    schedule: { usage: "30 5,35 * * * *" }
    timeout: 1.5m
    teamId: t
    mode: old
    dueAfter: 5m
budgets:
  - { name: all, limitUsd: "12.5" }
  - { name: some, limitUsd: 7, period: week, alertAt: [1, 0.9, 1], severity: info, match: { provider: globex, model: [a*, b], currency: usd } }
priceProbes:
  - { name: mine, pricing: { a: 1 } }
  - { name: other, account: "ünï côde", pricing: {} }
currencies:
  DIEM: 0.9
  eur: [{ from: 2026-02-01, usd: 1.1 }, { from: 2026-01-01, usd: "1.08" }]
`,
    { KEY: 'k' },
  );
  assert.deepEqual(config.server, {
    host: '::1',
    port: 0,
    enableReload: true,
    webConfig: join(folder, 'conf/web.yml'),
  });
  assert.deepEqual(config.state, { path: '/var/lib/x.db', historyMonths: 3 });
  assert.deepEqual(config.metrics, { newSeriesZeroMs: 90_000, maxSeries: 5 });
  const { provider: _, key, ...rest } = onlyAccount(config);
  assert.equal(key(), 'k');
  assert.deepEqual(rest, {
    name: 'ünï côde',
    baseUrl: 'http://localhost:8080/a/b',
    keySource: 'environment variable KEY',
    since: Date.UTC(2026, 10, 22),
    timeoutMs: 90_000,
    schedule: { usage: '30 5,35 * * * *' },
    config: {
      ...{ teamId: 't', mode: 'old', dueAfter: 5 },
      probes: [
        { name: 'mine', pricing: { a: 1 } },
        { name: 'other', account: 'ünï côde', pricing: {} },
      ],
    },
  });
  assert.deepEqual(config.budgets, [
    { name: 'all', limit: parseDecimal('12.5'), period: 'month', match: {}, ...DEFAULT_BUDGET_ALERTS },
    {
      ...{ name: 'some', limit: parseDecimal('7'), period: 'week', alertAt: [0.9, 1], severity: 'info' },
      match: { provider: ['globex'], model: ['a*', 'b'], currency: ['USD'] },
    },
  ]);
  assert.equal(rateAt(config.currencies, 'DIEM', 0), parseDecimal('0.9'));
  assert.equal(rateAt(config.currencies, 'EUR', Date.UTC(2026, 0, 31)), parseDecimal('1.08'));
  assert.equal(rateAt(config.currencies, 'EUR', Date.UTC(2026, 1, 1)), parseDecimal('1.1'));
  assert.equal(rateAt(config.currencies, 'ACU', 0), parseDecimal('0.1'));
});

test('server.listen takes an address with or without a host', () => {
  const listen = (text: string) => {
    const { host, port } = load(
      `server: { listen: "${text}" }\naccounts: [{ provider: acme, apiKey: k }]`,
    ).server;
    return { host, port };
  };
  assert.deepEqual(listen(':80'), { host: '0.0.0.0', port: 80 });
  assert.deepEqual(listen('localhost:65535'), { host: 'localhost', port: 65_535 });
  assert.deepEqual(listen('127.0.0.1:1'), { host: '127.0.0.1', port: 1 });
  assert.deepEqual(listen('[fe80::1%eth0]:1'), { host: 'fe80::1%eth0', port: 1 });
});

test('schedule takes one expression for all feeds, or a mapping that leaves the others unchanged', () => {
  const schedule = (text: string) =>
    onlyAccount(load(`accounts: [{ provider: acme, apiKey: k, schedule: ${text} }]`)).schedule;
  assert.deepEqual(schedule('"*/5 * * * *"'), { usage: '*/5 * * * *', balance: '*/5 * * * *' });
  assert.deepEqual(schedule('{ balance: "@@" }'.replace('@@', '9 * * * *')), {
    usage: '0 * * * *',
    balance: '9 * * * *',
  });
  assert.equal(schedule('"0 0 1 January Monday"').usage, '0 0 1 Jan Mon', 'croner reads no longer names');
});

test('variables are replaced in any text, and only in text', () => {
  const account = onlyAccount(
    load(
      `accounts: [{ provider: acme, name: "\${A}-$\${A}-\${B}", apiKey: "\${A}\${B}", timeout: "\${T}" }]`,
      {
        A: 'a',
        B: `\${A}`,
        T: '2m',
      },
    ),
  );
  assert.equal(account.name, `a-\${A}-\${A}`);
  assert.equal(account.key(), `a\${A}`);
  assert.equal(account.keySource, 'environment variable A, B');
  assert.equal(account.timeoutMs, 120_000);
});

test('YAML aliases and merges are resolved, and own keys override merged ones', () => {
  const config = load(`
accounts:
  - &first
    provider: acme
    name: one
    apiKey: &key k1
    timeout: 1m
  - <<: *first
    name: two
  - <<: [{ timeout: 3m }, *first]
    name: three
    apiKey: *key
`);
  assert.deepEqual(
    config.accounts.map(({ name, key, timeoutMs }) => [name, key(), timeoutMs]),
    [
      ['one', 'k1', 60_000],
      ['two', 'k1', 60_000],
      ['three', 'k1', 180_000],
    ],
  );
});

test('accounts of different providers may share a name', () => {
  const config = load(`accounts:
  - { provider: acme, name: prod, apiKey: k }
  - { provider: globex, name: prod, apiKey: k }`);
  assert.equal(config.accounts.length, 2);
});

test('apiKeyFile is relative to the folder of the configuration', () => {
  mkdirSync(join(folder, 'secrets'), { recursive: true });
  writeFileSync(join(folder, 'secrets/acme'), 'k-file\r\n');
  const account = onlyAccount(load('accounts: [{ provider: acme, apiKeyFile: secrets/acme }]'));
  assert.equal(account.key(), 'k-file');
  assert.equal(account.keySource, 'file secrets/acme');
});

test('printing a configuration never prints a key', () => {
  writeFileSync(join(folder, 'key'), 'do-not-print-me');
  const config = load(
    `accounts:
  - { provider: acme, name: a, apiKey: do-not-print-me }
  - { provider: acme, name: b, apiKey: "\${K}" }
  - { provider: acme, name: c, apiKeyFile: ./key }`,
    { K: 'do-not-print-me' },
  );
  assert.deepEqual(
    config.accounts.map((account) => account.key()),
    Array(3).fill('do-not-print-me'),
  );
  const options = { depth: Number.POSITIVE_INFINITY, showHidden: true };
  assert.doesNotMatch(inspect(config, options), /do-not-print-me/);
  assert.doesNotMatch(JSON.stringify(config.accounts), /do-not-print-me/);
  for (const { key } of config.accounts) assert.doesNotMatch(String(key), /do-not-print-me/);
});

test('loadConfig creates an account per key in the environment if there is no file', () => {
  const config = loadConfig(undefined, { GLOBEX_API_KEY: 'k', ACME_API_KEY: '', OTHER: 'x' }, FAKE_PROVIDERS);
  assert.deepEqual(config.server, { host: '0.0.0.0', port: 9464, enableReload: false });
  const { provider, key, ...rest } = onlyAccount(config);
  assert.equal(provider.id, 'globex');
  assert.equal(key(), 'k');
  assert.deepEqual(rest, {
    name: 'default',
    baseUrl: 'https://api.globex.example',
    keySource: 'environment variable GLOBEX_API_KEY',
    since: undefined,
    timeoutMs: 30_000,
    schedule: { usage: '0 * * * *' },
    config: { mode: 'auto', dueAfter: 15 },
  });
  const all = loadConfig(undefined, { GLOBEX_API_KEY: 'k', ACME_API_KEY: 'l' }, FAKE_PROVIDERS);
  assert.deepEqual(
    all.accounts.map((account) => account.key()),
    ['l', 'k'],
  );
});

test('trailing line breaks of a key are trimmed, whatever its source', () => {
  for (const end of ['\n', '\r\n', '\n\n', '\r']) {
    const env = { K: `key-1${end}`, ACME_API_KEY: `key-1${end}` };
    writeFileSync(join(folder, 'key'), env.K);
    for (const key of [`apiKey: "\${K}"`, `apiKey: ${JSON.stringify(env.K)}`, 'apiKeyFile: key'])
      assert.equal(onlyAccount(load(`accounts:\n  - { provider: acme, ${key} }`, env)).key(), 'key-1', key);
    assert.equal(onlyAccount(loadConfig(undefined, env, FAKE_PROVIDERS)).key(), 'key-1');
  }
});

test('an environment without a usable key is reported with a remedy', () => {
  assert.throws(() => loadConfig(undefined, {}, FAKE_PROVIDERS), {
    name: 'ConfigError',
    message:
      'environment: no account to read: set one of ACME_API_KEY, GLOBEX_API_KEY, name a configuration with --config FILE, or try the demo command, which needs no key',
  });
  assert.throws(
    () => loadConfig(undefined, { ACME_API_KEY: 'a b', GLOBEX_API_KEY: 'c\nd' }, FAKE_PROVIDERS),
    {
      name: 'ConfigError',
      message:
        'environment: ACME_API_KEY: contains a space or a tab; a key has neither\nenvironment: GLOBEX_API_KEY: contains a line break; a key is a single line',
    },
  );
});
