import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DAY, HOUR, MINUTE } from '../../src/core/values/time.ts';
import type { AnthropicCost, AnthropicUse } from '../simulators/anthropic/rows.ts';
import { type AnthropicOptions, startAnthropic } from '../simulators/anthropic/server.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import { EVERYTHING, pollSuccessfully, walk } from '../support/exporter/walk.ts';
import {
  assertNetCosts,
  assertOnlyReads,
  assertWindows,
  ledgerLines,
} from '../support/exposition/expected.ts';
import { providerScene } from '../support/providers/provider-scene.ts';

/** The evening before the last day of a month. */
const EVENING = Date.UTC(2026, 9, 30, 22, 10);
const OWNER = { provider: 'anthropic' };

async function scene(context: TestContext, options: AnthropicOptions = {}, key?: string) {
  const { simulator: anthropic, ...others } = await providerScene(context, {
    provider: 'anthropic',
    start: startAnthropic,
    options: { genesis: Date.UTC(2026, 9, 20), ...options },
    now: EVENING,
    key,
  });
  return { anthropic, ...others };
}

const COST: AnthropicCost = {
  kind: 'cost',
  at: Date.UTC(2026, 9, 29, 3),
  workspace: null,
  costType: 'tokens',
  model: 'claude-by-hand',
  tier: 'standard',
  tokenType: 'output_tokens',
  description: 'Claude by hand - Output Tokens',
  cents: '123.45',
};
const USE: AnthropicUse = {
  kind: 'use',
  at: Date.UTC(2026, 9, 30, 3, 7),
  workspace: 'wrkspc_hand',
  model: 'claude-by-hand',
  tier: 'priority',
  uncached: 1500,
  cacheRead: 200,
  written5m: 500,
  written1h: 1000,
  output: 500,
};

test('anthropic: every value matches the bill, over a month end', async (context) => {
  const { clock, anthropic, exporter } = await scene(context, { bucketsPerPage: 40 });
  const cost = anthropic.book(COST);
  const credit = anthropic.book({ ...COST, tier: null, model: null, costType: null, cents: '-1250' });
  const use = anthropic.book(USE);
  const later = { ...COST, at: Date.UTC(2026, 9, 31, 23, 59) };
  await walk({ clock, exporter, owner: OWNER, truth: (range) => anthropic.truth(range) }, [
    { at: '2026-10-30T22:10:00Z' },
    { at: '2026-10-30T23:50:10Z', happens: () => cost.revise({ cents: '17115.0000000001' }) },
    { at: '2026-10-31T00:00:05Z', happens: () => use.revise({ uncached: 1700, cacheRead: 0 }) },
    {
      at: '2026-10-31T12:00:00Z',
      happens: () => {
        credit.remove();
        anthropic.book({ ...later, cents: '12345678912.3456789012' });
        anthropic.book({ ...later, model: null, tier: null, costType: 'web_search', cents: '1' });
      },
    },
    { at: '2026-10-31T23:59:59Z', happens: () => cost.revise({ cents: '0.0000000001' }) },
    { at: '2026-11-01T00:00:10Z', restarts: true, happens: () => use.revise({ uncached: 3, written1h: 0 }) },
    { at: '2026-11-01T06:30:00Z', happens: () => void anthropic.book({ ...later, cents: '-8.25' }) },
    // Down for longer than an hour of usage is read again.
    { at: '2026-11-09T15:00:00Z', happens: () => void anthropic.book({ ...later, at: later.at + DAY }) },
    { at: '2026-11-09T15:20:00Z' },
  ]);
  assertOnlyReads(anthropic.requests);
  assert.ok(anthropic.requests.some(({ query }) => query.page !== undefined));
});

test('anthropic: $1.2345 is shown for 123.45 cents', async (context) => {
  const { anthropic, exporter, clock } = await scene(context, { generate: false });
  anthropic.book({ ...COST, at: clock.now() });
  await pollSuccessfully(exporter);
  const labels = { provider: 'anthropic', account: 'test', resource: '', model: 'claude-by-hand' };
  const page = await exporter.fresh();
  assert.equal(
    page.value('ai_billing_cost_today_usd', { ...labels, tier: 'standard', currency: 'USD' }),
    1.2345,
  );
});

