import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { run } from '../support/exporter/child.ts';
import { freePort } from '../support/exporter/loopback.ts';
import {
  catchesHangUps,
  configurationOf,
  configure,
  folderOf,
  LISTENING,
  MAIN,
  type Running,
  start,
} from '../support/exporter/process.ts';
import { startBillingActivity } from '../support/providers/billing-activity.ts';

/** Nothing listens there: every poll fails and logs a line. */
const GONE = { venice: { url: 'http://127.0.0.1:9', key: 'not-a-key' } };

/** Starts the program from a shell whose redirections are `where`. */
function redirected(
  context: TestContext,
  where: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const words = ['-c', `exec "$@" ${where}`, 'sh', process.execPath, MAIN, ...args];
  return start(context, words, { node: 'sh', program: null, env });
}

/** Waits until the exporter responds, regardless of its log. */
async function healthy(url: string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const answer = await fetch(`${url}/-/healthy`).catch(() => undefined);
    if (answer?.status === 200) return;
    await wait(50);
  }
  assert.fail(`${url} does not answer`);
}

async function page(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

/** Waits until so many polls have failed, each of which logs a line. */
async function polled(url: string, least: number): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const failures = (await page(url)).matchAll(/^ai_billing_poll_failures_total\{.*\} (\d+)/gm);
    const sum = [...failures].reduce((total, [, count]) => total + Number(count), 0);
    if (sum >= least) return;
    await wait(50);
  }
  assert.fail(`there were not ${least} polls`);
}

const BROKEN: Readonly<Record<string, string>> = {
  'that is a full device': '2>/dev/full >/dev/null',
  'that is closed': '2>&- >&-',
};

for (const [name, where] of Object.entries(BROKEN)) {
  test(`log output: a log ${name} neither ends the exporter nor changes its exit code`, async (context) => {
    const url = `127.0.0.1:${await freePort()}`;
    const file = await configure(await folderOf(context), { accounts: GONE, listen: url });
    const exporter = redirected(context, where, ['serve', '--config', file]);
    await healthy(`http://${url}`);
    await polled(`http://${url}`, 12);
    assert.equal((await exporter.end('SIGTERM')).code, 0);
  });
}

test('log output: a closed log socket neither ends the exporter nor changes its exit code', async (context) => {
  const url = `127.0.0.1:${await freePort()}`;
  const file = await configure(await folderOf(context), { accounts: GONE, listen: url });
  const exporter = start(context, ['serve', '--config', file]);
  exporter.stopReading();
  await healthy(`http://${url}`);
  await polled(`http://${url}`, 12);
  assert.equal((await exporter.end('SIGTERM')).code, 0);
});

test('log output: logging to a FIFO resumes when a new reader opens it', async (context) => {
  const folder = await folderOf(context);
  const url = `127.0.0.1:${await freePort()}`;
  const file = await configure(folder, { accounts: GONE, listen: url });
  const fifo = join(folder, 'log');
  assert.equal((await run('mkfifo', [fifo])).code, 0);
  const readable = constants.O_RDONLY | constants.O_NONBLOCK;
  const first = await open(fifo, readable);
  const exporter = redirected(context, `2>${fifo}`, ['serve', '--config', file]);
  await healthy(`http://${url}`);
  await first.close();
  await polled(`http://${url}`, 12);
  const second = await open(fifo, readable);
  const log = await linesOf(second, (text) => text.includes('poll failed'));
  assert.equal((await exporter.end('SIGTERM')).code, 0);
  await second.close();
  for (const line of log) assert.doesNotThrow(() => JSON.parse(line), line);
});

/** Reads until the text matches; returns whole lines only. */
async function linesOf(
  file: Awaited<ReturnType<typeof open>>,
  isFound: (text: string) => boolean,
): Promise<string[]> {
  let text = '';
  const buffer = Buffer.alloc(256 * 1024);
  for (let tries = 0; tries < 600 && !isFound(text); tries += 1) {
    // EAGAIN while there is nothing to read.
    const { bytesRead } = await file.read(buffer).catch(() => ({ bytesRead: 0 }));
    text += buffer.toString('utf8', 0, bytesRead);
    if (bytesRead === 0) await wait(50);
  }
  assert.ok(isFound(text), text.slice(-2000));
  return text.split('\n').slice(0, -1);
}

