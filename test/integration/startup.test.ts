import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Ledger } from '../../src/core/ledger.ts';
import { HOUR } from '../../src/core/values/time.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { run } from '../support/exporter/child.ts';
import {
  configure,
  type Ended,
  folderOf,
  LISTENING,
  MAIN,
  runToEnd,
  start,
} from '../support/exporter/process.ts';
import { cost, settings, statement, utc } from '../support/ledger/ledger.ts';
import { skipUnlessRequired } from '../support/programs/binaries.ts';

/** Only root may write anywhere; as root, the program runs as another user. */
const IS_ROOT = process.getuid?.() === 0;
const USER = IS_ROOT ? 65_534 : process.getuid?.();

/** A folder of that user, with a ledger in it. */
async function folderWithLedger(context: TestContext): Promise<{ folder: string; ledger: string }> {
  const folder = await folderOf(context);
  await chmod(folder, 0o755);
  const ledger = join(folder, 'ledger.db');
  const opened = new Ledger(sqliteStore(openDatabase(ledger)));
  const at = utc('2026-11-20T10:00');
  const account = opened.openAccount(settings(), at);
  const range = { start: at, end: at + HOUR };
  opened.apply({ account, feed: 'usage' }, statement('hour', range, range.end, [cost(at, 'a', 1)]), [], at);
  opened.close();
  if (IS_ROOT) for (const path of [folder, ledger]) await chown(path, 65_534, 65_534);
  return { folder, ledger };
}

/** The command prefix that starts a program as the user; empty without root. */
const AS_USER = IS_ROOT ? ['setpriv', '--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups'] : [];

/** Runs `serve` on a ledger until it exits. */
async function served(
  context: TestContext,
  ledger: string,
  before: readonly string[] = AS_USER,
): Promise<Ended> {
  const accounts = { baseten: { url: 'http://127.0.0.1:9', key: 'k' } };
  const configuration = await folderOf(context);
  await chmod(configuration, 0o755);
  const file = await configure(configuration, { accounts, ledger, schedule: '0 0 1 1 *' });
  const args = ['serve', '--config', file];
  const env = { NODE_DISABLE_COMPILE_CACHE: '1' };
  const [program, ...more] = before;
  if (program === undefined) return runToEnd(context, args, { env });
  return runToEnd(context, [...more, process.execPath, MAIN, ...args], { env, node: program, program: null });
}

/** One line that names the file and says what to do; the exit code is 1, and no byte has changed. */
async function assertRefused(
  context: TestContext,
  ledger: string,
  says: RegExp,
  before?: readonly string[],
): Promise<void> {
  const bytes = async () =>
    (await stat(ledger).catch(() => undefined))?.isFile() ? readFile(ledger, 'hex') : '';
  const was = await bytes();
  const { code, out, err } = await served(context, ledger, before);
  assert.equal(code, 1, err);
  assert.equal(out, '');
  assert.match(err, says);
  assert.ok(err.startsWith(ledger), err);
  assert.equal(err.trimEnd().split('\n').length, 1, err);
  assert.ok((await bytes()) === was, `${ledger} was changed`);
}

const NOT_THIS_USERS = /cannot be opened by user \d+: .* belongs to user \d+, mode \d+\. .*\(chown\)/;

test('startup: a ledger the user cannot write is left alone, and no file is created beside it', async (context) => {
  const { folder, ledger } = await folderWithLedger(context);
  await chmod(ledger, 0o444);
  await assertRefused(context, ledger, /ledger\.db belongs to user \d+, mode 444/);
  await chmod(ledger, 0o000);
  await assertRefused(context, ledger, NOT_THIS_USERS);
  await chmod(ledger, 0o600);
  if (IS_ROOT) {
    await chown(ledger, 0, 0);
    await assertRefused(context, ledger, /ledger\.db belongs to user 0, mode 600/);
    await chown(ledger, 65_534, 65_534);
  }
  await chmod(folder, 0o555);
  for (const path of [ledger, join(folder, 'new.db'), join(folder, 'sub', 'new.db')])
    await assertRefused(context, path, NOT_THIS_USERS);
  assert.deepEqual(await readdir(folder), ['ledger.db']);
  await chmod(folder, 0o755);
});

