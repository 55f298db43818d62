import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE } from '../../src/core/values/time.ts';
import { SIMULATED_IDS as IDS, SIMULATORS } from '../simulators/all.ts';
import { serveOnLoopback } from '../support/exporter/loopback.ts';
import {
  type Ended,
  folderOf,
  PATIENCE_MS,
  type Running,
  runToEnd,
  serve,
} from '../support/exporter/process.ts';
import { type Canary, canariesIn, canaryOf } from '../support/providers/canary.ts';
import { type FaultProxy, type RawResponder, startFaultProxy } from '../support/providers/fault-proxy.ts';
import { KEY_LEAKS, leakInValidResponse } from '../support/providers/key-leaks.ts';
import { providerById } from '../support/providers/provider-by-id.ts';

const KEYS = IDS.map(canaryOf);
const [OTLP, TRACES, USER] = [canaryOf('otlp'), canaryOf('traces'), canaryOf('user')];
const ALL: readonly Canary[] = [...KEYS, OTLP, TRACES, USER];
const PATHS = [
  '/',
  '/metrics',
  '/otel/metrics',
  '/api/v1/status',
  '/api/v1/costs',
  '/-/ready',
  '/nothing-there',
];

/** Observed texts, by place. */
type Seen = Map<string, string | Buffer>;

interface World {
  readonly folder: string;
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
  /** Bodies that were pushed, and where to. */
  readonly pushed: Seen;
  /** Sets how responses of all providers are damaged, for each one's key. */
  spoil(wire: (canary: Canary) => RawResponder): void;
}

/** All providers behind proxies, two keys in the environment and the others in files, and receivers that need keys of their own. */
async function startFaultScenario(context: TestContext): Promise<World> {
  const folder = await folderOf(context);
  const genesis = Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000;
  const proxies: [Canary, FaultProxy][] = [];
  for (const id of IDS) {
    const canary = canaryOf(id);
    const simulator = await SIMULATORS[id]({ genesis, key: canary.key });
    context.after(() => simulator.close());
    proxies.push([canary, await startFaultProxy(context, simulator.url)]);
  }
  const pushed: Seen = new Map();
  const receiver = await serveOnLoopback(
    context,
    (request, response) => void take(request, response, pushed),
  );
  const accounts = await Promise.all(
    IDS.map(async (provider, index) => {
      const file = join(folder, `${provider}.key`);
      await writeFile(file, KEYS[index]?.key ?? '');
      const key = index < 2 ? { apiKey: `\${${provider.toUpperCase()}}` } : { apiKeyFile: file };
      return {
        provider,
        name: 'test',
        baseUrl: proxies[index]?.[1].url,
        ...key,
        ...SETTINGS(provider, genesis),
      };
    }),
  );
  // Nothing speaks TLS there.
  const insecure = { ...accounts[0], name: 'tls', baseUrl: `https://${receiver}` };
  const config = join(folder, 'config.yml');
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({
      server: { listen: '127.0.0.1:0' },
      state: { path: join(folder, 'ledger.db') },
      metrics: { newSeriesZero: '0s' },
      accounts: [...accounts, insecure],
      opentelemetry: {
        prometheus: true,
        receivers: [{ name: 'r', endpoint: `http://${receiver}`, interval: '1s', ...bearer(OTLP) }],
        traces: { endpoint: `http://${receiver}`, ...bearer(TRACES) },
      },
    }),
  );
  const env = { BASETEN: KEYS[0]?.key ?? '', VENICE: KEYS[1]?.key ?? '' };
  const spoil = (wire: (canary: Canary) => RawResponder) => {
    for (const [canary, proxy] of proxies) proxy.spoil(wire(canary));
  };
  return { folder, config, env, pushed, spoil };
}

const EACH_SECOND = '* * * * * *';

const SETTINGS = (id: string, genesis: number) => ({
  schedule: scheduleOf(id),
  timeout: '1s',
  since: new Date(genesis).toISOString().slice(0, 10),
});

