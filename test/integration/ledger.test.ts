import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { METRICS } from '../../src/core/metrics/catalog.ts';
import { fromInteger } from '../../src/core/values/money.ts';
import { waitForPage } from '../support/exporter/exporter-page.ts';
import { configure, type Ended, folderOf, runToEnd, serve } from '../support/exporter/process.ts';
import type { Exposition } from '../support/exposition/exposition.ts';
import {
  type Amounts,
  areFeedsUp,
  type BillingActivity,
  deltaOf,
  gaugeValues,
  netCounters,
  startBillingActivity,
} from '../support/providers/billing-activity.ts';

const textOf = (amounts: Amounts) =>
  [...amounts]
    .map(([key, value]) => `${key} ${value}`)
    .sort()
    .join('\n');
const isRead =
  ({ accounts }: Pick<BillingActivity, 'accounts'>) =>
  (page: Exposition) =>
    areFeedsUp(accounts, page.families.get(METRICS.up.name)?.samples ?? []);

test('ledger commands: back up a ledger in use, check it, restore it in a new epoch, forget an account', async (context) => {
  const spending = await startBillingActivity(() => 0.5);
  context.after(() => spending.close());
  const folder = await folderOf(context);
  const file = await configure(folder, { accounts: spending.accounts });
  const ledger = (...args: string[]): Promise<Ended> =>
    runToEnd(context, ['ledger', ...args, '--state', join(folder, 'ledger.db')]);

  const first = await serve(context, file);
  await waitForPage(first, isRead(spending));
  const baseline = spending.billed();
  const books = () => textOf(deltaOf(baseline, spending.billed()));
  spending.grow();
  const backedUp = await waitForPage(first, (page) => textOf(netCounters(page)) === books());
  process.kill(first.pid, 'SIGUSR2');
  await first.said(/"file":"[^"]*ledger\.db\.backup","msg":"ledger backed up"/);
  const atBackup = spending.billed();
  spending.grow();
  spending.grow();
  await waitForPage(first, (page) => textOf(netCounters(page)) === books());
  const refused = [
    ['check'],
    ['backup', join(folder, 'b.db')],
    ['restore', join(folder, 'ledger.db.backup')],
  ];
  for (const { code, err } of await Promise.all(refused.map((args) => ledger(...args)))) {
    assert.equal(code, 1);
    assert.match(err, /ledger\.db is in use by another process\..*\n$/);
    assert.equal(err.split('\n').length, 2, err);
  }
  assert.equal((await first.end('SIGTERM')).code, 0);

  const good = await ledger('check');
  assert.deepEqual([good.code, good.out, good.err], [0, `${join(folder, 'ledger.db')}: ok\n`, '']);
  assert.equal((await ledger('backup', join(folder, 'b.db'))).code, 0);
  const again = await ledger('backup', join(folder, 'b.db'));
  assert.deepEqual(
    [again.code, again.err],
    [1, `${join(folder, 'b.db')} exists already, and is left as it is.\n`],
  );

  const restored = await ledger('restore', join(folder, 'ledger.db.backup'));
  assert.equal(restored.code, 0, restored.err);
  assert.match(restored.out, /its counters start at 0\nthe previous ledger is kept as .*before-restore-/);
  const second = await serve(context, file);
  // Of what the backup held, nothing counts; what was spent since does.
  const since = () => textOf(deltaOf(atBackup, spending.billed()));
  const page = await waitForPage(
    second,
    (shown) => isRead(spending)(shown) && textOf(netCounters(shown)) === since(),
  );
  assert.notEqual(since(), '');
  assert.notEqual(textOf(netCounters(page)), textOf(netCounters(backedUp)));
  assert.ok(gaugeValues(METRICS.costToday, page).size > 0);
  assert.equal((await second.end('SIGTERM')).code, 0);
  assert.equal((await ledger('check')).code, 0);
  await forgets(context, folder, ledger);
});

test('ledger: a damaged key adds no amount: the feed fails as storage, and ledger check reports it', async (context) => {
  const spending = await startBillingActivity(() => 0.5);
  context.after(() => spending.close());
  const accounts = { venice: spending.venice };
  const areUp = isRead({ accounts });
  const folder = await folderOf(context);
  const path = join(folder, 'ledger.db');
  const file = await configure(folder, { accounts });
  const first = await serve(context, file);
  await waitForPage(first, areUp);
  spending.grow();
  const before = await waitForPage(first, (page) => netCounters(page).size > 0 && areUp(page));
  assert.equal((await first.end('SIGTERM')).code, 0);

  const bytes = await readFile(path);
  const at = placeOfCell(path, bytes);
  bytes[at - 7] = (bytes[at - 7] ?? 0) ^ 0x02;
  await writeFile(path, bytes);

  const second = await serve(context, file);
  await second.said(/"reason":"storage".*ledger\.db is damaged.*restore a backup/);
  const page = await waitForPage(second, (shown) => shown.families.size > 0);
  const venice = (shown: Exposition) => [...netCounters(shown)].filter(([key]) => key.includes('"venice"'));
  assert.deepEqual(venice(page), venice(before), 'the same bills are no new spend');
  assert.equal((await second.end('SIGTERM')).code, 0);
  const { code, out, err } = await runToEnd(context, ['ledger', 'check', '--state', path]);
  assert.deepEqual([code, err], [1, '']);
  assert.match(out, /ledger\.db: the file is damaged: .*\n.*ledger\.db: restore a backup/);
  assert.doesNotMatch(out, /\n\s+at /);
});

