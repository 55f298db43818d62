import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { METRICS } from '../../src/core/metrics/catalog.ts';
import { run } from '../support/exporter/child.ts';
import { waitForPage } from '../support/exporter/exporter-page.ts';
import { serveOnLoopback } from '../support/exporter/loopback.ts';
import {
  catchesHangUps,
  configurationOf,
  configure,
  type Exporter,
  folderOf,
  LISTENING,
  MAIN,
  serve,
  start,
} from '../support/exporter/process.ts';
import type { Exposition } from '../support/exposition/exposition.ts';
import { skipUnlessRequired } from '../support/programs/binaries.ts';
import {
  areFeedsUp,
  type BillingActivity,
  deltaOf,
  netCounters,
  startBillingActivity,
} from '../support/providers/billing-activity.ts';

async function spendingOf(context: TestContext): Promise<BillingActivity> {
  const spending = await startBillingActivity(() => 0.5);
  context.after(() => spending.close());
  return spending;
}

/** Accepts requests and never responds. */
async function hangingReceiver(context: TestContext): Promise<string> {
  return `http://${await serveOnLoopback(context, () => {})}`;
}

/** A reader that sends half a request, and one that takes nothing of its answer. */
function hangingReaders(context: TestContext, { url }: Exporter): void {
  const { hostname, port } = new URL(url);
  for (const text of [
    'GET /metrics HTTP/1.1\r\nHost: a\r\n',
    'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200),
  ]) {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.pause();
    socket.on('error', () => {});
    context.after(() => socket.destroy());
  }
}

/** An exporter in which everything hangs: providers in the middle of polls, receivers of metrics and spans, readers. */
async function hangingExporter(context: TestContext): Promise<Exporter> {
  const spending = await spendingOf(context);
  const simulators = [spending.baseten, spending.venice];
  for (const simulator of simulators) simulator.fault({ kind: 'hang' });
  const folder = await folderOf(context);
  const endpoint = await hangingReceiver(context);
  const known: object = JSON.parse(
    configurationOf({ accounts: spending.accounts, ledger: join(folder, 'ledger.db') }),
  );
  const opentelemetry = { receivers: [{ name: 'a', endpoint, interval: '1s' }], traces: { endpoint } };
  const file = join(folder, 'config.yml');
  await writeFile(file, JSON.stringify({ ...known, opentelemetry }));
  const exporter = await serve(context, file);
  while (simulators.some(({ requests }) => requests.length === 0)) await wait(10);
  await exporter.said(/"feed":"breakdown_1h".*poll succeeded/);
  hangingReaders(context, exporter);
  await wait(1500);
  return exporter;
}

test('shutdown: SIGTERM exits with 0 within 15 s while any dependency hangs', async (context) => {
  const exporter = await hangingExporter(context);
  const stoppingAt = performance.now();
  const { code, err } = await exporter.end('SIGTERM');
  const ms = performance.now() - stoppingAt;
  context.diagnostic(`ended in ${Math.round(ms)} ms`);
  assert.equal(code, 0, err);
  assert.ok(ms < 15_000, `${ms}`);
  assert.doesNotMatch(err, /\n\s+at |shutdown timed out/);
});

/** Starts `serve` in its own network namespace, in which no resolver answers. */
const UNANSWERED = `mount --bind "$1" /etc/resolv.conf && shift && exec "$@"`;

test('shutdown: an unresponsive resolver does not delay the exit', async (context) => {
  const folder = await folderOf(context);
  const resolver = join(folder, 'resolv.conf');
  // https://www.rfc-editor.org/rfc/rfc5737: these addresses are unused.
  await writeFile(resolver, [1, 2, 3].map((last) => `nameserver 192.0.2.${last}\n`).join(''));
  const accounts = { venice: { url: 'https://venice.example.com', key: 'k' } };
  const file = await configure(folder, { accounts });
  const args = ['--user', '--map-root-user', '--mount', 'sh', '-c', UNANSWERED, 'sh', resolver];
  const program = [process.execPath, MAIN, 'serve', '--config', file];
  const exporter = start(context, [...args, ...program], { node: 'unshare', program: null });
  const isUp = await exporter.said(LISTENING).catch(() => undefined);
  if (!isUp) return context.skip(`no namespace of its own can be made here: ${exporter.err()}`);
  await wait(500);
  if (/"reason":"network"/.test(exporter.err())) return context.skip('names are refused at once here');
  const stoppingAt = performance.now();
  assert.equal((await exporter.end('SIGTERM')).code, 0, exporter.err());
  const ms = performance.now() - stoppingAt;
  context.diagnostic(`ended in ${Math.round(ms)} ms`);
  assert.ok(ms < 5000, `${ms}`);
});