/** Every feed each second; only the first one where the provider allows so few requests that all of them would soon wait. */
function scheduleOf(id: string): string | Readonly<Record<string, string>> {
  const { requestBudget, feeds = [] } = providerById(id) ?? {};
  if (!requestBudget || requestBudget.requests * MINUTE >= 2 * requestBudget.perMs) return EACH_SECOND;
  return Object.fromEntries(feeds.map(({ name }, index) => [name, index === 0 ? EACH_SECOND : '0 0 1 1 *']));
}

function bearer({ key }: Canary) {
  return { headers: { authorization: `Bearer ${key}` } };
}

/** Records a body, and rejects every third with its authorization. */
async function take(request: IncomingMessage, response: ServerResponse, pushed: Seen): Promise<void> {
  const { authorization = '' } = request.headers;
  pushed.set(`push ${pushed.size} to ${request.url}`, await buffer(request));
  const isKnown = authorization.includes(OTLP.key) || authorization.includes(TRACES.key);
  if (!isKnown) pushed.set('a push without its key', USER.key);
  if (pushed.size % 3 > 0) return void response.writeHead(200).end();
  response
    .writeHead(pushed.size % 2 === 0 ? 400 : 401, authorization, { 'x-key': authorization })
    .end(authorization);
}

async function look(url: string, seen: Seen, when: string): Promise<void> {
  for (const path of PATHS) {
    const { status, headers, text } = await asked(`${url}${path}`);
    seen.set(`${path} ${status} at ${when}`, `${JSON.stringify([...headers])}${text}`);
  }
  const open = await asked(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
  seen.set(`OpenMetrics at ${when}`, open.text);
  seen.set(`a POST at ${when}`, (await asked(`${url}/metrics`, { method: 'POST', body: '{' })).text);
}

async function asked(url: string, init: RequestInit = {}) {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Every account's next poll, the slowest one's too. */
async function nextPolls(running: Running): Promise<void> {
  const from = running.err().length;
  const deadline = performance.now() + PATIENCE_MS;
  const isOver = () =>
    IDS.every((id) => running.err().slice(from).includes(`"provider":"${id}","account":"test"`));
  while (!isOver() && performance.now() < deadline) await sleep(50);
  assert.ok(isOver(), 'every account is polled');
  // Failures from before the change may be reported only afterwards.
  await sleep(100);
}

test('redaction: no response, log, push, ledger or command line contains a key, even if a provider echoes it', async (context) => {
  const { config, env, folder, pushed, spoil } = await startFaultScenario(context);
  spoil(leakInValidResponse);
  const exporter = await serve(context, config, { env });
  const seen: Seen = new Map();
  await nextPolls(exporter);
  await look(exporter.url, seen, 'good answers');
  assert.match(
    String(seen.get('/metrics 200 at good answers')),
    /\[key\]/,
    'what echoes a key is shown without it',
  );
  for (const [name, wire] of Object.entries(KEY_LEAKS)) {
    spoil(wire);
    await nextPolls(exporter);
    await look(exporter.url, seen, name);
  }
  seen.set('command line', await readFile(`/proc/${exporter.pid}/cmdline`));
  seen.set('process title', await readFile(`/proc/${exporter.pid}/comm`));
  for (const file of await readdir(folder)) {
    if (file.startsWith('ledger')) seen.set(`${file} while it runs`, await readFile(join(folder, file)));
  }
  const { code, out, err } = await exporter.end('SIGTERM');
  assert.equal(code, 0, err);
  seen
    .set('the ledger', await readFile(join(folder, 'ledger.db')))
    .set('output', out)
    .set('log', err);
  for (const [place, body] of pushed) seen.set(place, body);
  assert.deepEqual(canariesIn(ALL, seen), []);
  for (const reason of ['auth', 'network', 'timeout', 'contract', 'server', 'rate_limited'])
    assert.ok(err.includes(`"reason":"${reason}"`), `${reason} happened`);
  assert.ok(
    [...pushed.keys()].some((place) => place.endsWith('/v1/traces')),
    'spans were sent',
  );
});

test('redaction: no command prints a key, even if a provider echoes it', async (context) => {
  const { config, env, spoil } = await startFaultScenario(context);
  const run = (...args: string[]) => runToEnd(context, [...args, '--config', config], { env });
  const seen: Seen = new Map();
  const note = async (name: string, ended: Promise<Ended>) => {
    const { out, err } = await ended;
    assert.ok(out !== '' || err !== '', name);
    seen.set(name, out + err);
  };
  const shape = KEY_LEAKS['JSON in which every value is the key'] ?? leakInValidResponse;
  spoil(shape);
  await Promise.all([
    note('task-cost', run('task-cost', 'task-1', '--json')),
    note('poll', run('poll', '--json')),
  ]);
  spoil(KEY_LEAKS['a 401 with the key in its body, its headers and its reason'] ?? leakInValidResponse);
  await Promise.all([note('check', run('check')), note('task-cost refused', run('task-cost', 'task-1'))]);
  spoil(leakInValidResponse);
  await note('poll --metrics', run('poll', '--metrics'));
  assert.deepEqual(canariesIn(ALL, seen), []);
});

test('redaction: a configuration with a misplaced key is rejected without repeating it', async (context) => {
  const { folder } = await startFaultScenario(context);
  const file = join(folder, 'wrong.yml');
  const account = { provider: 'baseten', apiKey: 'x', name: 'a' };
  const at = (baseUrl: string, more: object) =>
    writeFile(file, JSON.stringify({ accounts: [{ ...account, baseUrl, ...more }] }));
  const seen: Seen = new Map();
  const wrongs: readonly [string, object][] = [
    [`http://${USER.core}:${USER.core}@127.0.0.1/`, {}],
    [`http://127.0.0.1/?key=${USER.core}`, { apiKey: `two ${USER.core}`, apikey: USER.core }],
  ];
  for (const [index, [baseUrl, more]] of wrongs.entries()) {
    await at(baseUrl, more);
    const { code, out, err } = await runToEnd(context, ['check', '--offline', '--config', file]);
    assert.equal(code, 2, err);
    seen.set(`wrong ${index}`, out + err);
  }
  assert.deepEqual(canariesIn(ALL, seen), []);
});

/** An internal error whose message contains a request. */
const BUG = `const e = new Error('a bug: ' + process.env.BASETEN);
  e.cause = new Error(process.env.VENICE); e.headers = { authorization: process.env.BASETEN };`;
const BUGS: Readonly<Record<string, string>> = {
  'an exception': `setTimeout(() => { ${BUG} throw e; }, 2500);`,
  'an unhandled rejection': `setTimeout(() => { ${BUG} Promise.reject(e); }, 2500);`,
};

for (const [name, code] of Object.entries(BUGS)) {
  test(`redaction: a crash by ${name} is logged without the key in its message`, async (context) => {
    const { config, env } = await startFaultScenario(context);
    const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(code)}`;
    const exporter = await serve(context, config, { env: { ...env, NODE_OPTIONS } });
    const { code: exit, out, err } = await exporter.ended;
    assert.equal(exit, 1);
    assert.match(err, /Error: a bug: \[key\]\n +at /);
    assert.deepEqual(canariesIn(ALL, new Map([['output', out + err]])), []);
  });
}

test('redaction: the test finds a canary key in every encoded form', () => {
  const { key, core } = canaryOf('form');
  const forms = [
    key,
    encodeURIComponent(key),
    Buffer.from(`Bearer ${key}`).toString('base64'),
    `\\u0063${core}`,
  ];
  for (const form of forms)
    assert.notDeepEqual(canariesIn([{ key, core }], new Map([['x', form]])), [], form);
  const escaped = [...core].map((letter) => `\\u00${letter.charCodeAt(0).toString(16)}`).join('');
  assert.equal(canariesIn([{ key, core }], new Map([['x', escaped]])).length, 1);
  assert.deepEqual(canariesIn([{ key, core }], new Map([['x', 'nothing']])), []);
});
