import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Commands, Io } from '../commands/io.ts';
import { ConfigError } from '../config/yaml/errors.ts';
import { PollError } from '../providers/api/errors.ts';
import { Redactor } from '../runtime/redactor.ts';
import { runCli } from './program.ts';

interface Outcome {
  readonly code: number;
  readonly called: readonly string[];
  readonly out: string;
  readonly err: string;
}

/** Runs the command line; each command notes its call and resolves to 0, or does what `override` says. */
async function run(args: readonly string[], override: Partial<Commands> = {}): Promise<Outcome> {
  const called: string[] = [];
  const written = { out: '', err: '' };
  const note = (name: string) => async (options: object) => {
    called.push(`${name} ${JSON.stringify(options)}`);
    return 0;
  };
  const commands: Commands = {
    serve: note('serve'),
    demo: note('demo'),
    check: note('check'),
    poll: note('poll'),
    costs: note('costs'),
    exportFocus: note('exportFocus'),
    backfill: note('backfill'),
    taskCost: note('taskCost'),
    ledger: note('ledger'),
    configSchema: note('configSchema'),
    ...override,
  };
  const io: Io = {
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
    env: {},
    signal: new AbortController().signal,
    redactor: new Redactor(),
  };
  return { code: await runCli(args, { commands, io, version: '1.2.3' }), called, ...written };
}

const CALLS: readonly [args: string, call: string][] = [
  ['', 'serve {}'],
  ['--config c.yml', 'serve {"config":"c.yml"}'],
  ['serve --config c.yml', 'serve {"config":"c.yml"}'],
  ['serve -c c.yml', 'serve {"config":"c.yml"}'],
  ['demo', 'demo {"host":"127.0.0.1","port":9464}'],
  ['demo --host 0.0.0.0 --port 0', 'demo {"host":"0.0.0.0","port":0}'],
  ['check --config c.yml', 'check {"config":"c.yml"}'],
  ['check --config c.yml --offline', 'check {"config":"c.yml","offline":true}'],
  ['poll --config c.yml --json', 'poll {"config":"c.yml","json":true}'],
  ['poll --config c.yml --metrics', 'poll {"config":"c.yml","metrics":true}'],
  ['costs', 'costs {"by":"provider","format":"table"}'],
  [
    'costs -u http://h:1 -w today --match model=a=b* --match tier= --top 3 --format csv',
    'costs {"by":"provider","format":"csv","url":"http://h:1","window":"today","match":["model=a=b*","tier="],"top":"3"}',
  ],
  [
    'costs -c c.yml --from 2026-11-01 --to 2026-11-02 --by model,tier --step day',
    'costs {"by":"model,tier","format":"table","config":"c.yml","from":"2026-11-01","to":"2026-11-02","step":"day"}',
  ],
  [
    'backfill -c c.yml --from 2026-10-01 --output a/ --label job=a --label instance=b --resume',
    'backfill {"to":"baseline","config":"c.yml","from":"2026-10-01","output":"a/","label":["job=a","instance=b"],"resume":true}',
  ],
  [
    'backfill --from 2026-10-01 --to 2026-11-01 --remote-write http://h --dry-run',
    'backfill {"to":"2026-11-01","from":"2026-10-01","remoteWrite":"http://h","dryRun":true}',
  ],
  ['task-cost t1', 'taskCost {"task":"t1"}'],
  [
    'task-cost --config c.yml --account a --json t1',
    'taskCost {"config":"c.yml","account":"a","json":true,"task":"t1"}',
  ],
  ['task-cost -c c.yml -- -t1', 'taskCost {"config":"c.yml","task":"-t1"}'],
  ['ledger check --state l.db', 'ledger {"state":"l.db","action":"check"}'],
  ['ledger backup -c c.yml b.db', 'ledger {"config":"c.yml","action":"backup","file":"b.db"}'],
  ['ledger restore b.db', 'ledger {"action":"restore","file":"b.db"}'],
  ['ledger forget -s l.db -a venice/a/b', 'ledger {"state":"l.db","account":"venice/a/b","action":"forget"}'],
  ['ledger forget --account a/b --yes', 'ledger {"account":"a/b","yes":true,"action":"forget"}'],
  ['config-schema', 'configSchema {}'],
  ['--log-level debug', 'serve {"logLevel":"debug"}'],
  ['serve --log-level warn --log-format logfmt', 'serve {"logLevel":"warn","logFormat":"logfmt"}'],
  ['demo --log-format json', 'demo {"host":"127.0.0.1","port":9464,"logFormat":"json"}'],
  ['poll --log-level silent', 'poll {"logLevel":"silent"}'],
];

for (const [args, call] of CALLS) {
  test(`"${args}" runs ${call}`, async () => {
    const { code, called, err } = await run(args.split(' ').filter((arg) => arg !== ''));
    assert.deepEqual({ code, called, err }, { code: 0, called: [call], err: '' });
  });
}

