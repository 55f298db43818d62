import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scrape } from '../../../test/support/exporter/exporter.ts';
import { samplesOf } from '../../../test/support/exposition/expected.ts';
import { ME, poll, row, scene, TODAY } from '../../../test/support/providers/venice.ts';
import { HOUR, MINUTE } from '../../core/values/time.ts';

const OPTIONAL = {
  balance: [/billing\/balance$/, 'ai_billing_balance_usd'],
  analytics: [/usage-analytics$/, 'ai_billing_api_key_cost_today_usd'],
  rate_limits: [/rate_limits$/, 'ai_billing_api_tier_info'],
} as const;

/** What the ledger shows, and how the other feeds are. */
function others({ text }: Scrape, feed: string): string[] {
  const own = /^ai_billing_(cost|tokens|requests|top_ups|up|poll_failures)/;
  return text.split('\n').filter((charge) => own.test(charge) && !charge.includes(`feed="${feed}"`));
}

for (const [feed, [paths, family]] of Object.entries(OPTIONAL)) {
  test(`${feed} is switched off where it is refused, and nothing else`, async (context) => {
    const here = await scene(context, { generate: false });
    const { venice, clock, exporter } = here;
    venice.book(row(TODAY + HOUR));
    let before = await poll(here);
    for (const status of [401, 402, 403, 404, 410]) {
      venice.fault({ kind: 'status', status }, paths);
      const off = (await exporter.pollAll()).filter(({ outcome }) => 'reason' in outcome);
      assert.deepEqual(
        off.map((polled) => [polled.feed, polled.outcome.kind]),
        [[feed, 'unavailable']],
      );
      const page = await exporter.fresh();
      assert.deepEqual(samplesOf(page, family), [], `${status}`);
      assert.equal(page.value('ai_billing_up', { ...ME, feed }), undefined);
      assert.deepEqual(others(page, feed), others(before, feed));
      venice.fault(undefined, paths);
      clock.advance(61 * MINUTE);
      before = await poll(here);
      assert.ok(samplesOf(before, family).length > 0);
    }
  });

  test(`${feed} fails alone, and shows what it last knew`, async (context) => {
    const here = await scene(context, { generate: false });
    const { venice, clock, exporter } = here;
    venice.book(row(TODAY + HOUR));
    let before = await poll(here);
    const faults = {
      'rate_limited 429': { kind: 'throttle', waitSeconds: 2, style: 'seconds' },
      'server 500': { kind: 'status', status: 500 },
      'server 504': { kind: 'status', status: 504 },
      'contract 422': { kind: 'status', status: 422 },
      'contract HTML': { kind: 'html' },
      'contract empty': { kind: 'empty' },
      'contract truncated': { kind: 'truncated' },
      'contract null': { kind: 'edit', edit: () => 'null' },
      'contract {}': { kind: 'edit', edit: () => '{}' },
    } as const;
    for (const [name, fault] of Object.entries(faults)) {
      clock.advance(11 * MINUTE);
      venice.fault(fault, paths);
      const down = (await exporter.pollAll()).filter(({ outcome }) => 'reason' in outcome);
      venice.fault(undefined, paths);
      assert.deepEqual(
        down.map(({ feed: which, outcome }) => [which, 'reason' in outcome && outcome.reason]),
        [[feed, name.split(' ')[0]]],
        name,
      );
      const page = await exporter.fresh();
      assert.deepEqual(samplesOf(page, family), samplesOf(before, family), name);
      assert.equal(page.value('ai_billing_up', { ...ME, feed }), 0);
      assert.deepEqual(others(page, feed), others(before, feed), name);
      before = await poll(here);
    }
  });
}

const KEYS = /api_keys$/;

test('keys that are refused are left out for an hour, and the balance goes on', async (context) => {
  const here = await scene(context, { generate: false });
  const { venice, clock } = here;
  const asked = () => venice.requests.filter(({ path }) => KEYS.test(path)).length;
  for (const status of [401, 402, 403, 404, 410]) {
    assert.ok(samplesOf(await poll(here), 'ai_billing_api_key_limit_usd').length > 0);
    venice.fault({ kind: 'status', status }, KEYS);
    const before = asked();
    for (const minutes of [0, 5, 50]) {
      clock.advance(minutes * MINUTE);
      const page = await poll(here);
      assert.deepEqual(samplesOf(page, 'ai_billing_api_key_limit_usd'), [], `${status}`);
      assert.ok(samplesOf(page, 'ai_billing_balance_usd').length > 0);
      assert.equal(page.value('ai_billing_up', { ...ME, feed: 'balance' }), 1);
    }
    assert.equal(asked(), before + 1, 'they are asked for once');
    venice.fault(undefined, KEYS);
    clock.advance(6 * MINUTE);
  }
});
