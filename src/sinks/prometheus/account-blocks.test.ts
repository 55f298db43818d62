import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Counter, Histogram, Registry } from 'prom-client';
import { AccountBlocks } from './account-blocks.ts';
import type { Format } from './format.ts';
import type { Block } from './gzip.ts';

const FORMATS = ['text', 'openmetrics'] as const;
const atOnce = async () => {};
const ALL = Number.POSITIVE_INFINITY;

/** An account with a counter and a histogram, each of one series. */
function createAccount(index: number) {
  const registry = new Registry();
  const shape = { help: 'H.', labelNames: ['account'], registers: [registry] };
  const polls = new Counter({ ...shape, name: 'polls_total' });
  const duration = new Histogram({ ...shape, name: 'duration_seconds', buckets: [1] });
  const labels = { account: `a${index}` };
  polls.inc(labels, 0);
  duration.zero(labels);
  const part = { registry, revision: 0 };
  const poll = () => {
    polls.inc(labels);
    part.revision += 1;
  };
  return { part, poll };
}

function createAccounts(count: number) {
  const accounts = Array.from({ length: count }, (_, index) => createAccount(index));
  return { accounts, kept: new AccountBlocks(() => accounts.map(({ part }) => part)) };
}

function textOf(blocks: readonly Block[]): string {
  return String(Buffer.concat(blocks.map(({ plain }) => plain)));
}

/** The plain text of those blocks that are not among `before`. */
function newIn(blocks: readonly Block[], before: readonly Block[]): string[] {
  return blocks.filter((block) => !before.includes(block)).map(({ plain }) => String(plain));
}

function pollsOf(accounts: readonly string[], polled: string): string {
  return accounts.map((name) => `polls_total{account="${name}"} ${name === polled ? 1 : 0}\n`).join('');
}

/** The accounts whose metrics were read of prom-client. */
function watchReads(context: TestContext): Set<string> {
  const read = new Set<string>();
  const { get } = Counter.prototype;
  context.mock.method(Counter.prototype, 'get', async function (this: Counter) {
    const family = await get.call(this);
    for (const { labels } of family.values) read.add(String(Object.values(labels)[0]));
    return family;
  });
  return read;
}

describe('account blocks', () => {
  for (const format of FORMATS) {
    test(`are replaced only for the changed account, in ${format}`, async (context) => {
      const { accounts, kept } = createAccounts(40);
      await kept.encode(atOnce, ALL);
      const before = kept.blocks(format);
      for (const block of before) block.deflate();
      const read = watchReads(context);
      accounts[21]?.poll();
      await kept.encode(atOnce, ALL);
      const after = kept.blocks(format);
      assert.deepEqual([...read], ['a21']);
      assert.deepEqual(newIn(after, before), [pollsOf(['a20', 'a21', 'a22', 'a23'], 'a21')]);
      assert.equal(after.length, before.length);
      assert.equal(after.filter((block) => !block.isDeflated).length, 1);
    });
  }

  test('stay if an account changed to the same lines', async () => {
    const { accounts, kept } = createAccounts(3);
    await kept.encode(atOnce, ALL);
    const before = kept.blocks('text');
    for (const { part } of accounts) part.revision += 1;
    await kept.encode(atOnce, ALL);
    assert.deepEqual(newIn(kept.blocks('text'), before), []);
  });

  test('are shared by both formats, except for histograms and headers', async () => {
    const { kept } = createAccounts(40);
    await kept.encode(atOnce, ALL);
    const text = kept.blocks('text');
    const own = newIn(kept.blocks('openmetrics'), text);
    assert.ok(own.every((lines) => /^# HELP|duration_seconds_bucket/.test(lines)));
    assert.equal(own.length, 10 + 2);
    assert.match(own.join(''), /le="1\.0"/);
  });

  test('have complete families with one header each, of the remaining accounts', async () => {
    const { accounts, kept } = createAccounts(10);
    await kept.encode(atOnce, ALL);
    accounts.splice(2, 1);
    const text = textOf(kept.blocks('text'));
    const names = [...text.matchAll(/^polls_total\{account="(.*)"\}/gm)].map(([, name]) => name);
    assert.deepEqual(names, ['a0', 'a1', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'a9']);
    assert.equal(text.match(/^# TYPE/gm)?.length, 2);
    assert.doesNotMatch(text.slice(text.indexOf('# HELP duration')), /polls_total/);
  });

  test('update as many changed accounts as are encoded at a time', async () => {
    const { accounts, kept } = createAccounts(5);
    await kept.encode(atOnce, ALL);
    for (const { poll } of accounts) poll();
    assert.equal(await kept.encode(atOnce, 2), true);
    assert.equal(textOf(kept.blocks('text')).match(/^polls_total\{.*\} 1$/gm)?.length, 2);
    assert.equal(await kept.encode(atOnce, 3), false);
    assert.equal(textOf(kept.blocks('text')).match(/^polls_total\{.*\} 1$/gm)?.length, 5);
  });

  test('never go back if one encoding overtakes another', async () => {
    const { accounts, kept } = createAccounts(1);
    const held = Promise.withResolvers<void>();
    let paces = 0;
    // The first has read the counter and waits.
    const slow = kept.encode(async () => {
      paces += 1;
      if (paces > 2) await held.promise;
    }, ALL);
    while (paces < 3) await Promise.resolve();
    accounts[0]?.poll();
    await kept.encode(atOnce, ALL);
    held.resolve();
    await slow;
    assert.match(textOf(kept.blocks('text')), /^polls_total\{account="a0"\} 1$/m);
  });

  test('are deflated before a scrape once a scrape has requested gzip', async () => {
    const { accounts, kept } = createAccounts(8);
    const undeflated = (format: Format) => kept.blocks(format).filter((block) => !block.isDeflated).length;
    await kept.encode(atOnce, ALL);
    assert.equal(undeflated('text'), 6);
    await kept.deflate(atOnce);
    assert.equal(undeflated('text'), 6);
    for (const block of kept.blocks('text')) block.deflate();
    accounts[0]?.poll();
    await kept.encode(atOnce, ALL);
    assert.equal(undeflated('text'), 1);
    await kept.deflate(atOnce);
    assert.equal(undeflated('text'), 0);
  });
});
