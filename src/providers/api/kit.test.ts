import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { ONE, parseDecimal } from '../../core/values/money.ts';
import { cursorPages } from './cursor-pages.ts';
import { DriftLog } from './drift-log.ts';
import { rateLimitHeaders } from './rate-limit.ts';
import { factsOf, observe, reading } from './readings.ts';
import { Amount, defineState } from './state.ts';

describe('cursorPages', () => {
  const walk = (cursors: readonly (string | null)[]) => {
    const asked: (string | undefined)[] = [];
    const pageAt = async (cursor: string | undefined) => {
      asked.push(cursor);
      return cursors[asked.length - 1];
    };
    const pages = collected(cursorPages('/usage', pageAt, (next) => next));
    return { pages, asked };
  };

  it('asks for each page with the cursor of the one before, until no cursor follows', async () => {
    const { pages, asked } = walk(['a', 'b', null]);
    await pages;
    assert.deepEqual(asked, [undefined, 'a', 'b']);
  });

  it('fails if a cursor comes back, however many pages lie between', async () => {
    await assert.rejects(async () => walk(['a', 'b', 'a']).pages, {
      reason: 'contract',
      message: '/usage gave a cursor it had given before',
    });
  });
});

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('defineState', () => {
  const state = defineState(z.object({ price: Amount, seen: z.string().optional() }));

  it('reads what it wrote, exactly', () => {
    const value = { price: parseDecimal('0.000000000001'), seen: undefined };
    assert.equal(state.write(value), '{"price":"0.000000000001"}');
    assert.equal(state.read(state.write(value))?.price, value.price);
  });

  it('forgets what it cannot read', () => {
    for (const text of [undefined, '', '{', 'null', '{}', '{"price":"dear"}'])
      assert.equal(state.read(text), undefined, text);
  });
});

describe('DriftLog', () => {
  it('keeps each oddity once, cut to a hundred characters, up to its bound', () => {
    const log = new DriftLog(2);
    for (const what of ['a', 'a', 'b'.repeat(200), 'c']) log.add('unknown_value', what);
    assert.deepEqual(
      log.list().map(({ what }) => what),
      ['a', 'b'.repeat(100)],
    );
  });

  it('adds a value only if it is not documented', () => {
    const log = new DriftLog();
    for (const value of ['known', 'new', '', undefined, null])
      log.addUnknown(value, new Set(['known']), 'kind');
    assert.deepEqual(log.list(), [{ kind: 'unknown_value', what: 'kind new' }]);
  });

  it('limits rows, and says that there were more', () => {
    const log = new DriftLog();
    assert.deepEqual(log.limit(2, 'keys', [1, 2]), [1, 2]);
    assert.deepEqual(log.list(), []);
    assert.deepEqual(log.limit(2, 'keys', [1, 2, 3]), [1, 2]);
    assert.deepEqual(log.list(), [{ kind: 'too_many_rows', what: 'keys' }]);
  });
});

describe('readings', () => {
  it('have empty lists by default and no parts that are undefined', () => {
    const whole = reading({ statement: undefined, reconciliation: undefined, state: undefined });
    assert.deepEqual(whole, { resources: [], observations: [], drift: [] });
  });

  it('observe a 0, and nothing if the value is unknown', () => {
    assert.equal(observe('balance', { currency: 'USD' }, 0n).length, 1);
    for (const value of [null, undefined])
      assert.deepEqual(observe('balance', { currency: 'USD' }, value), []);
  });

  it('describe a resource without what is empty, and keep a false', () => {
    const facts = factsOf({ resource: 'a', name: '', kind: null, team: 'core', deleted: false });
    assert.deepEqual(facts, { resource: 'a', team: 'core', deleted: false });
  });
});

describe('rateLimitHeaders', () => {
  const read = rateLimitHeaders({ remaining: ['x-left', 'x-old-left'], reset: ['x-reset'] });

  it('reads the first header that is there, and a reset in any unit', () => {
    const now = Date.UTC(2026, 10, 22);
    assert.deepEqual(read({ 'x-old-left': '7', 'x-reset': '90' }, now), {
      remaining: 7,
      resetAt: now + 90_000,
    });
    const seconds = String(now / 1000 + 60);
    assert.deepEqual(read({ 'x-left': '0', 'x-old-left': '7', 'x-reset': seconds }, now), {
      remaining: 0,
      resetAt: now + 60_000,
    });
  });

  it('says nothing of what is not a number', () => {
    for (const text of ['', 'many', '-1', '1e3', String(ONE ** 2n)])
      assert.deepEqual(read({ 'x-left': text }, 0), {});
  });
});