test('log output: an unread log blocks nothing, and reports how many lines were dropped', async (context) => {
  const folder = await folderOf(context);
  const url = `127.0.0.1:${await freePort()}`;
  const file = join(folder, 'config.yml');
  const known: object = JSON.parse(configurationOf({ accounts: GONE, schedule: '0 0 1 1 *' }));
  const server = { listen: url, enableReload: true };
  const good = { ...known, server, state: { path: join(folder, 'ledger.db') } };
  await writeFile(file, JSON.stringify(good));
  const fifo = join(folder, 'log');
  assert.equal((await run('mkfifo', [fifo])).code, 0);
  const reader = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const exporter = redirected(context, `2>${fifo}`, ['serve', '--config', file]);
  await healthy(`http://${url}`);
  // Each reload writes a line of some 100 kB: together far more than a pipe and the queue hold.
  const wrong = Array.from({ length: 1000 }, (_, index) => [`unknown-${index}`, index]);
  await writeFile(file, JSON.stringify({ ...good, ...Object.fromEntries(wrong) }));
  const RELOADS = 30;
  for (let count = 0; count < RELOADS; count += 1)
    assert.equal((await fetch(`http://${url}/-/reload`, { method: 'POST' })).status, 400);
  const lines = await linesOf(reader, (text) => /"dropped":\d+.*\n/.test(text));
  const parsed: { msg: string; dropped?: number }[] = lines.map((line) => JSON.parse(line));
  const reloads = parsed.filter(({ msg }) => msg.startsWith('configuration reload failed')).length;
  const dropped = parsed.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
  assert.ok(dropped > 0 && reloads > 5, `${reloads} read, ${dropped} dropped`);
  // Lines of failed polls may be among those that were dropped.
  assert.ok(reloads + dropped >= RELOADS, `${reloads} read, ${dropped} dropped`);
  assert.equal((await exporter.end('SIGTERM')).code, 0);
  await reader.close();
});

test('log output: SIGTERM exits with 0 while the log is a full, unread pipe', async (context) => {
  const url = `127.0.0.1:${await freePort()}`;
  const file = await configure(await folderOf(context), { accounts: GONE, listen: url });
  const pipe = await fullPipe(context);
  const exporter = redirected(context, `2>${pipe.path}`, ['serve', '--config', file]);
  await healthy(`http://${url}`);
  await polled(`http://${url}`, 12);
  assert.equal((await exporter.end('SIGTERM')).code, 0);
});

/** A full FIFO whose reader reads nothing. */
async function fullPipe(context: TestContext): Promise<{ path: string }> {
  const path = join(await folderOf(context), 'fifo');
  assert.equal((await run('mkfifo', [path])).code, 0);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const bytes = Buffer.alloc(4096, '\n');
  while ((await writer.write(bytes).catch(() => ({ bytesWritten: 0 }))).bytesWritten > 0);
  context.after(async () => void (await Promise.all([reader.close(), writer.close()])));
  return { path };
}

/** Runs a shell script over a disk of 64 KiB at `disk`, in namespaces that end with the test. */
async function onSmallDisk(context: TestContext, disk: string, script: string): Promise<Running | undefined> {
  await mkdir(disk);
  const mounted = `mount -t tmpfs -o size=64k none ${disk} && echo mounted && ${script}`;
  const apart = ['--user', '--map-root-user', '--mount', '--pid', '--fork', '--kill-child'];
  const running = start(context, [...apart, 'sh', '-c', mounted], { node: 'unshare', program: null });
  const isMounted = await running.said(/^mounted$/m).catch(() => undefined);
  return isMounted && running;
}

