import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { bucketsIn, DAY, isoDay } from '../../src/core/values/time.ts';
import { between, roll } from '../simulators/kit/random.ts';
import { configure, folderOf, runToEnd, serve, start } from '../support/exporter/process.ts';
import { type HistoryText, netOfDay, parseHistory } from '../support/exposition/history-days.ts';
import { startBackfillWorld } from '../support/providers/backfill-world.ts';
import { startWriteReceiver } from '../support/remote-write/write-receiver.ts';

/** Four months that ended some days ago, so that no run differs from the next. */
const END = Math.floor(Date.now() / DAY - 3) * DAY;
const FROM = END - 120 * DAY;
const RANGE = ['--from', isoDay(FROM), '--to', isoDay(END)];
const JOB = ['--label', 'job=billing', '--label', 'instance=here:9464'];

async function scene(context: TestContext) {
  const world = await startBackfillWorld(context, { start: FROM, end: END });
  const folder = await folderOf(context);
  const { baseten, venice } = world;
  const config = await configure(folder, { accounts: { baseten, venice }, schedule: '0 0 1 1 *' });
  const file = (name: string) => join(folder, name);
  const args = (...more: string[]) => ['backfill', '--config', config, ...RANGE, ...more];
  const backfill = (...more: string[]) => runToEnd(context, args(...more));
  return { ...world, folder, config, file, args, backfill };
}

type World = Awaited<ReturnType<typeof startBackfillWorld>>;

/** Each day of each series of cost is what the provider's books say. */
function assertDays(history: HistoryText, world: World): void {
  for (const [provider, simulator] of Object.entries(world)) {
    const { entries } = simulator.truth({ start: FROM, end: END });
    const costs = entries.filter(({ measure }) => measure === 'cost');
    assert.ok(costs.length > 0);
    for (const { resource, model, tier, detail } of costs) {
      const own = `provider="${provider}",account="test",resource="${resource}",model="${model}",tier="${tier}",currency="${detail}"`;
      const labels = `${own},job="billing",instance="here:9464"`;
      for (const day of bucketsIn(DAY, { start: FROM, end: END })) {
        const [name, corrections] = ['ai_billing_cost_usd_total', 'ai_billing_cost_corrections_usd_total'];
        const told = netOfDay(history, name, corrections, labels, day);
        const truth = simulator.truth({ start: day, end: day + DAY });
        assert.equal(told, truth.total('cost', { resource, model, tier }), `${own} ${isoDay(day)}`);
      }
    }
  }
}

test('backfill writes four months that say of each day and series what the provider billed', async (context) => {
  const { baseten, venice, file, folder, backfill } = await scene(context);
  const { code, out, err } = await backfill('--output', file('all.om'), ...JOB);
  assert.equal(code, 0, err);
  const text = await readFile(file('all.om'), 'utf8');
  const history = parseHistory(text);
  assertDays(history, { baseten, venice });
  const corrections = [...history.series].filter(([name]) => name.includes('cost_corrections'));
  assert.ok(corrections.some(([, values]) => [...values.values()].some((value) => value > 0n)));
  const count = (number: number) => number.toLocaleString('en-US');
  const summary = `${count(history.series.size)} series, ${count(history.samples)} samples, ${isoDay(FROM)}`;
  assert.ok(out.startsWith(summary), out);
  assert.ok(out.includes(` to ${isoDay(END)}: `), out);
  assert.deepEqual((await readdir(folder)).sort(), ['all.om', 'config.yml']);
  const piped = await backfill('--output', '-', ...JOB);
  assert.equal(piped.out, text);
  assert.ok(piped.err.includes(summary), piped.err);
});

test('backfill writes a file for each month, which together hold the samples of one file', async (context) => {
  const { file, backfill } = await scene(context);
  assert.equal((await backfill('--output', `${file('months')}/`)).code, 0);
  assert.equal((await backfill('--output', file('all.om'))).code, 0);
  const names = (await readdir(file('months'))).sort();
  const days = bucketsIn(DAY, { start: FROM, end: END });
  assert.deepEqual(names, [...new Set(days.map((day) => `${isoDay(day).slice(0, 7)}.om`))]);
  const texts = await Promise.all(names.map((name) => readFile(join(file('months'), name), 'utf8')));
  const lines = texts.flatMap((text) =>
    text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  );
  const all = (await readFile(file('all.om'), 'utf8')).split('\n');
  assert.deepEqual(lines.sort(), all.filter((line) => line !== '' && !line.startsWith('#')).sort());
});

const KILLS = 20;
const SEED = 7;

/** A range of Venice by its first request; undefined for others. */
function rangesAsked({ requests }: World['venice'], from: number): string[] {
  return requests.slice(from).flatMap(({ query }) => query.startTimestamp ?? []);
}