test('shutdown: a second signal exits at once', async (context) => {
  const exporter = await hangingExporter(context);
  process.kill(exporter.pid, 'SIGTERM');
  await exporter.said(/"msg":"stopping"/);
  const stoppingAt = performance.now();
  assert.equal((await exporter.end('SIGINT')).code, 130);
  assert.ok(performance.now() - stoppingAt < 5000);
});

test('shutdown: a repeated signal is ignored within a second, and exits at once after it', async (context) => {
  const exporter = await hangingExporter(context);
  process.kill(exporter.pid, 'SIGINT');
  await exporter.said(/"msg":"stopping"/);
  process.kill(exporter.pid, 'SIGINT');
  const ended = await Promise.race([exporter.ended, wait(1200, undefined)]);
  assert.equal(ended, undefined, `the echo ended it with ${ended?.code}`);
  const stoppingAt = performance.now();
  assert.equal((await exporter.end('SIGINT')).code, 130);
  assert.ok(performance.now() - stoppingAt < 5000);
});

test('reload: SIGHUP during startup reloads once startup is complete', async (context) => {
  const spending = await spendingOf(context);
  const file = await configure(await folderOf(context), { accounts: spending.accounts });
  const exporter = start(context, ['serve', '--config', file]);
  while (!(await catchesHangUps(exporter.pid))) await wait(1);
  process.kill(exporter.pid, 'SIGHUP');
  assert.doesNotMatch(exporter.err(), LISTENING);
  await exporter.said(/"msg":"configuration reloaded"/);
  assert.equal((await exporter.end('SIGTERM')).code, 0);
});

test('cli: a command exits when its terminal is gone', async (context) => {
  const spending = await spendingOf(context);
  spending.venice.fault({ kind: 'hang' });
  const { venice } = spending.accounts;
  assert.ok(venice);
  const file = await configure(await folderOf(context), { accounts: { venice } });
  const polling = start(context, ['poll', '--config', file]);
  while (spending.venice.requests.length === 0) await wait(10);
  process.kill(polling.pid, 'SIGHUP');
  assert.equal((await polling.ended).code, 1);
});

/** A limit on file sizes: to a process that writes, the disk is full. */
async function limitFiles(pid: number, bytes: string): Promise<boolean> {
  const limited = await run('prlimit', ['--pid', `${pid}`, `--fsize=${bytes}:unlimited`]).catch(
    () => undefined,
  );
  return limited?.code === 0;
}

test('storage: a full disk keeps the last snapshot, is reported, and is recovered from', async (context) => {
  const spending = await spendingOf(context);
  const file = await configure(await folderOf(context), { accounts: spending.accounts });
  const exporter = await serve(context, file);
  const isRead = (page: Exposition) =>
    areFeedsUp(spending.accounts, page.families.get(METRICS.up.name)?.samples ?? []);
  await waitForPage(exporter, isRead);
  const baseline = spending.billed();
  spending.grow();
  const expected = () => [...deltaOf(baseline, spending.billed())].sort();
  const isBooked = (page: Exposition) =>
    JSON.stringify([...netCounters(page)].sort(), text) === JSON.stringify(expected(), text);
  const before = await waitForPage(exporter, isBooked);
  if (!(await limitFiles(exporter.pid, '0'))) return skipUnlessRequired(context, 'no prlimit');
  spending.grow();
  const storage = (page: Exposition) =>
    (page.families.get(METRICS.pollFailures.name)?.samples ?? []).filter(
      ({ labels: { reason, feed = '' }, value }) =>
        reason === 'storage' && /usage|breakdown_1h/.test(feed) && value > 0,
    ).length;
  const failing = await waitForPage(exporter, (page) => storage(page) >= 3);
  assert.deepEqual(
    [...netCounters(failing)].sort(),
    [...netCounters(before)].sort(),
    'nothing is shown that is not stored',
  );
  const status = await (await fetch(`${exporter.url}/api/v1/status`)).text();
  assert.match(status, /"reason": "storage",\s+"message": "the ledger could not be written: /);
  assert.equal((await fetch(`${exporter.url}/-/ready`)).status, 200);
  await exporter.said(/"reason":"storage"[^\n]*"msg":"poll failed"/);
  assert.ok(await limitFiles(exporter.pid, 'unlimited'));
  const after = await waitForPage(exporter, isBooked);
  assert.ok(await waitForPage(exporter, isRead));
  for (const [series, value] of netCounters(before))
    assert.ok((netCounters(after).get(series) ?? 0n) >= value, series);
  assert.equal((await exporter.end('SIGTERM')).code, 0);
});

const text = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);
