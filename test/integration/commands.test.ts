import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { SIMULATED_IDS, type Simulators, startAll } from '../simulators/all.ts';
import { run } from '../support/exporter/child.ts';
import { freePort } from '../support/exporter/loopback.ts';
import {
  BIN,
  type ConfigurationOptions,
  configure,
  folderOf,
  LISTENING,
  PATIENCE_MS,
  runToEnd,
  serve,
  start,
} from '../support/exporter/process.ts';
import { parseExposition } from '../support/exposition/exposition.ts';

const CANARY = 'canary-9f31-key-that-must-never-show';
const NEVER = '0 0 1 1 *';

/** All providers with the bill of yesterday and today, and a configuration that reads them once with a key to look for. */
async function world(context: TestContext): Promise<World> {
  const { close, ...providers } = await startAll({ genesis: YESTERDAY, key: CANARY });
  context.after(() => close());
  const folder = await folderOf(context);
  const account = { since: new Date(YESTERDAY).toISOString().slice(0, 10), timeout: '20s' };
  const write = (more: Partial<ConfigurationOptions> = {}) =>
    configure(folder, { accounts: providers, schedule: NEVER, account, ...more });
  return { providers, folder, write };
}

interface World {
  readonly providers: Simulators;
  readonly folder: string;
  write(options?: Partial<ConfigurationOptions>): Promise<string>;
}

/** In the first hour of a day nothing of it is due. */
const YESTERDAY = Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000;