test('startup: another user of the same group can use the ledger; other groups cannot read it', async (context) => {
  if (!IS_ROOT) return context.skip('only root can run as two others');
  const folder = await folderOf(context);
  await chown(folder, 0, 0);
  await chmod(folder, 0o2770);
  const ledger = join(folder, 'sub', 'ledger.db');
  const accounts = { baseten: { url: 'http://127.0.0.1:9', key: 'k' } };
  const configuration = await folderOf(context);
  await chmod(configuration, 0o755);
  const file = await configure(configuration, { accounts, ledger, schedule: '0 0 1 1 *' });
  const as = (user: string, group: string) =>
    start(
      context,
      [
        '--reuid',
        user,
        '--regid',
        group,
        '--clear-groups',
        process.execPath,
        MAIN,
        'serve',
        '--config',
        file,
      ],
      { node: 'setpriv', program: null, env: { NODE_DISABLE_COMPILE_CACHE: '1', HOME: '/' } },
    );
  // As on OpenShift: users of the namespace's range without a name, in group 0.
  for (const user of ['1000680000', '1000680001']) {
    const exporter = as(user, '0');
    await exporter.said(LISTENING);
    process.kill(exporter.pid, 'SIGUSR2');
    await exporter.said(/ledger backed up/);
    assert.equal((await exporter.end('SIGTERM')).code, 0, user);
    for (const name of [ledger, `${ledger}.backup`])
      assert.equal(((await stat(name)).mode & 0o777).toString(8), '660', name);
  }
  const stranger = await as('1000680002', '1000680002').ended;
  assert.equal(stranger.code, 1);
});

test('startup: the error names a path that cannot hold a ledger', async (context) => {
  const { folder, ledger } = await folderWithLedger(context);
  await mkdir(join(folder, 'folder.db'));
  await assertRefused(
    context,
    join(folder, 'folder.db'),
    /it is a directory\. Set state\.path to a file in it/,
  );
  await assertRefused(
    context,
    join(ledger, 'ledger.db'),
    /ledger\.db is a file, not a folder\. Set state\.path/,
  );
});

test('startup: the error names a directory that cannot be created, without delay', async (context) => {
  for (const ledger of ['/proc/nope/ledger.db', '/proc/nope/sub/ledger.db'])
    await assertRefused(context, ledger, /its folder cannot be created \(ENOENT/, []);
});

test('startup: the database of another program is left alone', async (context) => {
  const { folder } = await folderWithLedger(context);
  const path = join(folder, 'grafana.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA application_id = 77; CREATE TABLE dashboards (id INTEGER)');
  database.close();
  if (IS_ROOT) await chown(path, 65_534, 65_534);
  await assertRefused(context, path, /is not a ledger of ai-billing-exporter\. Set state\.path/);
});

test('startup: a disk that accepts no writes is reported, and the ledger is unchanged', async (context) => {
  const { folder, ledger } = await folderWithLedger(context);
  const limited = ['prlimit', '--fsize=0', ...AS_USER];
  if ((await run('prlimit', ['--fsize=0', 'true']).catch(() => undefined))?.code !== 0)
    return skipUnlessRequired(context, 'no prlimit');
  const says = /cannot be written: the disk failed, or a file size limit was reached/;
  await assertRefused(context, ledger, says, limited);
  await assertRefused(context, join(folder, 'new.db'), says, limited);
  assert.equal((await stat(join(folder, 'new.db'))).size, 0, 'what stays of a first start');
});

/** A full disk of 128 KiB in its own namespace; `then` runs in it. */
const onFullDisk = (folder: string, then: string) => `set -e
mount -t tmpfs -o size=128k none ${folder}/disk
cp ${folder}/ledger.db ${folder}/disk/ledger.db
dd if=/dev/zero of=${folder}/disk/filler bs=1k count=128 2>/dev/null || true
cksum < ${folder}/disk/ledger.db
${then} || echo "code $?"
cksum < ${folder}/disk/ledger.db
ls ${folder}/disk
mount -o remount,ro ${folder}/disk
${then} || echo "code $?"
cksum < ${folder}/disk/ledger.db`;

test('startup: a full disk and a read-only mount are reported, and the ledger is unchanged', async (context) => {
  const { folder } = await folderWithLedger(context);
  const ledger = join(folder, 'disk', 'ledger.db');
  await mkdir(join(folder, 'disk'));
  // Only the owner may read it, and the namespace has only this process's user.
  if (IS_ROOT) await chown(join(folder, 'ledger.db'), 0, 0);
  const accounts = { baseten: { url: 'http://127.0.0.1:9', key: 'k' } };
  const file = await configure(folder, { accounts, ledger, schedule: '0 0 1 1 *' });
  const serve = `NODE_DISABLE_COMPILE_CACHE=1 ${process.execPath} ${MAIN} serve --config ${file} 2>&1`;
  const script = ['--user', '--map-root-user', '--mount', 'sh', '-c', onFullDisk(folder, serve)];
  const { output } = await run('unshare', script).catch(() => ({ output: '' }));
  const [first, ...lines] = output.trimEnd().split('\n');
  if (!/^\d+ \d+$/.test(first ?? '')) return context.skip(`no disk of its own can be mounted here: ${first}`);
  assert.deepEqual(lines, [
    `${ledger} cannot be written: the disk is full. Free some space; nothing was changed.`,
    'code 1',
    first,
    // Nothing is left beside it.
    'filler',
    'ledger.db',
    `${ledger} cannot be written: its disk is mounted read-only. Mount it to be written, or set state.path.`,
    'code 1',
    first,
  ]);
});