test('backfill killed 20 times writes the same bytes, asks for no range again that was read, and no half file is final', async (context) => {
  const { venice, file, args, backfill } = await scene(context);
  assert.equal((await backfill('--output', file('whole.om'), ...JOB)).code, 0);
  const output = ['--output', file('killed.om'), ...JOB];
  const finished = new Set<string>();
  let kills = 0;
  let whileWriting = 0;
  for (;;) {
    const before = venice.requests.length;
    const resume = kills > 0 ? ['--resume'] : [];
    const run = start(context, args(...output, ...resume));
    let hasEnded = false;
    void run.ended.then(() => {
      hasEnded = true;
    });
    const after = between(1, 40, roll(SEED, kills));
    const isWriting = () => existsSync(file('killed.om.partial'));
    while (!hasEnded && kills < KILLS && !(isWriting() || venice.requests.length - before >= after))
      await wait(1);
    if (kills < KILLS && isWriting()) {
      whileWriting += 1;
      await wait(between(0, 100, roll(SEED, kills, 1)));
    }
    const { code } = kills < KILLS ? await run.end('SIGKILL') : await run.ended;
    const asked = rangesAsked(venice, before);
    assert.deepEqual(
      asked.filter((range) => finished.has(range)),
      [],
    );
    for (const range of asked.slice(0, -1)) finished.add(range);
    if (code === 0) break;
    assert.equal(code, undefined, run.err());
    kills += 1;
    assert.ok(!existsSync(file('killed.om')), 'a half file has the final name');
  }
  assert.equal(kills, KILLS);
  assert.ok(whileWriting > 0);
  assert.ok((await readFile(file('killed.om'))).equals(await readFile(file('whole.om'))));
  assert.ok(!existsSync(file('killed.om.backfill')));
});

test('backfill stops on Ctrl-C, keeps what it read, and says how to go on', async (context) => {
  const { venice, file, args, backfill } = await scene(context);
  const run = start(context, args('--output', file('a.om')));
  while (venice.requests.length < 10) await wait(1);
  const { code, err } = await run.end('SIGINT');
  assert.equal(code, 1);
  assert.ok(err.includes(`what was read is kept in ${file('a.om.backfill')}: continue with --resume`), err);
  assert.ok(!existsSync(file('a.om')));
  const again = await backfill('--output', file('a.om'));
  assert.deepEqual(
    [again.code, again.err],
    [
      2,
      `${file('a.om.backfill')} holds a backfill that was not finished: continue with --resume, or delete it to start again\n`,
    ],
  );
  const other = await backfill('--output', file('a.om'), '--resume', ...JOB);
  assert.equal(other.code, 2);
  assert.match(
    other.err,
    /holds a backfill of something else: --label is instance=here:9464, job=billing, and was none/,
  );
  const before = venice.requests.length;
  assert.equal((await backfill('--output', file('a.om'), '--resume')).code, 0);
  assert.ok(rangesAsked(venice, before).length < 120);
});

test('backfill lists what it could not read, writes the rest, and reads it when it is resumed', async (context) => {
  const { baseten, venice, file, backfill } = await scene(context);
  const output = ['--output', file('a.om'), ...JOB];
  baseten.fault({ kind: 'status', status: 403 });
  const partly = await backfill(...output);
  assert.equal(partly.code, 1);
  const unread = `  baseten "test" usage, ${isoDay(FROM)} to ${isoDay(END)}: GET /billing/usage_summary answered 403`;
  assert.ok(partly.err.includes(`could not be read:\n${unread}`), partly.err);
  const known = parseHistory(await readFile(file('a.om'), 'utf8'));
  assert.ok([...known.series.keys()].every((name) => name.includes('provider="venice"')));
  baseten.fault(undefined);
  const before = venice.requests.length;
  const whole = await backfill(...output, '--resume');
  assert.equal(whole.code, 0, whole.err);
  assert.equal(venice.requests.length, before);
  assertDays(parseHistory(await readFile(file('a.om'), 'utf8')), { baseten, venice });
});

test('backfill --dry-run prints the requests of each feed and sends nothing', async (context) => {
  const { baseten, venice, file, folder, backfill } = await scene(context);
  const { code, out, err } = await backfill('--output', file('a.om'), '--dry-run');
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^baseten +test +usage +4 +\d+$/m);
  assert.match(out, /^venice +test +usage_history +120 +unknown$/m);
  assert.match(out, /^venice usage_history: more where a day has over 1,000 rows$/m);
  assert.equal(baseten.requests.length + venice.requests.length, 0);
  assert.deepEqual(await readdir(folder), ['config.yml']);
});

