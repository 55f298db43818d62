import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { parseDecimal } from '../../src/core/values/money.ts';
import { dollarsText } from '../../src/server/pages/format.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import { startInferenceSh } from '../simulators/inference-sh/server.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { configure, folderOf, PATIENCE_MS, runToEnd, serve } from '../support/exporter/process.ts';
import { SECRET_HASH, webFolder } from '../support/exporter/web.ts';

/** In the first hour of a day nothing of it is due. */
const YESTERDAY = Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000;
const DAY = new Date(YESTERDAY).toISOString().slice(0, 10);

/** A configuration that reads the bill of yesterday and today of three providers once. */
async function configureWorld(context: TestContext): Promise<string> {
  const options = { genesis: YESTERDAY, key: 'a-key-of-the-test' };
  const [baseten, venice, inferenceSh] = await Promise.all([
    startBaseten(options),
    startVenice(options),
    startInferenceSh(options),
  ]);
  const accounts = { baseten, venice, inference_sh: inferenceSh };
  for (const simulator of Object.values(accounts)) context.after(() => simulator.close());
  const account = { since: DAY };
  return configure(await folderOf(context), { accounts, schedule: '0 0 1 1 *', account });
}

interface Series {
  readonly series: readonly { readonly labels: Record<string, string>; readonly total: string }[];
  readonly total: { readonly total: string | null };
}

async function untilRead(url: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(`${url}/api/v1/costs?window=yesterday`);
    const answer: { isComplete: boolean } = JSON.parse(await response.text());
    if (answer.isComplete) return;
    assert.ok(performance.now() < deadline, 'yesterday was read');
    await wait(50);
  }
}

test('costs: a running exporter and its ledger print the same, which is what the API answers', async (context) => {
  const config = await configureWorld(context);
  const exporter = await serve(context, config);
  await untilRead(exporter.url);
  const costs = (...args: string[]) => runToEnd(context, ['costs', ...args]);
  const questions: readonly string[][] = [
    ['--window', 'yesterday'],
    ['--window', 'yesterday', '--by', 'provider,model', '--format', 'json'],
    ['--window', 'last_month', '--by', 'account', '--step', 'month'],
    ['--from', DAY, '--by', 'resource', '--top', '3', '--match', 'provider=*t*', '--format', 'csv'],
    ['--from', DAY, '--step', 'day'],
  ];
  const asked = [];
  for (const question of questions) asked.push(await costs('--url', exporter.url, ...question));
  for (const { code, err } of asked) assert.equal(code, 0, err);

  const query = `from=${DAY}&to=${new Date(YESTERDAY + 86_400_000).toISOString().slice(0, 10)}`;
  const api = await fetch(`${exporter.url}/api/v1/costs/series?${query}&by=provider,model`);
  assert.equal(asked[1]?.out, await api.text());
  const answered = await fetch(`${exporter.url}/api/v1/costs/series?${query}&by=provider`);
  const byProvider: Series = JSON.parse(await answered.text());
  const table = asked[0]?.out ?? '';
  assert.equal(byProvider.series.length, 3);
  for (const { labels, total } of byProvider.series)
    assert.ok(
      new RegExp(`^${labels.provider} +${escaped(dollarsText(parseDecimal(total)))} `, 'm').test(table),
      table,
    );
  assert.match(
    table,
    new RegExp(`^Total +${escaped(dollarsText(parseDecimal(byProvider.total.total ?? '')))}$`, 'm'),
  );
  assert.match(asked[2]?.out ?? '', /^Total +unknown +unknown$/m);
  assert.match(
    asked[2]?.out ?? '',
    /^Unknown: baseten "test", venice "test", inference_sh "test": part of this time is before the first day that is read \(since\)$/m,
  );

  const locked = await costs('--config', config, '--window', 'yesterday');
  assert.deepEqual([locked.code, locked.out], [1, '']);
  assert.match(
    locked.err,
    /ledger\.db is in use, probably by a running exporter: ask that one with --url http:\/\/127\.0\.0\.1:/,
  );
  await exporter.end('SIGTERM');
  const ledger = join(dirname(config), 'ledger.db');
  const [before, files] = [await readFile(ledger), await readdir(dirname(config))];
  for (const [index, question] of questions.entries()) {
    const { code, out, err } = await costs('--config', config, ...question);
    assert.equal(code, 0, err);
    assert.equal(out, asked[index]?.out, question.join(' '));
  }
  assert.ok((await readFile(ledger)).equals(before), 'the ledger is as it was');
  assert.deepEqual(await readdir(dirname(config)), files);
});

