import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { METRICS } from '../../src/core/metrics.ts';
import type { Exposition } from '../support/exposition.ts';
import { configure, type Ended, folderOf, runToEnd, serve } from '../support/process.ts';
import { pageWhen } from '../support/shown-page.ts';
import {
  type Amounts,
  areFeedsUp,
  growth,
  netOf,
  type Spending,
  shownBy,
  startSpending,
} from '../support/spending.ts';

const textOf = (amounts: Amounts) =>
  [...amounts]
    .map(([key, value]) => `${key} ${value}`)
    .sort()
    .join('\n');
const isRead =
  ({ accounts }: Spending) =>
  (page: Exposition) =>
    areFeedsUp(accounts, page.families.get(METRICS.up.name)?.samples ?? []);

test('a ledger is backed up while it is used, checked, restored in a new epoch, and forgets an account', async (context) => {
  const spending = await startSpending(() => 0.5);
  context.after(() => spending.close());
  const folder = await folderOf(context);
  const file = await configure(folder, { accounts: spending.accounts });
  const ledger = (...args: string[]): Promise<Ended> =>
    runToEnd(context, ['ledger', ...args, '--state', join(folder, 'ledger.db')]);

  const first = await serve(context, file);
  await pageWhen(first, isRead(spending));
  const baseline = spending.billed();
  const books = () => textOf(growth(baseline, spending.billed()));
  spending.grow();
  const backedUp = await pageWhen(first, (page) => textOf(netOf(page)) === books());
  process.kill(first.pid, 'SIGUSR2');
  await first.said(/"file":"[^"]*ledger\.db\.backup","msg":"the ledger was backed up"/);
  const atBackup = spending.billed();
  spending.grow();
  spending.grow();
  await pageWhen(first, (page) => textOf(netOf(page)) === books());
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
  assert.deepEqual([good.code, good.out, good.err], [0, `${join(folder, 'ledger.db')}: good\n`, '']);
  assert.equal((await ledger('backup', join(folder, 'b.db'))).code, 0);
  const again = await ledger('backup', join(folder, 'b.db'));
  assert.deepEqual(
    [again.code, again.err],
    [1, `${join(folder, 'b.db')} exists already, and is left as it is.\n`],
  );

  const restored = await ledger('restore', join(folder, 'ledger.db.backup'));
  assert.equal(restored.code, 0, restored.err);
  assert.match(restored.out, /its counters begin at 0\nwhat stood there is kept as .*before-restore-/);
  const second = await serve(context, file);
  // Of what the backup held, nothing counts; what was spent since does.
  const since = () => textOf(growth(atBackup, spending.billed()));
  const page = await pageWhen(second, (shown) => isRead(spending)(shown) && textOf(netOf(shown)) === since());
  assert.notEqual(since(), '');
  assert.notEqual(textOf(netOf(page)), textOf(netOf(backedUp)));
  assert.ok(shownBy(METRICS.costToday, page).size > 0);
  assert.equal((await second.end('SIGTERM')).code, 0);
  assert.equal((await ledger('check')).code, 0);
  await forgets(context, folder, ledger);
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
    /has no account "venice\/prod"; there is "baseten\/test", "inference_sh\/test", "venice\/test"/,
  );
  const unsure = await ledger('forget', '--account', 'venice/test');
  assert.equal(unsure.code, 2);
  assert.match(unsure.err, /say --yes/);
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
