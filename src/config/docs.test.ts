import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { PROVIDERS } from '../providers/index.ts';
import { configurationSchema, ownKeys } from './json-schema.ts';
import { loadConfig } from './load.ts';
import { openTelemetryOfEnvironment } from './otel/open-telemetry.ts';
import { OpenTelemetrySection } from './otel/schema.ts';
import { AccountKeys, Sections } from './schema.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
const example = readFileSync(join(root, 'deploy/ai-billing-exporter.example.yml'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'docs-'));
after(() => rmSync(folder, { recursive: true }));

const ENV = {
  ...Object.fromEntries(PROVIDERS.map(({ environmentKey }) => [environmentKey, 'k'])),
  VENDOR_KEY: 'k',
};

/** Rows of the page's tables, each cell without its backticks. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
  );

function load(text: string) {
  const file = join(folder, 'c.yml');
  writeFileSync(file, text);
  return loadConfig(file, ENV, PROVIDERS, Date.UTC(2026, 10, 22));
}

/** Names of all properties, however deep. */
function propertiesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties'
      ? [...Object.keys(value), ...Object.values(value).flatMap(propertiesIn)]
      : propertiesIn(value),
  );
}

test('configuration.md explains every key', () => {
  const names = propertiesIn(configurationSchema(PROVIDERS));
  assert.ok(names.length > 30);
  for (const name of new Set(names)) {
    const isTold =
      rows.some((cells) => cells.includes(name)) || new RegExp(`^### .*\`${name}\``, 'm').test(page);
    assert.ok(isTold, name);
  }
});

test('configuration.md lists the defaults and the keys of each provider', () => {
  const defaults: Record<string, string> = {
    listen: '0.0.0.0:9464',
    path: './data/ledger.db',
    level: 'info',
    historyMonths: '25',
    newSeriesZero: '2m',
    maxSeries: '10000',
    timeout: '30s',
    interval: '60s',
    compression: 'none',
    temporality: 'cumulative',
    serviceName: 'ai-billing-exporter',
    sampleRatio: '1',
  };
  const sections = Sections.parse({ accounts: [0] });
  assert.deepEqual(
    Sections.parse({
      accounts: [0],
      server: { listen: defaults.listen },
      state: { path: defaults.path, historyMonths: Number(defaults.historyMonths) },
      log: { level: defaults.level },
      metrics: { newSeriesZero: defaults.newSeriesZero, maxSeries: Number(defaults.maxSeries) },
    }),
    sections,
  );
  assert.deepEqual(
    AccountKeys.parse({ provider: 'x', timeout: defaults.timeout }),
    AccountKeys.parse({ provider: 'x' }),
  );
  const opentelemetry = OpenTelemetrySection.parse({ receivers: [{ name: 'a' }], traces: {} });
  const { interval, compression, temporality, sampleRatio } = defaults;
  assert.deepEqual(
    OpenTelemetrySection.parse({
      receivers: [
        { name: 'a', protocol: 'http/protobuf', timeout: '10s', interval, compression, temporality },
      ],
      traces: { sampleRatio: Number(sampleRatio) },
      genAiAttributes: false,
    }),
    opentelemetry,
  );
  assert.equal(openTelemetryOfEnvironment({}).resource['service.name'], defaults.serviceName);
  for (const [key, text] of Object.entries(defaults)) {
    assert.ok(
      rows.some((cells) => cells[0] === key && cells[1] === text),
      key,
    );
  }
  const documented = rows
    .filter((cells) => cells.length === 4)
    .map(([provider, key]) => `${provider} ${key}`);
  const own = PROVIDERS.flatMap((provider) => ownKeys(provider).map((key) => `${provider.id} ${key}`));
  assert.deepEqual(documented.filter((row) => row !== 'provider key').sort(), own.sort());
});

test('configuration.md lists every feed with its schedule, and every variable', () => {
  const feeds = PROVIDERS.flatMap(({ id, feeds: all }) =>
    all.map(({ name, schedule }) => [id, name, schedule]),
  );
  const ids: readonly string[] = PROVIDERS.map(({ id }) => id);
  const documented = rows.filter((cells) => cells.length === 3 && ids.includes(cells[0] ?? ''));
  assert.deepEqual(documented.sort(), feeds.sort());
  for (const { id, environmentKey } of PROVIDERS) {
    assert.ok(
      rows.some((cells) => cells[0] === environmentKey && cells[1] === id),
      id,
    );
  }
});

test('configuration.md lists exactly the OpenTelemetry variables that are read', () => {
  const read = new Set<string>();
  const on: Record<string, string> = {
    ...{ OTEL_METRICS_EXPORTER: 'otlp', OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'traceidratio' },
  };
  const record = (_: typeof on, name: string) => {
    read.add(name);
    return on[name];
  };
  openTelemetryOfEnvironment(new Proxy(on, { get: record }));
  const general = [...read].filter((name) => !isTwin(name, read));
  const documented = rows.map(([name = '']) => name).filter((name) => name.startsWith('OTEL_'));
  assert.deepEqual(documented.sort(), general.sort());
});