test('log output: logging to a full disk resumes once there is space', async (context) => {
  const folder = await folderOf(context);
  const url = `127.0.0.1:${await freePort()}`;
  const file = await configure(folder, { accounts: GONE, listen: url });
  const disk = join(folder, 'disk');
  const shell = await onSmallDisk(
    context,
    disk,
    `{ dd if=/dev/zero of=${disk}/filler bs=1k count=64 2>/dev/null
${process.execPath} ${MAIN} serve --config ${file} 2>${disk}/log & pid=$!
until [ -e ${folder}/room ]; do sleep 0.1; done
wc -c < ${disk}/log; rm ${disk}/filler
until grep -q 'poll failed' ${disk}/log; do sleep 0.1; done
kill $pid; wait $pid && echo 'ended with 0'
cp ${disk}/log ${folder}/copy; }`,
  );
  if (shell === undefined) return context.skip('no disk of its own can be mounted here');
  await healthy(`http://${url}`);
  await polled(`http://${url}`, 12);
  await writeFile(join(folder, 'room'), '');
  await shell.said(/^0\nended with 0$/m);
  await shell.ended;
  const lines = (await readFile(join(folder, 'copy'), 'utf8')).trimEnd().split('\n');
  assert.match(lines[0] ?? '', /"msg":"listening"/, 'nothing is lost that fits into the queue');
  assert.match(lines.at(-1) ?? '', /"msg":"stopping"/);
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line), line);
});

test('poll: prints its whole result even if logging fails', async (context) => {
  const spending = await startBillingActivity(() => 0.5);
  context.after(() => spending.close());
  const file = await configure(await folderOf(context), { accounts: spending.accounts });
  for (const where of ['2>/dev/full', '2>&-']) {
    const { code, out, err } = await redirected(context, where, ['poll', '--json', '--config', file]).ended;
    assert.equal(code, 0, err);
    assert.equal(JSON.parse(out).accounts.length, 3);
  }
});

test('command output: a result that cannot be written in full is an error', async (context) => {
  const folder = await folderOf(context);
  const file = await configure(folder, { accounts: GONE });
  const says = /^cannot write to standard output: ENOSPC/m;
  for (const args of [
    ['poll', '--json', '--config', file],
    ['poll', '--metrics', '--config', file],
    ['check', '--offline', '--config', file],
    ['config-schema'],
    ['--version'],
    ['--help'],
  ]) {
    const { code, err } = await redirected(context, '>/dev/full', args).ended;
    assert.equal(code, 1, args.join(' '));
    assert.match(err, says);
  }
  const disk = join(folder, 'disk');
  const part = await onSmallDisk(
    context,
    disk,
    `dd if=/dev/zero of=${disk}/filler bs=1k count=60 2>/dev/null
exec ${process.execPath} ${MAIN} config-schema >${disk}/schema`,
  );
  if (part === undefined) return context.diagnostic('no disk of its own can be mounted here');
  const { code, err } = await part.ended;
  assert.equal(code, 1);
  assert.match(err, says);
});

test('command output: a reader that closes early is no error, and one that never reads does not block the exit', async (context) => {
  const early = await run('sh', ['-c', `${process.execPath} ${MAIN} config-schema | head -c 1; echo`]);
  assert.equal(early.output, '{\n');
  const pipe = await fullPipe(context);
  const unread = redirected(context, `>${pipe.path}`, ['config-schema']);
  while (!(await catchesHangUps(unread.pid))) await wait(10);
  assert.equal((await unread.end('SIGTERM')).code, 1);
});

test('crash: exits with 1 even if its message cannot be written', async (context) => {
  const file = await configure(await folderOf(context), { accounts: GONE });
  const bug = `setTimeout(() => { throw new Error('a bug') }, 1500)`;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(bug)}` };
  const args = ['serve', '--config', file];
  assert.equal((await redirected(context, '2>/dev/full', args, env).ended).code, 1);
  const { code, err } = await redirected(context, '', args, env).ended;
  assert.equal(code, 1);
  assert.match(err, LISTENING);
  assert.match(err, /Error: a bug\n +at /);
});