const SEE_HELP = 'See ai-billing-exporter --help.\n';
const REFUSED: readonly [args: string, message: string][] = [
  ['chek', "error: unknown command 'chek'; did you mean check?\n"],
  [
    'frobnicate',
    "error: unknown command 'frobnicate'; known commands: serve, demo, check, poll, costs, export, backfill, task-cost, ledger, config-schema, completion, help\n",
  ],
  ['backfill', "error: required option '--from <date>' not specified\n"],
  [
    'backfill --from 2026-10-01 -o a --remote-write http://h',
    "error: option '-o, --output <file>' cannot be used with option '--remote-write <url>'\n",
  ],
  ['serve more', "error: too many arguments for 'serve'. Expected 0 arguments but got 1: more.\n"],
  ['--confg c.yml', "error: unknown option '--confg'\n(Did you mean --config?)\n"],
  ['check --ofline', "error: unknown option '--ofline'\n(Did you mean --offline?)\n"],
  ['serve --config', "error: option '-c, --config <file>' argument missing\n"],
  [
    'demo --port 65536',
    "error: option '-p, --port <number>' argument '65536' is invalid. A port is a number from 0 to 65535.\n",
  ],
  ['task-cost', "error: missing required argument 'task-id'\n"],
  ['task-cost a b', "error: too many arguments for 'task-cost'. Expected 1 argument but got 2: a, b.\n"],
  [
    'serve --log-level verbose',
    "error: option '--log-level <level>' argument 'verbose' is invalid. Allowed choices are debug, info, warn, error, silent.\n",
  ],
  [
    'completion tcsh',
    "error: command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.\n",
  ],
  ['ledger chek', "error: unknown command 'chek'\n(Did you mean check?)\n"],
  ['ledger restore', "error: missing required argument 'file'\n"],
  ['ledger forget', "error: required option '-a, --account <provider/name>' not specified\n"],
  [
    'ledger check -s a -c b',
    "error: option '-s, --state <file>' cannot be used with option '-c, --config <file>'\n",
  ],
  [
    'costs --window today --to 2026-11-01',
    "error: option '-w, --window <window>' cannot be used with option '--to <date>'\n",
  ],
  [
    'costs -c c.yml -u http://h',
    "error: option '-c, --config <file>' cannot be used with option '-u, --url <url>'\n",
  ],
  ['poll --json --metrics', "error: option '--json' cannot be used with option '--metrics'\n"],
];

for (const [args, message] of REFUSED) {
  test(`"${args}" is bad usage`, async () => {
    const { code, called, out, err } = await run(args.split(' '));
    assert.deepEqual({ code, called, out, err }, { code: 2, called: [], out: '', err: message + SEE_HELP });
  });
}

test('cli: help and version are printed to stdout with exit code 0', async () => {
  for (const flag of ['--version', '-v', '-V'])
    assert.deepEqual(await run([flag]), { code: 0, called: [], out: '1.2.3\n', err: '' });
  const help = await run(['--help']);
  assert.equal(help.code, 0);
  assert.equal(help.err, '');
  for (const name of ['serve', 'demo', 'check', 'poll', 'task-cost', 'config-schema', 'Exit codes']) {
    assert.ok(help.out.includes(name), name);
  }
  assert.match((await run(['poll', '--help'])).out, /--metrics/);
});

test('cli: the exit code is that of the command', async () => {
  assert.equal((await run(['check'], { check: async () => 1 })).code, 1);
});

test('cli: an invalid configuration exits with 2 and prints every problem', async () => {
  const problem = { file: 'c.yml', line: 1, column: 2, key: 'a', message: 'is bad' };
  const error = new ConfigError([problem, { ...problem, line: 3, key: '' }]);
  const outcome = await run(['serve'], { serve: () => Promise.reject(error) });
  assert.deepEqual(outcome, {
    code: 2,
    called: [],
    out: '',
    err: 'c.yml:1:2: a: is bad\nc.yml:3:2: is bad\n',
  });
});

test('cli: expected errors print one line, bugs print their stack', async () => {
  const fail = (error: unknown) => run(['poll'], { poll: () => Promise.reject(error) });
  const inUse = Object.assign(new Error('listen EADDRINUSE: 127.0.0.1:9464'), { syscall: 'listen' });
  assert.deepEqual(await fail(inUse), {
    code: 1,
    called: [],
    out: '',
    err: 'listen EADDRINUSE: 127.0.0.1:9464\n',
  });
  assert.equal((await fail(new PollError('auth', 'refused'))).err, 'refused\n');
  const bug = await fail(new TypeError('x is not a function'));
  assert.equal(bug.code, 1);
  assert.match(bug.err, /^TypeError: x is not a function\n +at /);
});
