import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, type Instant, isoDay, MINUTE, type Range } from '../../src/core/values/time.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import type { Simulator } from '../simulators/kit/service.ts';
import { type Truth, truthOf } from '../simulators/kit/truth.ts';
import type { SimulatedContract } from '../simulators/kit/world.ts';
import type { OpenRouterRow } from '../simulators/openrouter/rows.ts';
import { type OpenRouterOptions, startOpenRouter } from '../simulators/openrouter/server.ts';
import type { Scrape } from '../support/exporter/exporter.ts';
import { EVERYTHING, pollSuccessfully } from '../support/exporter/walk.ts';
import {
  assertNetCosts,
  assertNoCounterFell,
  assertOnlyReads,
  assertWindows,
  ledgerLines,
  type Window,
} from '../support/exposition/expected.ts';
import { providerScene } from '../support/providers/provider-scene.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
const OWNER = { provider: 'openrouter' };
const ACTIVITY = '/api/v1/activity';
const EVENING = Date.UTC(2026, 9, 29, 22, 10);

async function scene(context: TestContext, options: OpenRouterOptions = {}, key?: string) {
  const { simulator: openRouter, ...others } = await providerScene(context, {
    provider: 'openrouter',
    start: startOpenRouter,
    options: { genesis: Date.UTC(2026, 9, 1), ...options },
    now: EVENING,
    key,
    since: Date.UTC(2026, 9, 1),
  });
  return { openRouter, ...others };
}

const ROW: OpenRouterRow = {
  at: Date.UTC(2026, 9, 29, 3),
  model: 'acme/by-hand',
  provider: 'Acme',
  usd: parseDecimal('0.000001'),
  byokUsd: parseDecimal('1.5'),
  requests: 3,
  prompt: 1000,
  completion: 70,
  reasoning: 60,
};

/** The books of each day as they were when it was last asked for: of other days nothing is known. */
function recordAnswers({ requests, truth }: Simulator<OpenRouterRow>) {
  const days = new Map<Instant, Truth>();
  let seen = 0;
  return {
    /** To be called before the books change again. */
    record(): void {
      for (const { path, query, status, at } of requests.slice(seen)) {
        const start = Date.parse(query.date ?? '');
        if (path === ACTIVITY && status === 200) days.set(start, truth({ start, end: start + DAY }, at));
      }
      seen = requests.length;
    },
    told({ start, end }: Range): Truth {
      const within = [...days].filter(([day]) => day >= start && day < end);
      return truthOf(within.flatMap(([, { entries }]) => entries));
    },
  };
}

for (const contract of CONTRACTS) {
  test(`openrouter: every value of completed days matches the bill, over a month end, ${contract} contract`, async (context) => {
    const { clock, openRouter, exporter } = await scene(context, { contract });
    const { record, told } = recordAnswers(openRouter);
    let baseline: Truth | undefined;
    let last: Scrape | undefined;
    const at = async (time: string, windows: readonly Window[], unknown: readonly Window[]) => {
      clock.set(Date.parse(time));
      await pollSuccessfully(exporter);
      record();
      const page = await exporter.fresh();
      baseline ??= told(EVERYTHING);
      assertWindows(page, OWNER, clock.now(), told, windows);
      for (const window of unknown)
        assert.equal(page.sum(`ai_billing_cost_${window}_usd`), 0, `${time} ${window}`);
      for (const window of unknown)
        assert.doesNotMatch(page.text, new RegExp(`^ai_billing_cost_${window}_usd\\{`, 'm'));
      assertNetCosts(page, OWNER, baseline, told(EVERYTHING));
      if (last) assertNoCounterFell(last, page);
      last = page;
    };
    await at('2026-10-29T22:10:00Z', ['yesterday', 'month_to_date'], ['today', 'last_month']);
    const late = openRouter.book(ROW);
    // The day has ended, and is not asked for yet.
    await at('2026-10-30T00:29:59Z', ['month_to_date'], ['today', 'yesterday']);
    await at('2026-10-30T00:31:00Z', ['yesterday', 'month_to_date'], ['today']);
    // What is booked between the two readings is seen with the second.
    late.revise({ usd: parseDecimal('171.150000000001'), requests: 4 });
    const large = openRouter.book({
      ...ROW,
      at: Date.UTC(2026, 9, 30, 23, 59),
      usd: parseDecimal('123456789.123456789012'),
    });
    await at('2026-10-30T15:00:00Z', ['yesterday', 'month_to_date'], ['today']);
    await at('2026-10-31T00:31:00Z', ['yesterday', 'month_to_date'], ['today']);
    // Of a day that was read twice nothing more is seen; of the other one, what is taken back.
    late.remove();
    large.revise({ usd: parseDecimal('0.5'), byokUsd: 0n, requests: 1 });
    await exporter.restart();
    await at('2026-10-31T00:35:00Z', ['yesterday', 'month_to_date'], ['today']);
    // The new month is unknown until its first day is told.
    await at('2026-11-01T00:00:10Z', [], ['today', 'yesterday', 'month_to_date', 'last_month']);
    await at('2026-11-01T00:31:10Z', ['yesterday', 'last_month'], ['today', 'month_to_date']);
    await at('2026-11-02T00:31:00Z', ['yesterday', 'month_to_date', 'last_month'], ['today']);
    // Down for three days.
    await at('2026-11-05T15:00:00Z', ['yesterday', 'month_to_date', 'last_month'], ['today']);
    assertOnlyReads(openRouter.requests);
  });
}