/** No host outside this machine is contacted: names do not resolve. */
const NO_NAMES = `data:text/javascript,${encodeURIComponent(`
  import dns from 'node:dns';
  import { isIP } from 'node:net';
  const { lookup } = dns;
  const unknown = Object.assign(new Error('no names here'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
  dns.lookup = (name, ...rest) => (isIP(name) ? lookup(name, ...rest) : rest.at(-1)(unknown));
`)}`;

function assertSecret(...texts: readonly string[]): void {
  for (const text of texts) assert.ok(!text.includes(CANARY), 'a key was shown');
}

async function write(context: TestContext, text: string): Promise<string> {
  const file = join(await folderOf(context), 'config.yml');
  await writeFile(file, text);
  return file;
}

test('cli: an invalid configuration or command line exits with 2 and says what to do', async (context) => {
  const cases: readonly [text: string, message: RegExp][] = [
    [
      `accounts:\n  - provider: baseten\n    apiKy: ${CANARY}\n`,
      /config\.yml:3:5: accounts\[0\]\.apiKy: unknown key; did you mean "apiKey"\?/,
    ],
    [
      `accounts:\n  - provider: venice\n    apiKey: \${NO_SUCH_KEY}\n`,
      /config\.yml:3:\d+: accounts\[0\]\.apiKey: .*NO_SUCH_KEY/,
    ],
    [
      `accounts:\n  - provider: venise\n    apiKey: ${CANARY}\n    timeout: 30\n`,
      /provider: unknown provider; did you mean "?venice"?[\s\S]*timeout: must be a duration/,
    ],
  ];
  for (const [text, message] of cases) {
    for (const command of ['serve', 'check', 'poll']) {
      const file = await write(context, text);
      const { code, out, err } = await runToEnd(context, [command, '--config', file]);
      assert.equal(code, 2, err);
      assert.match(err, message);
      assert.doesNotMatch(err, /\n\s+at /, 'a mistake of the user needs no stack');
      assert.equal(out, '');
      assertSecret(err);
    }
  }
  const unknown = await runToEnd(context, ['serv']);
  assert.deepEqual([unknown.code, unknown.out], [2, '']);
  assert.match(unknown.err, /did you mean serve\?/);
  assert.equal((await runToEnd(context, ['demo', '--port', '70000'])).code, 2);
});

test('demo: refuses options that make no sense, and the ledger of something else', async (context) => {
  const folder = await folderOf(context);
  const ledger = join(folder, 'ledger.db');
  await writeFile(ledger, '');
  const url = 'http://127.0.0.1:9/api/v1/write';
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['--label', 'job=a'], /^--label needs --remote-write\n$/],
    [
      ['--remote-write', url],
      /^--remote-write needs --state: what was sent is recorded beside the ledger\n$/,
    ],
    [['--remote-write', 'nowhere', '--state', join(folder, 'new.db')], /^--remote-write must be a URL /],
    [['--state', ledger], /ledger\.db is not a ledger of the demo: name a new file\n$/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await runToEnd(context, ['demo', '--port', '0', ...args]);
    assert.deepEqual([code, out], [2, ''], err);
    assert.match(err, message);
  }
  assert.deepEqual(await readdir(folder), ['ledger.db']);
});

test('check: tries each key; exits with 0 if all work and 1 if one does not', async (context) => {
  const { providers, write } = await world(context);
  const good = await runToEnd(context, ['check', '--config', await write()]);
  assert.equal(good.code, 0, good.err);
  assert.equal(good.out.match(/: credential works$/gm)?.length, SIMULATED_IDS.length);
  const wrong = { ...providers, venice: { url: providers.venice.url, key: `${CANARY}-wrong` } };
  const bad = await runToEnd(context, ['check', '--config', await write({ accounts: wrong })]);
  assert.equal(bad.code, 1);
  assert.match(
    bad.out,
    /^venice "test": auth: GET \S+ answered 401\n {2}asked 127\.0\.0\.1:\d+ with the key from the configuration file\n {2}The key was refused/m,
  );
  assert.equal(bad.out.match(/: credential works$/gm)?.length, SIMULATED_IDS.length - 1);
  const offline = await runToEnd(context, [
    'check',
    '--offline',
    '--config',
    await write({ accounts: wrong }),
  ]);
  assert.equal(offline.code, 0);
  assertSecret(good.out, good.err, bad.out, bad.err, offline.out);
});

/** The month is known as a whole on its first two days: the accounts are read since yesterday. */
const USD = '[<-]?\\$[\\d,]+\\.\\d\\d';

test('poll: prints a table, JSON or metrics, and leaves no ledger behind', async (context) => {
  const { folder, write } = await world(context);
  const file = await write();
  const table = await runToEnd(context, ['poll', '--config', file]);
  assert.equal(table.code, 0, table.err);
  for (const provider of SIMULATED_IDS) {
    assert.match(table.out, new RegExp(`^${provider} +(unknown|${USD}) +(unknown|${USD})$`, 'm'));
  }
  assert.match(table.out, new RegExp(`^ {2}llama\\S+ +(unknown|${USD}) +${USD}$`, 'm'));
  assert.match(table.out, new RegExp(`^Balances\n {2}venice "test" +${USD} DIEM`, 'm'));
  const json = await runToEnd(context, ['poll', '--json', '--config', file]);
  assert.equal(json.code, 0, json.err);
  assert.equal(JSON.parse(json.out).accounts.length, SIMULATED_IDS.length);
  const metrics = await runToEnd(context, ['poll', '--metrics', '--config', file]);
  assert.equal(metrics.code, 0, metrics.err);
  const page = parseExposition(metrics.out, 'text');
  assert.ok((page.families.get('ai_billing_cost_today_usd')?.samples.length ?? 0) > 4);
  assertSecret(table.out, table.err, json.out, json.err, metrics.out, metrics.err);
  await assert.rejects(readFile(join(folder, 'ledger.db')), { code: 'ENOENT' });
});

test('poll: exits with 1 if a feed fails, and prints the results of the others', async (context) => {
  const { providers, write } = await world(context);
  providers.venice.fault({ kind: 'status', status: 401 });
  const { code, out } = await runToEnd(context, ['poll', '--config', await write()]);
  assert.equal(code, 1);
  assert.match(out, new RegExp(`^baseten +(unknown|${USD}) +${USD}$`, 'm'));
  assert.match(out, /^venice +unknown +unknown$/m);
  assert.match(
    out,
    /^Failed\n(?: .*\n)* {2}venice "test" usage_history: auth: GET \S+ answered 401\n {4}The key was refused/m,
  );
});

test('schema: prints the configuration schema as JSON', async (context) => {
  const { code, out, err } = await runToEnd(context, ['config-schema']);
  assert.deepEqual([code, err], [0, '']);
  assert.match(JSON.parse(out).$schema, /json-schema\.org/);
});

test('serve: after a restart with all providers hanging, serves the ledger and exits on SIGTERM', async (context) => {
  const { providers, write } = await world(context);
  const file = await write({ schedule: '*/2 * * * * *' });
  const first = await serve(context, file);
  await untilReady(first.url);
  const before = await costsOf(first.url);
  assert.ok(before.length > 10);
  const ended = await first.end('SIGTERM');
  assert.equal(ended.code, 0);

  for (const simulator of Object.values(providers)) simulator.fault({ kind: 'hang' });
  const startedAt = performance.now();
  const second = await serve(context, file);
  assert.equal((await fetch(`${second.url}/-/ready`)).status, 200);
  assert.equal((await fetch(`${second.url}/-/healthy`)).status, 200);
  // A poll may have ended between the page and the signal: no value is missing or lower.
  const after = new Map((await costsOf(second.url)).map(seriesAndValue));
  for (const [series, value] of before.map(seriesAndValue))
    assert.ok((after.get(series) ?? -1) >= value, series);
  assert.ok(performance.now() - startedAt < 8000, 'within seconds');
  const stoppingAt = performance.now();
  const { code, err } = await second.end('SIGTERM');
  assert.equal(code, 0, err);
  assert.ok(performance.now() - stoppingAt < 15_000, 'within 15 s');
  assertSecret(ended.out, ended.err, err);
});

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await fetch(`${url}/-/ready`)).status !== 200) assert.ok(performance.now() < deadline);
}

