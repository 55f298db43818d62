import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { copyCheckout, pack } from '../support/deploy/package.ts';
import { SYSTEMD } from '../support/deploy/unit.ts';
import { run } from '../support/exporter/child.ts';
import { configurationOf, folderOf, start } from '../support/exporter/process.ts';
import { createDice } from '../support/ledger/property.ts';
import { startBillingActivity } from '../support/providers/billing-activity.ts';

// The unit, run by systemd itself: process 1 of namespaces of its own, over this machine's files. By hand, with
// `npm run systemd:try`, as it needs Linux, root, systemd and the unified hierarchy of control groups.

const UNIT = 'ai-billing-exporter';
const PAGES = 'http://127.0.0.1:19464';

test('systemd runs the unit from its installation to a wrong configuration', {
  timeout: 300_000,
}, async (context) => {
  const folder = await layOut(context);
  const systemd = await boot(context, folder);
  const systemctl = async (...words: string[]) => (await systemd('systemctl', ...words)).output.trim();
  assert.equal(await systemctl('start', UNIT), '');
  await until(async () => (await fetch(`${PAGES}/-/ready`)).ok);
  const pid = await systemctl('show', '-p', 'MainPID', '--value', UNIT);

  await context.test('as a user of its own, with no right', async () => {
    const { output } = await systemd('cat', `/proc/${pid}/status`);
    for (const line of [/^Uid:\t[1-9]/m, /^CapBnd:\t0+$/m, /^NoNewPrivs:\t1$/m, /^Seccomp:\t2$/m])
      assert.match(output, line);
  });
  await context.test('with its keys, and a ledger that is its own', async () => {
    const page = await (await fetch(`${PAGES}/metrics`)).text();
    assert.deepEqual(page.match(/^ai_billing_up\{.*\} 0$/gm), null);
    const inside = async (...words: string[]) => (await systemd('nsenter', '-t', pid, '-m', ...words)).output;
    assert.match(
      await inside('stat', '-c', '%U %a', `/run/credentials/${UNIT}.service/key_venice`),
      /^\S+ 400$/m,
    );
    assert.match(
      await inside('stat', '-c', '%U %a', `/var/lib/${UNIT}/data/ledger.db`),
      /^ai-billing-exporter 600$/m,
    );
    assert.match(await inside('touch', '/usr/lib/x', '/etc/x'), /(Read-only file system[\s\S]*){2}/);
  });
  await context.test('a reload takes a new budget', async () => {
    await systemd('sh', '-c', `echo 'budgets: [{ name: new, limitUsd: 7 }]' >> /etc/${UNIT}/config.yml`);
    assert.equal(await systemctl('reload', UNIT), '');
    const page = async () => (await fetch(`${PAGES}/metrics`)).text();
    await until(async () => (await page()).includes('\nai_billing_budget_limit_usd{budget="new"} 7\n'));
    assert.equal(await systemctl('show', '-p', 'MainPID', '--value', UNIT), pid);
  });
  await context.test('it ends well, and starts with the ledger that it had', async () => {
    assert.equal(await systemctl('restart', UNIT), '');
    await until(async () =>
      (await (await fetch(`${PAGES}/-/ready`)).text()).includes('the ledger was restored'),
    );
    assert.equal(await systemctl('stop', UNIT), '');
    assert.equal(await systemctl('show', '-p', 'Result', UNIT), 'Result=success');
  });
  await context.test('a wrong configuration is not tried again', async () => {
    await systemd('sh', '-c', `echo 'wrong: true' >> /etc/${UNIT}/config.yml`);
    await systemctl('start', UNIT);
    await until(async () => (await systemctl('is-failed', UNIT)) === 'failed');
    const shown = await systemctl('show', '-p', 'NRestarts', '-p', 'ExecMainStatus', UNIT);
    assert.deepEqual(shown.split('\n').sort(), ['ExecMainStatus=2', 'NRestarts=0']);
  });
});

/** What the documentation says to install, in a folder: Node, the npm package, a configuration and keys. */
async function layOut(context: TestContext): Promise<string> {
  const spending = await startBillingActivity(createDice());
  context.after(() => spending.close());
  const folder = await folderOf(context);
  const [keys, bin] = [join(folder, 'etc', UNIT, 'keys'), join(folder, 'usr/local/bin')];
  for (const path of [keys, bin, join(folder, 'layer')]) await mkdir(path, { recursive: true });
  await copyFile(process.execPath, join(bin, 'node'));
  const { path } = await pack(await copyCheckout(context), 'packed');
  const installed = await run('npm', ['install', '--prefix', join(folder, 'usr/lib', UNIT), path], {
    cwd: folder,
  });
  assert.equal(installed.code, 0, installed.output);

  const named = Object.entries(spending.accounts).map(([name, { url, key }]) => ({ name, url, key }));
  for (const { name, key } of named) await writeFile(join(keys, name), `${key}\n`, { mode: 0o600 });
  const accounts = named.map(({ name, url }) => [
    name,
    { url, key: `\${CREDENTIALS_DIRECTORY}/key_${name}` },
  ]);
  const text = configurationOf({
    accounts: Object.fromEntries(accounts),
    listen: PAGES.replace('http://', ''),
  });
  const entries = Object.entries(JSON.parse(text.replaceAll('"apiKey"', '"apiKeyFile"')));
  // A key a line, so that one can be added.
  const lines = entries.map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  await writeFile(join(folder, 'etc', UNIT, 'config.yml'), lines.join(''), { mode: 0o644 });
  return folder;
}

type Inside = (...words: string[]) => ReturnType<typeof run>;

/** Boots systemd; what it gives runs programs beside it. */
async function boot(context: TestContext, folder: string): Promise<Inside> {
  const roots = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'];
  const root = roots.find((path) => existsSync(join(path, 'cgroup.controllers')));
  assert.ok(root, 'there is a unified hierarchy of control groups');
  const group = join(root, `${UNIT}-test`);
  await mkdir(group);
  const enter = `echo $$ > ${group}/cgroup.procs; exec unshare --mount --pid --fork --cgroup --uts --ipc --kill-child "$@"`;
  const script = join(import.meta.dirname, 'boot.sh');
  const args = ['-c', enter, 'sh', 'sh', script, folder, SYSTEMD];
  const unshare = start(context, args, { node: 'sh', program: null });
  // Only now, to come after the end of what is in it.
  context.after(() => removeGroup(group));
  const first = async () =>
    (await readFile(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8')).trim();
  const inside: Inside = async (...words) =>
    run('nsenter', ['-t', await first(), '-m', '-p', '-C', ...words]);
  await until(async () => /running|degraded/.test((await inside('systemctl', 'is-system-running')).output));
  return inside;
}

/** Its processes are gone, but the kernel may need a moment to see that. */
async function removeGroup(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true }))
    if (entry.isDirectory()) await removeGroup(join(path, entry.name));
  await until(() => rmdir(path).then(() => true));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition().catch(() => false))) {
    assert.ok(performance.now() < deadline, `within a minute: ${condition}`);
    await wait(100);
  }
}