test('openrouter: each completed day is asked for twice, and a poll without a due day asks for none', async (context) => {
  const { clock, openRouter, exporter } = await scene(context);
  const daysOf = async (time: string) => {
    const before = openRouter.requests.length;
    clock.set(Date.parse(time));
    await pollSuccessfully(exporter);
    const asked = openRouter.requests.slice(before).filter(({ path }) => path === ACTIVITY);
    return asked.map(({ query }) => query.date);
  };
  const first = await daysOf('2026-10-29T22:10:00Z');
  assert.deepEqual([first.length, first[0], first.at(-1)], [28, '2026-10-28', '2026-10-01']);
  assert.deepEqual(await daysOf('2026-10-29T23:59:00Z'), []);
  assert.deepEqual(await daysOf('2026-10-30T00:29:00Z'), []);
  // The 28th was read within a day of its end.
  assert.deepEqual(await daysOf('2026-10-30T00:30:00Z'), ['2026-10-29', '2026-10-28']);
  assert.deepEqual(await daysOf('2026-10-30T20:00:00Z'), []);
  assert.deepEqual(await daysOf('2026-10-31T00:31:00Z'), ['2026-10-30', '2026-10-29']);
  // The window has 30 days: older ones are refused, and not asked for.
  const after = await daysOf('2026-12-20T12:00:00Z');
  assert.deepEqual([after.length, after.at(-1)], [30, '2026-11-20']);
});

test('openrouter: balance is credits less usage, and keys have limits', async (context) => {
  const { openRouter, exporter } = await scene(context, { apiKeys: 250 });
  await pollSuccessfully(exporter);
  const page = await exporter.fresh();
  const used = openRouter.truth({ start: Date.UTC(2026, 9, 1), end: EVENING + 1 }).total('cost');
  const credits = parseDecimal(String((used / parseDecimal('1000') + 2n) * 1000n));
  assert.equal(parseDecimal(String(page.sum('ai_billing_balance_usd'))), credits - used);
  assert.equal(page.sum('ai_billing_api_key_limit_usd'), 125 * 50);
  assert.equal(parseDecimal(String(page.sum('ai_billing_api_key_used_usd'))), used);
  assert.equal(openRouter.requests.filter(({ path }) => path.endsWith('/keys')).length, 3);
});

const UNREADABLE: Readonly<Record<string, SimulatedFault>> = {
  'money that is no number': {
    kind: 'edit',
    edit: (body) => body.replace(/"usage":[\d.]+/, '"usage":"1,5"'),
  },
  'no money': { kind: 'edit', edit: (body) => body.replace(/"usage":[\d.]+,/, '') },
  'more than anybody spends': {
    kind: 'edit',
    edit: (body) => body.replace(/"usage":[\d.]+/, '"usage":1000000000001'),
  },
  'an hour for a day': { kind: 'edit', edit: (body) => body.replace(' 00:00:00', ' 01:00:00') },
  'no rows': { kind: 'edit', edit: (body) => body.replace('"data"', '"rows"') },
  'an answer that is cut': { kind: 'truncated' },
  'a day that is refused': { kind: 'status', status: 400 },
};

test('openrouter: a day that cannot be read leaves the others and the bill as they were', async (context) => {
  const { clock, openRouter, exporter } = await scene(context);
  await pollSuccessfully(exporter);
  const { record, told } = recordAnswers(openRouter);
  record();
  const baseline = told(EVERYTHING);
  for (const [what, fault] of Object.entries(UNREADABLE)) {
    await context.test(what, async () => {
      const before = ledgerLines(await exporter.fresh()).filter((line) => line.includes('_usd_total'));
      clock.advance(DAY);
      openRouter.book({ ...ROW, at: clock.now() - DAY });
      // Yesterday is asked for first; the day before again.
      openRouter.fault({ ...fault, times: 1 }, /activity$/);
      const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
      assert.deepEqual(
        failed.map(({ feed, outcome }) => [feed, 'reason' in outcome && outcome.reason]),
        [['activity', 'contract']],
      );
      openRouter.fault(undefined);
      record();
      const page = await exporter.fresh();
      assert.doesNotMatch(page.text, /^ai_billing_cost_yesterday_usd\{/m);
      const grown = ledgerLines(page).filter((line) => line.includes('_usd_total'));
      assert.equal(grown.length, before.length);
      clock.advance(MINUTE);
      await pollSuccessfully(exporter);
      record();
      const recovered = await exporter.fresh();
      assertWindows(recovered, OWNER, clock.now(), told, ['yesterday']);
      assertNetCosts(recovered, OWNER, baseline, told(EVERYTHING));
    });
  }
});

test('openrouter: a day that comes back empty keeps its cost', async (context) => {
  const { clock, openRouter, exporter } = await scene(context);
  await pollSuccessfully(exporter);
  clock.advance(3 * HOUR);
  openRouter.fault({ kind: 'edit', edit: () => '{"data":[]}', after: 1, times: 1 }, /activity$/);
  await pollSuccessfully(exporter);
  const page = await exporter.fresh();
  openRouter.fault(undefined);
  clock.advance(HOUR);
  const before = openRouter.requests.length;
  await pollSuccessfully(exporter);
  const asked = openRouter.requests.slice(before).filter(({ path }) => path === ACTIVITY);
  assert.deepEqual(
    asked.map(({ query }) => query.date),
    [isoDay(EVENING - DAY)],
  );
  assert.equal(page.sum('ai_billing_cost_corrections_usd_total'), 0);
});

test('openrouter: a key for inference is told that it takes a management key', async (context) => {
  const { exporter } = await scene(context, { inferenceKey: 'sk-or-v1-1' }, 'sk-or-v1-1');
  const outcomes = (await exporter.pollAll()).map(({ feed, outcome }) => [feed, outcome.kind]);
  assert.deepEqual(outcomes.sort(), [
    ['activity', 'failed'],
    ['balance', 'unavailable'],
    ['keys', 'unavailable'],
  ]);
  assert.match(exporter.log(), /a management key/);
});
