import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort, portOf } from '../support/exporter/loopback.ts';
import { configurationOf, configure, folderOf, MAIN, type Running } from '../support/exporter/process.ts';
import { inTerminal, screenOf } from '../support/exporter/terminal.ts';
import { startBillingActivity } from '../support/providers/billing-activity.ts';

const CTRL_C = '\x03';
const CTRL_S = '\x13';
const CTRL_Q = '\x11';

/** The terminal is restored, and no part of a line was lost. */
function assertUntouched({ out }: { out: string }): void {
  const { showsCursor, wraps, isCut } = screenOf(out);
  assert.deepEqual({ showsCursor, wraps, isCut }, { showsCursor: true, wraps: true, isCut: false });
}

const LOG_LINE =
  /^\d\d:\d\d:\d\d (debug|info |warn |error) [a-z][a-z :;()]+[a-z)]( ( \w+=("[^"█░]+"|[^\s="█░]+))+)?$|^ {15}\S/;

/** Every line is a whole line of the log, or what `also` allows; no bar is left. */
function assertWholeLines({ out }: { out: string }, also: RegExp): void {
  for (const shown of screenOf(out).lines) {
    // The terminal's own echo.
    const line = shown.replace(/^\^C/, '');
    if (line === '' || also.test(line)) continue;
    if (line.startsWith('{')) assert.doesNotThrow(() => JSON.parse(line), line);
    else assert.match(line, LOG_LINE);
    // A line of the log about a feed ends with the duration of the poll.
    if (/ first poll succeeded/.test(line)) assert.match(line, / feed=\w+ seconds=[\d.]+$/);
  }
}

/** `demo` in a terminal, once it shows a bar. */
async function demoWithBar(
  context: TestContext,
  env?: Record<string, string>,
  options = '',
): Promise<Running | undefined> {
  const command = `echo pid $$; exec ${process.execPath} ${MAIN} demo --port 0 ${options}`;
  const demo = await inTerminal(context, command, env);
  await demo?.said(/[█░]{2,} \d+\/\d+/);
  return demo;
}

const pidOf = ({ out }: Running) => Number(/^pid (\d+)/m.exec(out())?.[1]);
const DEMO_LINES = /^(pid \d+|Demo on .*)$/;

test('terminal: demo restores the terminal after Ctrl-C, and prints whole lines until then', async (context) => {
  const demo = await demoWithBar(context);
  if (demo === undefined) return;
  await demo.said(/feed=usage_history seconds/);
  demo.type(CTRL_C);
  const ended = await demo.ended;
  assert.equal(ended.code, 0, ended.out);
  assertUntouched(ended);
  assertWholeLines(ended, DEMO_LINES);
  assert.match(ended.out, /info {2}stopping/);
});