function escaped(text: string): string {
  return text.replace(/[$.]/g, '\\$&');
}

test('costs: says what is wrong with a question, an address or a ledger', async (context) => {
  const folder = await folderOf(context);
  const config = await configure(folder, { accounts: { venice: { url: 'http://127.0.0.1:9', key: 'k' } } });
  const cases: readonly [args: string[], code: number, message: RegExp][] = [
    [['--config', config], 1, /ledger\.db does not exist\.$/],
    [
      ['--url', 'http://127.0.0.1:9'],
      1,
      /^127\.0\.0\.1:9 gave no answer: ECONNREFUSED\. Nothing listens there/,
    ],
    [['--url', 'localhost:9464'], 2, /^--url must be the address of an exporter, such as http:/],
    [['--url', 'http://a:b@localhost'], 2, /^--url must not contain a user or password/],
    [['--url', 'http://localhost', '--username', 'a'], 2, /^--username needs --password-file, or/],
    [
      ['--url', 'http://localhost', '--ca', join(folder, 'no')],
      2,
      /^--ca .* cannot be read: the file does not exist/,
    ],
  ];
  for (const [args, code, message] of cases) {
    const ended = await runToEnd(context, ['costs', ...args]);
    assert.deepEqual([ended.code, ended.out], [code, ''], ended.err);
    assert.match(ended.err.trimEnd(), message);
  }
});

test('costs: a question that makes no sense is refused alike by an exporter and a ledger', async (context) => {
  const config = await configureWorld(context);
  const exporter = await serve(context, config);
  await untilRead(exporter.url);
  const question = ['costs', '--window', 'today', '--step', 'month', '--by', 'modell'];
  const remote = await runToEnd(context, [...question, '--url', exporter.url]);
  await exporter.end('SIGTERM');
  const local = await runToEnd(context, [...question, '--config', config]);
  assert.deepEqual([remote.code, remote.err], [2, local.err]);
  assert.deepEqual([local.code, local.out], [2, '']);
  assert.match(local.err, /^by must be one of provider, .*, not "modell"\n$/);
});

test('costs: asks over TLS with a password and a client certificate', async (context) => {
  const folder = webFolder(context);
  const tls =
    'cert_file: server.crt, key_file: server.key, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt';
  folder.write('web.yml', `tls_server_config: { ${tls} }\nbasic_auth_users: { finance: ${SECRET_HASH} }\n`);
  const password = folder.write('password', 'secret\n');
  const { cert, key } = folder.trusted.vouchFor('Client');
  const config = await configureWorld(context);
  const known: object = JSON.parse(await readFile(config, 'utf8'));
  const server = { listen: '127.0.0.1:0', webConfig: join(folder.path, 'web.yml') };
  await writeFile(config, JSON.stringify({ ...known, server }));
  const { url } = await serve(context, config);
  const trust = ['--ca', join(folder.path, 'ca.crt')];
  const client = ['--cert', folder.write('client.crt', cert), '--key', folder.write('client.key', key)];
  const login = ['--username', 'finance', '--password-file', password];
  const costs = (...args: string[]) =>
    runToEnd(context, ['costs', '--url', url, '--format', 'json', ...args]);
  const good = await costs(...trust, ...client, ...login);
  assert.equal(good.code, 0, good.err);
  assert.equal(JSON.parse(good.out).step, 'day');
  for (const [args, message] of [
    [[], /certificate is not trusted: name its authority with --ca FILE/],
    [trust, /client certificate \(--cert and --key\)/],
    [[...trust, ...client], /answered 401: it needs a password: add --username and --password-file/],
    [
      [...trust, ...client, '--username', 'nobody', '--password-file', password],
      /answered 401: the user or the password is wrong/,
    ],
  ] as const) {
    const { code, err } = await costs(...args);
    assert.equal(code, 1);
    assert.match(err, message);
  }
});