/** Lines of the cost counters, which do not change while providers hang. */
async function costsOf(url: string): Promise<string[]> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return page.split('\n').filter((line) => line.startsWith('ai_billing_cost_usd_total{'));
}

function seriesAndValue(line: string): [string, number] {
  const space = line.lastIndexOf(' ');
  return [line.slice(0, space), Number(line.slice(space + 1))];
}

test('serve: a second exporter on the same ledger is refused until the first exits', async (context) => {
  const { write } = await world(context);
  const file = await write();
  const first = await serve(context, file);
  const second = await runToEnd(context, ['serve', '--config', file]);
  assert.equal(second.code, 1);
  assert.match(second.err, /ledger\.db is in use by another process\. .*stop the other one/);
  assert.doesNotMatch(second.err, /\n\s+at /);
  await first.end('SIGKILL');
  assert.equal((await (await serve(context, file)).end('SIGINT')).code, 0);
});

test('serve: exits with 1 and names the port if it is in use', async (context) => {
  const taken = createServer().listen(0, '127.0.0.1');
  context.after(() => taken.close());
  await once(taken, 'listening');
  const address = taken.address();
  assert.ok(typeof address === 'object' && address);
  const { write } = await world(context);
  const file = await write({ listen: `127.0.0.1:${address.port}` });
  for (const args of [
    ['serve', '--config', file],
    ['demo', '--port', String(address.port)],
  ]) {
    const { code, err } = await runToEnd(context, args);
    assert.equal(code, 1);
    assert.match(err, new RegExp(`127\\.0\\.0\\.1:${address.port} is in use by another program`));
  }
});

test('serve: exits with 1 and names the listen address if it is not local', async (context) => {
  const { write } = await world(context);
  for (const host of ['no-such-host.invalid', '192.0.2.1']) {
    const file = await write({ listen: `${host}:9464` });
    const env = { NODE_OPTIONS: `--import ${NO_NAMES}` };
    const { code, err } = await runToEnd(context, ['serve', '--config', file], { env });
    assert.equal(code, 1);
    assert.equal(err, `${host} is not an address of this machine; set server.listen\n`);
  }
});

test('poll, check: exit on a signal while waiting for an answer', async (context) => {
  const { providers, write } = await world(context);
  const file = await write();
  for (const simulator of Object.values(providers)) simulator.fault({ kind: 'hang' });
  for (const command of ['poll', 'check']) {
    const asked = providers.venice.requests.length;
    const running = start(context, [command, '--config', file]);
    while (providers.venice.requests.length === asked) await wait(20);
    const stoppingAt = performance.now();
    const { code, err } = await running.end('SIGINT');
    assert.equal(code, 1, err);
    assert.doesNotMatch(err, /\n\s+at /, 'who ends it needs no stack');
    if (command === 'check') assert.equal(err, 'interrupted\n');
    assert.ok(performance.now() - stoppingAt < 5000);
  }
});