test('anthropic: a poll without history to read sends one request a feed, and a day of polls stays below the limit', async (context) => {
  const { clock, anthropic, exporter } = await scene(context);
  await pollSuccessfully(exporter);
  // Sixty days of costs in pages of 31 days, of hours in pages of 168, and the names.
  assert.equal(anthropic.requests.length, 2 + 9 + 1);
  for (let poll = 1; poll <= 96; poll += 1) {
    clock.advance(15 * MINUTE);
    await pollSuccessfully(exporter);
  }
  assert.equal(anthropic.requests.length, 2 + 9 + 1 + 96 * 3);
  for (const { at } of anthropic.requests) {
    const hour = anthropic.requests.filter((other) => other.at >= at && other.at < at + HOUR);
    assert.ok(hour.length <= 60, `${hour.length} requests in an hour`);
  }
});

const edit = (pattern: RegExp | string, text: string): SimulatedFault => ({
  kind: 'edit',
  edit: (body) => body.replaceAll(pattern, text),
});
const UNREADABLE: Readonly<Record<string, SimulatedFault>> = {
  'another currency': edit('"USD"', '"EUR"'),
  'no currency': edit('"currency":"USD",', ''),
  'money that is no number': edit(/"amount":"[^"]*"/g, '"amount":"$1.23"'),
  'more than anybody spends': edit(/"amount":"[^"]*"/g, '"amount":"100000000000001"'),
  'a missing page': edit(/"next_page":"[^"]*"/g, '"next_page":null'),
  'a lost bucket': { kind: 'edit', edit: (body) => body.replace(/\{"starting_at".*?\]\},/, '') },
  'a second page that fails': { kind: 'status', status: 400, after: 1 },
};

test('anthropic: costs that cannot be read fail the feed and leave the bill as it was', async (context) => {
  // Fewer would take the first read longer than the hour that 60 requests may be sent in.
  const { clock, anthropic, exporter } = await scene(context, { bucketsPerPage: 30 });
  await pollSuccessfully(exporter);
  const known = anthropic.truth(EVERYTHING);
  for (const [what, fault] of Object.entries(UNREADABLE)) {
    await context.test(what, async () => {
      // Requests of the past do not count against the limit any more.
      clock.advance(2 * HOUR);
      await pollSuccessfully(exporter);
      const money = async () => ledgerLines(await exporter.fresh()).filter((line) => line.includes('cost'));
      const before = await money();
      anthropic.book({ ...COST, at: clock.now() - HOUR, cents: '100' });
      clock.advance(2 * MINUTE);
      anthropic.fault(fault, /cost_report$/);
      const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
      assert.deepEqual(
        failed.map(({ feed, outcome }) => [feed, 'reason' in outcome && outcome.reason]),
        [['costs', 'contract']],
      );
      assert.deepEqual(await money(), before);
      anthropic.fault(undefined);
      clock.advance(2 * MINUTE);
      await pollSuccessfully(exporter);
      const recovered = await exporter.fresh();
      assertWindows(recovered, OWNER, clock.now(), (range) => anthropic.truth(range));
      assertNetCosts(recovered, OWNER, known, anthropic.truth(EVERYTHING));
    });
  }
});

test('anthropic: a key that is no admin key is told so', async (context) => {
  const { exporter } = await scene(context, { workspaceKey: 'sk-ant-api03-1' }, 'sk-ant-api03-1');
  const outcomes = (await exporter.pollAll()).map(({ outcome }) => 'reason' in outcome && outcome.reason);
  assert.deepEqual(outcomes, ['auth', 'auth', 'auth']);
  assert.match(exporter.log(), /"hint":"[^"]*This endpoint takes an admin key \(`sk-ant-admin/);
});
