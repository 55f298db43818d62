import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parquetReadObjects } from 'hyparquet';
import { formatDecimal, fromNumber, parseDecimal } from '../../src/core/values/money.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import { startInferenceSh } from '../simulators/inference-sh/server.ts';
import { startNorthflank } from '../simulators/northflank/server.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { serveOnLoopback } from '../support/exporter/loopback.ts';
import { configure, folderOf, PATIENCE_MS, runToEnd, serve, start } from '../support/exporter/process.ts';
import { parseCsv } from '../support/focus/csv.ts';
import { focusViolations } from '../support/focus/rules.ts';

const DAY = 86_400_000;
/** In the first hour of a day nothing of it is due. */
const YESTERDAY = Math.floor(Date.now() / DAY - 1) * DAY;
const dayText = (at: number) => new Date(at).toISOString().slice(0, 10);
const RANGE = ['--from', dayText(YESTERDAY), '--to', dayText(YESTERDAY + DAY)];
const FORMATS = ['csv', 'jsonl', 'parquet'] as const;

async function configureWorld(context: TestContext): Promise<string> {
  const options = { genesis: YESTERDAY, key: 'a-key-of-the-test' };
  const [baseten, venice, inferenceSh, northflank] = await Promise.all([
    startBaseten(options),
    startVenice(options),
    startInferenceSh(options),
    startNorthflank(options),
  ]);
  const accounts = { baseten, venice, inference_sh: inferenceSh, northflank };
  for (const simulator of Object.values(accounts)) context.after(() => simulator.close());
  const account = { since: dayText(YESTERDAY) };
  return configure(await folderOf(context), { accounts, schedule: '0 0 1 1 *', account });
}

async function untilRead(url: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer: { isComplete: boolean } = JSON.parse(await textAt(`${url}/api/v1/costs?window=yesterday`));
    if (answer.isComplete) return;
    assert.ok(performance.now() < deadline, 'yesterday was read');
    await wait(50);
  }
}

async function textAt(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** What each provider cost, as the API answers and as the rows add up. */
async function assertSameSums(url: string, csv: string): Promise<void> {
  const answer: { series: { labels: { provider: string }; total: string }[] } = JSON.parse(
    await textAt(`${url}/api/v1/costs/series?from=${RANGE[1]}&to=${RANGE[3]}&by=provider`),
  );
  const sums = new Map<string, bigint>();
  for (const { x_Provider: provider, BilledCost: usd } of parseCsv(csv))
    sums.set(provider ?? '', (sums.get(provider ?? '') ?? 0n) + parseDecimal(usd ?? ''));
  const expected = answer.series.map(({ labels, total }) => [labels.provider, total]);
  assert.equal(expected.length, 4);
  assert.deepEqual(
    [...sums].map(([provider, usd]) => [provider, formatDecimal(usd)]).sort(),
    expected.sort(),
  );
}

test('export focus: a running exporter and its ledger write the same bytes, which obey FOCUS and add up', async (context) => {
  const config = await configureWorld(context);
  const exporter = await serve(context, config);
  await untilRead(exporter.url);
  const folder = await folderOf(context);
  const file = (name: string) => join(folder, name);
  const focus = (...args: string[]) => runToEnd(context, ['export', 'focus', ...RANGE, ...args]);
  for (const format of FORMATS) {
    const asked = ['--url', exporter.url, '--format', format, '--output', file(`asked.${format}`)];
    const { code, out, err } = await focus(...asked);
    assert.deepEqual([code, out, err], [0, '', ''], format);
  }
  const csv = await readFile(file('asked.csv'), 'utf8');
  await assertSameSums(exporter.url, csv);
  assert.deepEqual(focusViolations(parseCsv(csv)), []);
  assert.equal((await focus('--url', exporter.url, '--output', '-')).out, csv);
  const locked = await focus('--config', config, '--output', file('locked.csv'));
  assert.equal(locked.code, 1);
  assert.match(
    locked.err,
    /ledger\.db is in use, probably by a running exporter: ask that one with --url http/,
  );

  await exporter.end('SIGTERM');
  const ledger = await readFile(join(dirname(config), 'ledger.db'));
  for (const format of FORMATS) {
    const { code, err } = await focus('--config', config, '--format', format, '-o', file(`read.${format}`));
    assert.deepEqual([code, err], [0, ''], format);
    assert.deepEqual(await readFile(file(`read.${format}`)), await readFile(file(`asked.${format}`)), format);
  }
  assert.ok((await readFile(join(dirname(config), 'ledger.db'))).equals(ledger), 'the ledger is as it was');
  const parquet = await parquetReadObjects({
    file: new Uint8Array(await readFile(file('read.parquet'))).buffer,
  });
  const records = parseCsv(csv);
  assert.deepEqual(
    parquet.map(({ BilledCost, ResourceId }) => [fromNumber(Number(BilledCost)), ResourceId]),
    records.map(({ BilledCost, ResourceId }) => [parseDecimal(BilledCost ?? ''), ResourceId]),
  );
  assert.deepEqual((await readdir(folder)).length, 2 * FORMATS.length, 'nothing partial is left');
  await context.test('focus-validator finds nothing but the missing invoices', validated(file('read.csv')));
});

/** Of the criteria of the specification, those that fit what we export. */
const CRITERIA = [
  'ACCOUNT_NAMING_SUPPORTED',
  'BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED',
  'MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED',
  'MULTIPLE_PRICING_CATEGORIES_SUPPORTED',
  'RESOURCE_TYPE_ASSIGNMENT_SUPPORTED',
  'SUB_ACCOUNT_SUPPORTED',
  'USAGE_MEASUREMENT_SUPPORTED',
];

/** The FinOps Foundation's own check, where `FOCUS_VALIDATOR` names its program: it has to run where its package is. */
function validated(file: string) {
  return async (context: TestContext) => {
    const program = process.env.FOCUS_VALIDATOR;
    if (program === undefined) return context.skip('FOCUS_VALIDATOR is not set');
    const options = { cwd: process.env.FOCUS_VALIDATOR_FOLDER, maxBuffer: 64 * 1024 * 1024 };
    const asked = ['--data-file', file, '--block-download', '--validate-version', '1.2.0.1'];
    const dataset = ['--focus-dataset', 'CostAndUsage', '--applicability-criteria', CRITERIA.join(',')];
    const { stdout } = await promisify(execFile)(program, [...asked, ...dataset], options);
    assert.match(stdout, /Total: \d+ \| Pass: 1\d\d /);
    const failed = [...stdout.matchAll(/(\S+): FAIL/g)].map(([, rule]) => rule);
    assert.deepEqual(
      failed.filter((rule) => !/^InvoiceId-C-00[45]-C$/.test(rule ?? '')),
      [],
    );
  };
}

test('export focus: what an exporter lacks is told, with what is known written', async (context) => {
  const folder = await folderOf(context);
  const config = await configure(folder, { accounts: { venice: { url: 'http://127.0.0.1:9', key: 'k' } } });
  const exporter = await serve(context, config);
  const to = dayText(YESTERDAY + 3 * DAY);
  const output = join(folder, 'focus.csv');
  const { code, err } = await runToEnd(context, [
    ...['export', 'focus', '--url', exporter.url, '--from', dayText(YESTERDAY), '--to', to],
    ...['--output', output],
  ]);
  assert.equal(code, 1);
  assert.equal(
    err,
    `the range has not ended: the export holds what has been read so far
the export is incomplete:
  venice "test", ${dayText(YESTERDAY)} to ${dayText(YESTERDAY + DAY)}: nothing has been read yet
`,
  );
  assert.match(await readFile(output, 'utf8'), /^BilledCost,[^\n]*\r\n$/);
});

async function untilWritten(file: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!existsSync(file) || (await readFile(file)).length === 0) {
    assert.ok(performance.now() < deadline, 'the export has begun');
    await wait(20);
  }
}

