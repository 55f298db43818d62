import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { startInferenceSh } from '../../test/simulators/inference-sh/server.ts';
import { fakeClockAt, type SimulatedContract } from '../../test/simulators/kit/world.ts';
import { PollError } from '../providers/api/errors.ts';
import { PROVIDERS } from '../providers/index.ts';
import { Redactor } from '../runtime/redactor.ts';
import { taskCost } from './task-cost.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
const KEY = 'do-not-print-me';
const folder = mkdtempSync(join(tmpdir(), 'task-cost-'));
after(() => rmSync(folder, { recursive: true }));

const ROW = { at: Date.UTC(2026, 10, 22), app: 'a/b', microcents: 1_000_001n, task: 'task-1', model: 'A100' };

async function simulator(context: TestContext, contract: SimulatedContract = 'current') {
  const options = { clock: fakeClockAt(ROW.at), contract, generate: false, key: KEY };
  const inference = await startInferenceSh(options);
  context.after(() => inference.close());
  inference.book(ROW);
  return inference;
}

/** Runs the command with accounts of these names at `url`, and one of another provider. */
async function run(url: string, names: readonly string[], options: Parameters<typeof taskCost>[0]) {
  const config = join(folder, 'c.yml');
  const accounts = names.map((name) => ({ provider: 'inference_sh', name, apiKey: KEY, baseUrl: url }));
  const other = { provider: 'venice', name: 'chat', apiKey: KEY, baseUrl: 'http://127.0.0.1:1' };
  const state = { path: join(folder, 'ledger.db') };
  writeFileSync(config, JSON.stringify({ state, accounts: [other, ...accounts] }));
  const said = { out: '', err: '' };
  const io = {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
    env: {},
    signal: new AbortController().signal,
    redactor: new Redactor(),
  };
  try {
    const code = await taskCost({ config, ...options }, io, PROVIDERS);
    return { code, ...said };
  } finally {
    assert.ok(!`${said.out}${said.err}`.includes(KEY));
    assert.deepEqual(readdirSync(folder), ['c.yml'], 'no ledger is opened');
  }
}

for (const contract of CONTRACTS) {
  test(`task-cost: ${contract} contract: prints exact costs and whatever is not recognized`, async (context) => {
    const { url, requests } = await simulator(context, contract);
    const { code, out, err } = await run(url, ['apps'], { task: 'task-1' });
    assert.deepEqual([code, err], [0, '']);
    assert.equal(
      out,
      `task task-1 of inference_sh "apps"
  resource_fee   0.006 USD
  inference_fee  0.00400001 USD
  royalty_fee    0 USD
  partner_fee    0 USD
  total          0.01000001 USD
not recognized, as in the response:
  status         10
  usage.seconds  0
  usage.tier     cloud
  usage.model    A100
`,
    );
    assert.deepEqual(
      requests.map(({ method, path }) => `${method} ${path}`),
      ['GET /usage/tasks/task-1/cost'],
    );
  });
}

test('task-cost: --json prints the same', async (context) => {
  const { url } = await simulator(context);
  const { code, out } = await run(url, ['apps', 'more'], { task: 'task-1', account: 'more', json: true });
  assert.equal(code, 0);
  const amounts = { resource_fee: '0.006', inference_fee: '0.00400001', royalty_fee: '0', partner_fee: '0' };
  assert.deepEqual(JSON.parse(out), {
    provider: 'inference_sh',
    account: 'more',
    task: 'task-1',
    amounts: Object.entries({ ...amounts, total: '0.01000001' }).map(([name, usd]) => ({ name, usd })),
    notUnderstood: [
      { path: 'status', text: '10' },
      { path: 'usage.seconds', text: '0' },
      { path: 'usage.tier', text: 'cloud' },
      { path: 'usage.model', text: 'A100' },
    ],
  });
});

const MISUSES: readonly [names: string[], options: { task: string; account?: string }, message: string][] = [
  [['a', 'b'], { task: 't' }, 'choose an account of inference_sh with --account: "a", "b"\n'],
  [
    ['a', 'b'],
    { task: 't', account: 'chat' },
    '--account "chat" is not an account of inference_sh; known: "a", "b"\n',
  ],
  [
    [],
    { task: 't' },
    'no account of inference_sh is configured; no other provider reports the cost of a task\n',
  ],
  ...['..', 'a/../b', '', 'a\u001b[31m'].map((task): [string[], { task: string }, string] => [
    ['a'],
    { task },
    `${JSON.stringify(task)} is not a task id: expected 1 to 128 letters, digits, "-", "_" and ".", and not points alone\n`,
  ]),
];

for (const [names, options, message] of MISUSES) {
  test(`task-cost: misuse: ${message.trim()}`, async (context) => {
    const { url, requests } = await simulator(context);
    assert.deepEqual(await run(url, names, options), { code: 2, out: '', err: message });
    assert.deepEqual(requests, []);
  });
}

test('task-cost: a missing task fails in one line', async (context) => {
  const { url } = await simulator(context);
  const expected = { code: 1, out: '', err: 'no such task, or it has no cost yet\n' };
  assert.deepEqual(await run(url, ['a'], { task: 'task-2' }), expected);
});

test('task-cost: a 404 inside a 200 envelope is a missing task', async (context) => {
  const inference = await simulator(context);
  const refusal = { success: false, status: 404, error: { code: 'not_found', message: KEY } };
  inference.fault({ kind: 'edit', edit: () => JSON.stringify(refusal) });
  assert.equal((await run(inference.url, ['a'], { task: 'task-1' })).code, 1);
});

test('task-cost: a response without a cost fails and is printed, without the key that it echoes', async (context) => {
  const inference = await simulator(context);
  const body = { note: `for ${KEY}\u001b[2J`, price: 1.5, list: [null, { a: true }] };
  inference.fault({ kind: 'edit', edit: () => JSON.stringify(body) });
  assert.deepEqual(await run(inference.url, ['a'], { task: 'task-1' }), {
    code: 1,
    err: '',
    out: `task task-1 of inference_sh "a"
  no cost found in the response
not recognized, as in the response:
  note       for [key] [2J
  price      1.5
  list[0]    null
  list[1].a  true
`,
  });
  inference.fault({ kind: 'edit', edit: () => '[]' });
  assert.match(
    (await run(inference.url, ['a'], { task: 'task-1' })).out,
    /^ {2}the whole response {2}\[\]$/m,
  );
  inference.fault({ kind: 'edit', edit: () => JSON.stringify(Array(250).fill(0)) });
  assert.match(
    (await run(inference.url, ['a'], { task: 'task-1' })).out,
    /\n {2}and 150 more; see --json\n$/,
  );
});

test('task-cost: other failures are reported with their reason', async (context) => {
  const inference = await simulator(context);
  const failure = async () => {
    const error = await run(inference.url, ['a'], { task: 'task-1' }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof PollError);
    return `${error.reason}: ${error.message}`;
  };
  inference.fault({ kind: 'status', status: 403 });
  assert.equal(await failure(), 'auth: GET /usage/tasks/task-1/cost answered 403');
  inference.fault({ kind: 'throttle', waitSeconds: 3600, style: 'seconds' });
  assert.equal(await failure(), 'rate_limited: GET /usage/tasks/task-1/cost answered 429');
  inference.fault({ kind: 'html' });
  assert.match(await failure(), /^contract: .* is HTML or XML$/);
});