test('backfill ends where the counters of the exporter begin, and refuses a range beyond', async (context) => {
  const { file, config, folder, backfill, venice } = await scene(context);
  const exporter = await serve(context, config);
  const locked = await backfill('--output', file('a.om'));
  assert.equal(locked.code, 1);
  assert.match(
    locked.err,
    /ledger\.db is in use, probably by a running exporter: stop it, or set state\.path to a backup/,
  );
  assert.ok(!existsSync(file('a.om.backfill')));
  while (!/all feeds have been polled once/.test(exporter.err())) await wait(20);
  await exporter.end('SIGTERM');
  const tomorrow = isoDay(Date.now() + DAY);
  const late = await runToEnd(context, [
    'backfill',
    '-c',
    config,
    '--from',
    isoDay(FROM),
    '--to',
    tomorrow,
    '-o',
    file('a.om'),
  ]);
  assert.equal(late.code, 2);
  const from = await runToEnd(context, ['backfill', '-c', config, '--from', tomorrow, '-o', file('a.om')]);
  assert.equal(from.code, 2);
  venice.fault(undefined);
  const args = ['backfill', '-c', config, '--from', isoDay(FROM), '-o', file('a.om')];
  const { code, err } = await runToEnd(context, args);
  assert.equal(code, 0, err);
  const { series } = parseHistory(await readFile(file('a.om'), 'utf8'));
  const ends = [...series.values()].map((values) => Math.max(...values.keys()));
  assert.ok(Math.min(...ends) > Date.now() - 60 * 60_000, 'each series goes on to the first poll');
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.includes('backfill')),
    [],
  );
});

test('backfill sends to a receiver once all was read, goes on after a kill, and lists what was refused', async (context) => {
  const { baseten, venice, args, config, file } = await scene(context);
  let isFull = false;
  const receiver = await startWriteReceiver(context, {
    answer: ({ series }) => {
      const isRefused = series.some(({ labels }) => labels.includes('resource=idle'));
      if (!isFull || !isRefused) return undefined;
      return { status: 400, body: 'out of bounds' };
    },
  });
  const remote = ['--remote-write', receiver.url, ...JOB];
  baseten.fault({ kind: 'status', status: 403 });
  const early = await runToEnd(context, args(...remote));
  assert.equal(early.code, 1);
  assert.match(early.err, /nothing was sent, because a receiver does not accept corrections later/);
  assert.equal(receiver.writes.length, 0);
  baseten.fault(undefined);
  const killed = start(context, args(...remote, '--resume'));
  while (receiver.writes.length < 5) await wait(1);
  await killed.end('SIGKILL');
  isFull = true;
  const before = receiver.writes.length;
  const { code, out, err } = await runToEnd(context, args(...remote, '--resume'));
  assert.equal(code, 1, err);
  assert.match(
    err,
    /refused by the receiver:\n {2}ai_billing_\w+\{.*resource="idle".*\}, [\d,]+ samples: .*out of bounds/,
  );
  assert.match(out, /^\d+ series, [\d,]+ samples, .* accepted by 127\.0\.0\.1/);
  assert.ok(receiver.writes.length > before);
  assert.equal(venice.requests.filter(({ query }) => query.startTimestamp !== undefined).length, 120);
  assert.ok(!existsSync(`${file('ledger.db')}.backfill`), config);
});

const MISUSES: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
  ['a date that does not exist', ['--from', '2026-02-30', '-o', 'a.om'], /--from must be a UTC date/],
  [
    'a range that ends before it starts',
    ['--from', '2026-05-01', '--to', '2026-04-01', '-o', 'a.om'],
    /--from must lie before --to/,
  ],
  [
    'a day in the future',
    ['--from', '2026-05-01', '--to', '2999-04-01', '-o', 'a.om'],
    /--to lies in the future/,
  ],
  ['no output', ['--from', '2026-05-01'], /specify where to write: --output FILE/],
  [
    'two outputs',
    ['--from', '2026-05-01', '-o', 'a.om', '--remote-write', 'http://h/'],
    /cannot be used with option/,
  ],
  [
    'a receiver that is no URL',
    ['--from', '2026-05-01', '--remote-write', 'host'],
    /--remote-write must be a URL such as/,
  ],
  [
    'a password in the URL',
    ['--from', '2026-05-01', '--remote-write', 'http://u:p@h/'],
    /must not contain a password/,
  ],
  [
    'a label of the exporter',
    ['--from', '2026-05-01', '-o', 'a.om', '--label', 'provider=x'],
    /--label provider is a label that the exporter sets itself/,
  ],
  [
    'a reserved label',
    ['--from', '2026-05-01', '-o', 'a.om', '--label', '__x=y'],
    /names with __ are reserved/,
  ],
  [
    'a label twice',
    ['--from', '2026-05-01', '-o', 'a.om', '--label', 'a=x', '--label', 'a=y'],
    /--label a is given twice/,
  ],
];

test('backfill refuses options that make no sense with exit code 2 and the remedy', async (context) => {
  const folder = await folderOf(context);
  const config = await configure(folder, { accounts: {} });
  await writeFile(
    config,
    JSON.stringify({
      accounts: [{ provider: 'venice', name: 'a', apiKey: 'a-key-of-the-test' }],
      state: { path: join(folder, 'ledger.db') },
    }),
  );
  const results = await Promise.all(
    MISUSES.map(([, args]) => runToEnd(context, ['backfill', '--config', config, ...args], { cwd: folder })),
  );
  for (const [index, [what, , message]] of MISUSES.entries()) {
    assert.equal(results[index]?.code, 2, what);
    assert.match(results[index]?.err ?? '', message, what);
  }
  assert.deepEqual(await readdir(folder), ['config.yml']);
});