/** The offset of the value of a Venice cell: after its granularity, six bytes of its minute and one of its series. */
function placeOfCell(path: string, bytes: Buffer): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const sql = `SELECT cells.value FROM cells JOIN series ON series.id = cells.series JOIN streams ON streams.id = cells.stream
    JOIN accounts ON accounts.id = streams.account WHERE provider = 'venice' AND measure = 'cost' AND granularity = 'minute'`;
  const values = database.prepare(sql).all();
  database.close();
  for (const { value } of values) {
    const at = placeBehindMinute(bytes, String(value));
    if (at > 0) return at;
  }
  return assert.fail('no cell was found');
}

function placeBehindMinute(bytes: Buffer, value: string): number {
  for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1))
    if (bytes.toString('latin1', at - 13, at - 7) === 'minute') return at;
  return -1;
}

test('ledger rebase: restarts the counters of one account at 0 and changes nothing else', async (context) => {
  const spending = await startBillingActivity(() => 0.5);
  context.after(() => spending.close());
  const accounts = { venice: spending.venice, baseten: spending.baseten };
  const areUp = isRead({ accounts });
  const folder = await folderOf(context);
  const path = join(folder, 'ledger.db');
  const file = await configure(folder, { accounts });
  const ledger = (...args: string[]) => runToEnd(context, ['ledger', ...args, '--state', path]);
  const first = await serve(context, file);
  await waitForPage(first, areUp);
  const resource = { id: 'dep-lie', kind: 'MODEL_DEPLOYMENT', name: 'lie', model_name: 'lie' };
  const usage = { at: Date.now(), minutes: 1, inference_requests: 1, resource };
  const lie = spending.baseten.book({ category: 'dedicated', ...usage, subtotal: fromInteger(5n, 11) });
  const ofBaseten = (page: Exposition, name: string) =>
    (page.families.get(name)?.samples ?? []).filter(({ labels }) => labels.provider === 'baseten');
  const sum = (page: Exposition, name: string) =>
    ofBaseten(page, name).reduce((total, { value }) => total + Number(value), 0);
  spending.grow();
  await waitForPage(first, (page) => sum(page, METRICS.cost.name) > 4e11);
  lie.revise({ subtotal: fromInteger(1n) });
  const twin = METRICS.cost.corrections?.name ?? '';
  const before = await waitForPage(first, (page) => sum(page, twin) > 4e11 && areUp(page));
  assert.equal((await first.end('SIGTERM')).code, 0);

  const unsure = await ledger('rebase', '--account', 'baseten/test');
  assert.deepEqual([unsure.code, unsure.out], [2, '']);
  assert.match(unsure.err, /resets every counter of "baseten\/test" .* to 0; add --yes/);
  assert.equal((await ledger('rebase', '--account', 'baseten/nobody', '--yes')).code, 1);
  const done = await ledger('rebase', '--account', 'baseten/test', '--yes');
  assert.deepEqual([done.code, done.err], [0, '']);
  assert.match(done.out, /the counters of "baseten\/test" in .*ledger\.db were reset to 0/);
  assert.equal((await ledger('check')).code, 0);

  const atRebase = spending.billed();
  const second = await serve(context, file);
  const page = await waitForPage(second, areUp);
  assert.deepEqual([sum(page, METRICS.cost.name), sum(page, twin)], [0, 0]);
  const others = (shown: Exposition) =>
    textOf(new Map([...netCounters(shown)].filter(([key]) => !key.includes('"baseten"'))));
  assert.equal(others(page), others(before));
  assert.notEqual(others(page), '');
  assert.deepEqual(gaugeValues(METRICS.costToday, page), gaugeValues(METRICS.costToday, before));
  spending.grow();
  const grown = () => [...deltaOf(atRebase, spending.billed())].filter(([key]) => key.includes('"baseten"'));
  const since = (shown: Exposition) => [...netCounters(shown)].filter(([key]) => key.includes('"baseten"'));
  await waitForPage(second, (shown) => textOf(new Map(since(shown))) === textOf(new Map(grown())));
  assert.equal((await second.end('SIGTERM')).code, 0);
});

async function forgets(
  context: TestContext,
  folder: string,
  ledger: (...args: string[]) => Promise<Ended>,
): Promise<void> {
  const path = join(folder, 'ledger.db');
  const before = await readFile(path);
  const unknown = await ledger('forget', '--account', 'venice/prod');
  assert.equal(unknown.code, 1);
  assert.match(
    unknown.err,
    /has no account "venice\/prod"; known accounts: "baseten\/test", "inference_sh\/test", "venice\/test"/,
  );
  const unsure = await ledger('forget', '--account', 'venice/test');
  assert.equal(unsure.code, 2);
  assert.match(unsure.err, /add --yes/);
  assert.ok((await readFile(path)).equals(before));
  assert.equal((await ledger('forget', '--account', 'venice/test', '--yes')).code, 0);
  assert.ok(!(await readFile(path)).includes('venice'));
  assert.equal((await ledger('check')).code, 0);
  const { code, err, out } = await runToEnd(context, [
    'ledger',
    'check',
    '--state',
    join(folder, 'config.yml'),
  ]);
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /config\.yml is not a ledger/);
  const misused = await runToEnd(context, ['ledger', 'check']);
  assert.deepEqual([misused.code, misused.out], [2, '']);
  assert.match(misused.err, /--state FILE, or --config FILE/);
  assert.ok(!(await readdir(folder)).some((name) => /draft|restoring|-wal$/.test(name)));
}