test('terminal: demo repeats its address below the lines of the first polls, and then shows no successes', async (context) => {
  const demo = await demoWithBar(context);
  if (demo === undefined) return;
  await demo.said(
    /info {2}all feeds have been polled once +feeds=\d+ failed=\d+\r\n(.*[█░].*\r\n)*.*Demo on http/,
  );
  // Some feeds of the demo are due every few seconds.
  const polls = async () => {
    const [, url = ''] = /Demo on (http:\S+) /.exec(demo.out()) ?? [];
    const page = await (await fetch(`${url}/metrics`)).text();
    return [...page.matchAll(/^ai_billing_polls_total\{.*\} (\d+)/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  };
  const before = await polls();
  while ((await polls()) < before + 2) await wait(50);
  demo.type(CTRL_C);
  const ended = await demo.ended;
  assertUntouched(ended);
  assertWholeLines(ended, DEMO_LINES);
  const { lines } = screenOf(ended.out);
  assert.equal(lines.filter((line) => line.startsWith('Demo on ')).length, 2);
  assert.doesNotMatch(ended.out, /(?<!first )poll succeeded/);
});

test('terminal: demo logs every poll as JSON above its bars if it is told to', async (context) => {
  const demo = await demoWithBar(context, {}, '--log-format json --log-level debug');
  if (demo === undefined) return;
  await demo.said(/"level":"debug".*"msg":"poll succeeded"/);
  demo.type(CTRL_C);
  const ended = await demo.ended;
  assertUntouched(ended);
  assertWholeLines(ended, DEMO_LINES);
});

/** Escape sequences, and those that set colors. */
const ESCAPE = '\x1b[';
const COLOR = new RegExp(String.raw`${ESCAPE.replace('[', '\\[')}[\d;]*m`);

for (const [what, env, shows] of [
  ['colors the levels', {}, { color: true, escape: true }],
  ['leaves out colors if NO_COLOR is set', { NO_COLOR: '1' }, { color: false, escape: false }],
  ['sends nothing but text to a dumb terminal', { TERM: 'dumb' }, { color: false, escape: false }],
] as const) {
  test(`terminal: serve ${what}`, async (context) => {
    const accounts = { venice: { url: 'http://127.0.0.1:9', key: 'not-a-key' } };
    const file = await configure(await folderOf(context), { accounts });
    const command = `exec ${process.execPath} ${MAIN} serve --config ${file}`;
    const exporter = await inTerminal(context, command, env);
    if (exporter === undefined) return;
    await exporter.said(/warn .*poll failed .*reason=network/);
    exporter.type(CTRL_C);
    const ended = await exporter.ended;
    assertUntouched(ended);
    assert.deepEqual({ color: COLOR.test(ended.out), escape: ended.out.includes(ESCAPE) }, shows);
  });
}

for (const [signal, code] of [
  ['SIGTERM', 0],
  ['SIGINT', 0],
  ['SIGHUP', 0],
] as const) {
  test(`terminal: demo restores the terminal after ${signal} during a long read`, async (context) => {
    const demo = await demoWithBar(context);
    if (demo === undefined) return;
    process.kill(pidOf(demo), signal);
    const ended = await demo.ended;
    assert.equal(ended.code, code, ended.out);
    assertUntouched(ended);
    assertWholeLines(ended, DEMO_LINES);
  });
}

test('terminal: a crash restores the terminal, removes the progress bar and prints its message', async (context) => {
  const bug = `process.on('SIGALRM', () => { throw new Error('a bug') })`;
  const demo = await demoWithBar(context, {
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(bug)}`,
  });
  if (demo === undefined) return;
  process.kill(pidOf(demo), 'SIGALRM');
  const ended = await demo.ended;
  assert.equal(ended.code, 1, ended.out);
  assertUntouched(ended);
  assertWholeLines(ended, /^(pid \d+|Demo on .*|Error: a bug| {4}at .*)$/);
  assert.match(ended.out, /Error: a bug\r\n +at /);
});

test('terminal: kill -9 leaves the terminal unchanged', async (context) => {
  const demo = await demoWithBar(context);
  if (demo === undefined) return;
  process.kill(pidOf(demo), 'SIGKILL');
  assertUntouched(await demo.ended);
});

test('terminal: serve and poll leave the terminal unchanged and print whole lines', async (context) => {
  const spending = await startBillingActivity(() => 0.5);
  context.after(() => spending.close());
  const file = await configure(await folderOf(context), { accounts: spending.accounts });
  const served = await inTerminal(context, `exec ${process.execPath} ${MAIN} serve --config ${file}`);
  if (served === undefined) return;
  await served.said(/poll succeeded/);
  served.type(CTRL_C);
  const ended = await served.ended;
  assert.equal(ended.code, 0, ended.out);
  assertUntouched(ended);
  assertWholeLines(ended, /^$/);
  const polled = await inTerminal(context, `exec ${process.execPath} ${MAIN} poll --config ${file}`);
  assert.ok(polled);
  const printed = await polled.ended;
  assert.equal(printed.code, 0, printed.out);
  assertUntouched(printed);
  assertWholeLines(printed, /^ *(Cost in US dollars|\w+|Unknown:)( .*)?$/);
});

test('terminal: Ctrl-S blocks nothing', async (context) => {
  const folder = await folderOf(context);
  const url = `127.0.0.1:${await freePort()}`;
  const accounts = { venice: { url: 'http://127.0.0.1:9', key: 'not-a-key' } };
  const file = await configure(folder, { accounts, listen: url });
  const command = `echo pid $$; exec ${process.execPath} ${MAIN} serve --config ${file}`;
  const exporter = await inTerminal(context, command);
  if (exporter === undefined) return;
  await exporter.said(/listening {2}url=/);
  exporter.type(CTRL_S);
  // By then the exporter has tried to write more lines than it had when the terminal stopped.
  const failures = async () => {
    const page = await (await fetch(`http://${url}/metrics`)).text();
    const counts = page.matchAll(/^ai_billing_poll_failures_total\{.*\} (\d+)/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const before = await failures();
  while ((await failures()) < before + 12) await wait(50);
  exporter.type(CTRL_Q);
  await exporter.said(/poll failed/);
  process.kill(pidOf(exporter), 'SIGTERM');
  const ended = await exporter.ended;
  assert.equal(ended.code, 0, ended.out);
  assertUntouched(ended);
});

test('terminal: Ctrl-C under npm is one signal: the last push is made and the exit code is 0', async (context) => {
  let pushes = 0;
  const receiver = createServer((request, response) => {
    request.resume().on('end', () => {
      pushes += 1;
      response.setHeader('content-type', 'application/x-protobuf').end();
    });
  }).listen(0, '127.0.0.1');
  context.after(() => void receiver.close());
  await new Promise((resolve) => receiver.once('listening', resolve));
  const spending = await startBillingActivity(() => 0.5);
  context.after(() => spending.close());
  const folder = await folderOf(context);
  const known: object = JSON.parse(
    configurationOf({ accounts: spending.accounts, ledger: join(folder, 'ledger.db') }),
  );
  const endpoint = `http://127.0.0.1:${portOf(receiver)}/v1/metrics`;
  const file = join(folder, 'config.yml');
  // The only push is the final one.
  const opentelemetry = { receivers: [{ name: 'a', endpoint, interval: '1h' }] };
  await writeFile(file, JSON.stringify({ ...known, opentelemetry }));
  const npm = await inTerminal(context, `exec npm start --silent -- serve --config ${file}`);
  if (npm === undefined) return;
  await npm.said(/poll succeeded/);
  const before = pushes;
  npm.type(CTRL_C);
  const ended = await npm.ended;
  assert.equal(ended.code, 0, ended.out);
  // One push is a request or more.
  assert.ok(pushes > before);
  assertUntouched(ended);
});
