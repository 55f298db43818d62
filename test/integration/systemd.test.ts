import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { callsAllowedBy, settingsOf, UNIT } from '../support/deploy/unit.ts';
import { run } from '../support/exporter/child.ts';
import { configurationOf, folderOf, LISTENING, start } from '../support/exporter/process.ts';
import { createDice } from '../support/ledger/property.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { startBillingActivity } from '../support/providers/billing-activity.ts';

const ROOT = join(import.meta.dirname, '../..');
const IS_ROOT = process.getuid?.() === 0;
/** Exposure out of 10 by systemd's rating; the rest is the network, which an exporter needs, and V8's machine code. */
const MOST_EXPOSED = 1.2;

realServerTest('systemd: accepts every setting of the unit', ['systemd-analyze'], async (context, pathOf) => {
  const good = await run(pathOf('systemd-analyze'), ['verify', '--man=no', UNIT]);
  assert.deepEqual(good, { code: 0, output: '' });

  const folder = await folderOf(context);
  const text = await readFile(UNIT, 'utf8');
  for (const [from, to] of [
    ['ProtectSystem=', 'ProtectSystm='],
    ['UMask=0077', 'UMask=private'],
    ['ExecStart=node', 'ExecStart=/usr/bin/nood'],
  ] as const) {
    const broken = join(folder, 'broken.service');
    await writeFile(broken, text.replace(from, to));
    const { output } = await run(pathOf('systemd-analyze'), ['verify', '--man=no', broken]);
    assert.notEqual(output, '', to);
  }
});

realServerTest(
  'systemd: the security exposure of the service is low',
  ['systemd-analyze'],
  async (_, pathOf) => {
    const most = `--threshold=${MOST_EXPOSED * 10}`;
    const judged = await run(pathOf('systemd-analyze'), [
      'security',
      '--offline=true',
      '--no-pager',
      most,
      UNIT,
    ]);
    assert.equal(judged.code, 0, judged.output);
  },
);

/** Everything is read-only except for the first folder, /proc shows processes only, and there is no root and no capability. */
const ENTER = `set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro /
mount -t proc -o subset=pid,hidepid=invisible proc /proc
cd "$1"
shift
umask 0077
exec unshare --user --map-user=65532 --map-group=65532 setpriv --no-new-privs --inh-caps=-all "$@"`;

realServerTest(
  "systemd: the service command works within the unit's restrictions",
  ['systemd-analyze', 'strace'],
  async (context, pathOf) => {
    const settings = await settingsOf(UNIT);
    const service = await layOut(context, settings);
    const trace = join(service.state, 'trace');
    const traced = [pathOf('strace'), '-f', '-qq', '-o', trace, ...service.command];
    const sandbox = [
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      ENTER,
      'sh',
      service.state,
    ];
    const [program = '', ...args] = IS_ROOT ? [...sandbox, ...traced] : traced;
    const running = start(context, args, {
      node: program,
      program: null,
      cwd: service.state,
      env: service.env,
    });
    const [, url = ''] = await running.said(LISTENING);
    while (!(await fetch(`${url}/-/ready`)).ok) await wait(50);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^ai_billing_up\{.*\} 1$/m);
    process.kill(await lastBelow(running.pid), 'SIGTERM');
    const { code, err } = await running.ended;
    assert.equal(code, 0, err);
    assert.doesNotMatch(err, /"level":"(warn|error)"/);

    const text = await readFile(trace, 'utf8');
    const used = new Set(Array.from(text.matchAll(/^\d+ +([a-z]\w*)\(/gm), ([, call = '']) => call));
    const allowed = await callsAllowedBy(pathOf('systemd-analyze'), settings.get('SystemCallFilter') ?? []);
    assert.ok(used.has('openat') && used.has('socket') && allowed.has('openat'), 'the life was seen');
    assert.deepEqual(
      [...used].filter((call) => !allowed.has(call)),
      [],
    );
    const families = new Set(text.match(/(?<=\bsocket\()AF_\w+/g));
    const [open = ''] = settings.get('RestrictAddressFamilies') ?? [];
    assert.deepEqual(
      [...families].filter((family) => !open.split(' ').includes(family)),
      [],
    );
  },
);

interface Service {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The only folder that is written to. */
  readonly state: string;
}

/** Prepares a folder as systemd does before it starts the unit, with this checkout installed. */
async function layOut(context: TestContext, settings: ReadonlyMap<string, string[]>): Promise<Service> {
  const spending = await startBillingActivity(createDice());
  context.after(() => spending.close());
  const folder = await folderOf(context);
  const [state, credentials] = [join(folder, 'state'), join(folder, 'credentials')];
  for (const path of [state, credentials]) await mkdir(path);
  const accounts = Object.entries(spending.accounts).map(([provider, { url, key }]) => {
    return [provider, { url, key: `\${CREDENTIALS_DIRECTORY}/key_${provider}`, content: key }] as const;
  });
  for (const [provider, { content }] of accounts)
    await writeFile(join(credentials, `key_${provider}`), `${content}\n`);
  // By name, and on every address, to cover the system calls of the C library for both.
  const text = configurationOf({ accounts: Object.fromEntries(accounts), listen: '0.0.0.0:0' });
  const config = join(folder, 'config.yml');
  await writeFile(
    config,
    text.replaceAll('"apiKey"', '"apiKeyFile"').replaceAll('//127.0.0.1', '//localhost'),
  );

  const [line = ''] = settings.get('ExecStart') ?? [];
  const command = line
    .replace(/^node /, `${process.execPath} `)
    .replace('/usr/lib/ai-billing-exporter/node_modules/ai-billing-exporter', ROOT)
    .replace('/etc/ai-billing-exporter/config.yml', config);
  const [fixed = ''] = settings.get('Environment') ?? [];
  const [name = '', value = ''] = fixed.split('=');
  return { command: command.split(' '), env: { [name]: value, CREDENTIALS_DIRECTORY: credentials }, state };
}

/** The last of a chain of processes. */
async function lastBelow(pid: number): Promise<number> {
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
  return child ? lastBelow(Number(child)) : pid;
}