test('serve: an unusable ledger is left unchanged, and the error says why', async (context) => {
  const { folder, write } = await world(context);
  const seed = await serve(context, await write());
  await untilReady(seed.url);
  await seed.end('SIGTERM');
  const good = await readFile(join(folder, 'ledger.db'));
  const damaged = Buffer.from(good);
  damaged.fill(0xff, 4096, Math.min(good.length, 4096 * 6));
  const cases: readonly [name: string, bytes: Buffer, message: RegExp][] = [
    ['damaged.db', damaged, /damaged\.db is damaged\. .*restore a backup/],
    [
      'foreign.db',
      Buffer.from('This is a letter, not a ledger.\n'.repeat(200)),
      /foreign\.db is not a ledger/,
    ],
    ['newer.db', await newer(folder, good), /newer\.db was written by a newer version/],
  ];
  for (const [name, bytes, message] of cases) {
    const ledger = join(folder, name);
    await writeFile(ledger, bytes);
    const { code, err } = await runToEnd(context, ['serve', '--config', await write({ ledger })]);
    assert.equal(code, 1, err);
    assert.match(err, message);
    assert.doesNotMatch(err, /\n\s+at /);
    assert.ok((await readFile(ledger)).equals(bytes), `${name} was changed`);
  }
});

/** The same ledger, as a version from the future would mark it. */
async function newer(folder: string, ledger: Buffer): Promise<Buffer> {
  const draft = join(folder, 'draft.db');
  await writeFile(draft, ledger);
  const database = new DatabaseSync(draft);
  database.exec('PRAGMA journal_mode = DELETE; PRAGMA user_version = 99');
  database.close();
  return readFile(draft);
}

test('serve: exits with 1 and names the path if it cannot hold a ledger', async (context) => {
  const { folder, write } = await world(context);
  await mkdir(join(folder, 'folder.db'));
  for (const ledger of [join(folder, 'folder.db'), join(folder, 'config.yml', 'ledger.db')]) {
    const { code, err } = await runToEnd(context, ['serve', '--config', await write({ ledger })]);
    assert.equal(code, 1, err);
    assert.ok(err.startsWith(ledger), err);
    assert.match(err, /cannot be opened/);
    assert.doesNotMatch(err, /\n\s+at /);
  }
});

test('serve: starts with nothing but API keys in the environment', async (context) => {
  const cwd = await folderOf(context);
  const env = { BASETEN_API_KEY: CANARY, VENICE_API_KEY: CANARY, NODE_OPTIONS: `--import ${NO_NAMES}` };
  const running = start(context, [], { cwd, env });
  const [said] = await running.said(/"msg":"listening"|:9464 is in use by another program/);
  if (said.includes('in use')) {
    assert.equal((await running.ended).code, 1);
    return context.diagnostic('the default port is taken here');
  }
  assert.match(running.err(), /"accounts":2/);
  await running.said(/"provider":"baseten","account":"default","feed":"usage".*"reason":"network"/);
  const page = await (await fetch('http://127.0.0.1:9464/metrics')).text();
  assert.match(page, /^ai_billing_up\{provider="baseten",account="default",feed="usage"\} 0$/m);
  const { code, out, err } = await running.end('SIGTERM');
  assert.equal(code, 0);
  assertSecret(out, err, page);
  await readFile(join(cwd, 'data/ledger.db'));
});

test('demo: listens on the given port and exits on a signal', async (context) => {
  const port = await freePort();
  const demo = start(context, ['demo', '--port', String(port)]);
  await demo.said(new RegExp(`^Demo on http://127\\.0\\.0\\.1:${port} `));
  const [, url = ''] = await demo.said(LISTENING);
  await untilReady(url);
  const { code, out } = await demo.end('SIGINT');
  assert.equal(code, 0);
  assert.equal(out.split('\n').length, 2);
});

test('cli: Node 20 gets an error that names the required version', async (context) => {
  const old = await node20();
  if (old === undefined) return context.skip('no Node 20 on the PATH');
  const { code, out, err } = await runToEnd(context, ['serve'], { node: old, program: BIN });
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /^ai-billing-exporter needs Node\.js 24 or newer; this is v20\.\d+\.\d+\.\n/);
});

async function node20(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
  for (const folder of folders) {
    const path = join(folder, 'node');
    const { output } = await run(path, ['--version']).catch(() => ({ output: '' }));
    if (output.startsWith('v20.')) return path;
  }
  return undefined;
}