/** Sends the beginning of an export; `then` is called with the response. */
async function halfAnExport(context: TestContext, then: (response: ServerResponse) => void): Promise<string> {
  const listener: RequestListener = (_request, response) => {
    response.writeHead(200, { 'x-focus-gaps': '{"gaps":[],"more":0}' });
    response.write('BilledCost\r\n1.0\r\n', () => then(response));
  };
  return `http://${await serveOnLoopback(context, listener)}`;
}

test('export focus: a half-written file never has the name of a whole one', async (context) => {
  const folder = await folderOf(context);
  const output = join(folder, 'focus.csv');
  const args = (url: string) => ['export', 'focus', ...RANGE, '--url', url, '--output', output];
  await writeFile(output, 'of last month');

  const cut = await runToEnd(context, args(await halfAnExport(context, (response) => response.destroy())));
  assert.equal(cut.code, 1);
  assert.match(cut.err, /^127\.0\.0\.1:\d+ gave no answer: UND_ERR_SOCKET\./);
  assert.deepEqual(await readdir(folder), ['focus.csv']);

  const killed = start(context, args(await halfAnExport(context, () => {})));
  const partial = `${output}.partial`;
  await untilWritten(partial);
  await killed.end('SIGKILL');
  assert.equal(await readFile(output, 'utf8'), 'of last month');

  await rm(partial);
  const stopped = start(context, args(await halfAnExport(context, () => {})));
  await untilWritten(partial);
  const { code, err } = await stopped.end('SIGTERM');
  assert.deepEqual([code, err], [1, 'interrupted\n']);
  assert.deepEqual(await readdir(folder), ['focus.csv']);
});

test('export focus: says what is wrong with its options', async (context) => {
  const cases: readonly [args: string[], message: RegExp][] = [
    [['--from', '2026-02-30', '--to', '2026-03-01'], /^--from must be a UTC date from 1970 on/],
    [['--from', '2026-03-01', '--to', '2026-03-01'], /^--from must lie before to/],
    [['--from', '2026-03-01'], /required option '--to <date>' not specified/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await runToEnd(context, ['export', 'focus', '--output', '-', ...args]);
    assert.equal(code, 2);
    assert.match(err, message);
  }
});