/** Is it the one for a signal, of a variable that is there for all? The page has only endpoints as both. */
function isTwin(name: string, all: ReadonlySet<string>): boolean {
  return (
    !name.endsWith('_ENDPOINT') &&
    /_OTLP_(METRICS|TRACES)_/.test(name) &&
    all.has(name.replace(/_(METRICS|TRACES)_/, '_'))
  );
}

test('every example in configuration.md is valid', () => {
  const blocks = Array.from(page.matchAll(/^```yaml\n([\s\S]*?)^```/gm), ([, text = '']) => text);
  assert.ok(blocks.length >= 3);
  for (const block of blocks) load(block);
});

test('the example file is valid, as it is and with everything enabled', () => {
  const shown: readonly string[] = load(example).accounts.map(({ provider }) => provider.id);
  assert.ok(shown.length > 3);
  assert.deepEqual(
    shown,
    PROVIDERS.map(({ id }) => id).filter((id) => shown.includes(id)),
  );
  const { accounts, openTelemetry, history } = load(wholeExample());
  assert.equal(accounts[0]?.since, Date.UTC(2026, 0, 1));
  assert.equal(accounts.find(({ provider }) => provider.id === 'northflank')?.schedule.usage, '5,35 * * * *');
  assert.deepEqual(
    openTelemetry.receivers.map(({ name, url }) => `${name} ${url}`),
    ['collector http://collector:4317', 'vendor https://otlp.vendor.example/v1/metrics'],
  );
  assert.equal(openTelemetry.traces?.sampleRatio, 0.1);
  assert.equal(history?.from, Date.UTC(2026, 0, 1));
  assert.deepEqual(history?.remoteWrite?.receiver.headers(), {
    'x-scope-orgid': 'team-a',
    authorization: `Basic ${Buffer.from('exporter:k').toString('base64')}`,
  });
});

/** The example with everything switched on but what excludes something else, or names files that are not there. */
function wholeExample(): string {
  return example
    .replace(/^# (?:opentelemetry|history):\n(?:# .*\n)+/gm, (section) => section.replaceAll(/^# /gm, ''))
    .replaceAll(/^( +)# (\w+:.*| {2}\w+: ".*")$/gm, '$1$2')
    .replaceAll(
      /^ +(apiKeyFile|metricsEndpoint|tracesEndpoint|caFile|certFile|keyFile|passwordFile|bearerToken(?:File)?): .*\n/gm,
      '',
    );
}

test('the example file shows every key of the providers in it', () => {
  const shown = load(example).accounts.map(({ provider }) => provider);
  const feeds = shown.flatMap((provider) => provider.feeds.map(({ name }) => name));
  for (const name of propertiesIn(configurationSchema(shown))) {
    if (feeds.includes(name)) continue;
    assert.match(example, new RegExp(`\\b${name}:`), name);
  }
});

test('the example file matches the JSON Schema', () => {
  assert.deepEqual(misfits(configurationSchema(PROVIDERS), parse(example), ''), []);
  assert.deepEqual(misfits(configurationSchema(PROVIDERS), parse(wholeExample()), ''), []);
  const broken = { ...parse(example), foo: 1, accounts: [{ provider: 'venice', apiKey: 'k', teamId: 't' }] };
  assert.deepEqual(misfits(configurationSchema(PROVIDERS), broken, ''), [
    '.accounts[0] fits 0 of oneOf',
    '.foo',
  ]);
});

/** Where a value does not fit, by the keywords that tell shapes apart. */
function misfits(schema: unknown, value: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const rule: Record<string, unknown> = { ...schema };
  const branches = Array.isArray(rule.oneOf) ? rule.oneOf : undefined;
  const fitting = branches?.filter((branch) => misfits(branch, value, path).length === 0).length ?? 1;
  return [
    ...(fitting === 1 ? [] : [`${path} fits ${fitting} of oneOf`]),
    ...('const' in rule && rule.const !== value ? [`${path} is not ${rule.const}`] : []),
    ...(Array.isArray(value)
      ? value.flatMap((item, index) => misfits(rule.items, item, `${path}[${index}]`))
      : []),
    ...membersMisfit(rule, value, path),
  ];
}

function membersMisfit(rule: Record<string, unknown>, value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const required: unknown[] = Array.isArray(rule.required) ? rule.required : [];
  const missing = required.filter((key) => !(String(key) in value)).map((key) => `${path}.${key} is missing`);
  const properties: Record<string, unknown> = { ...Object(rule.properties) };
  const members = Object.entries(value).flatMap(([key, member]) => {
    if (Object.hasOwn(properties, key)) return misfits(properties[key], member, `${path}.${key}`);
    return rule.additionalProperties === false ? [`${path}.${key}`] : [];
  });
  return [...missing, ...members];
}
