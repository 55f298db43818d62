import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ONE, parseDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/values/time.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import type { SimulatedContract } from '../simulators/kit/world.ts';
import type { OpenAiCost, OpenAiUse } from '../simulators/openai/rows.ts';
import { type OpenAiOptions, startOpenAi } from '../simulators/openai/server.ts';
import { EVERYTHING, pollSuccessfully, walk } from '../support/exporter/walk.ts';
import {
  assertNetCosts,
  assertOnlyReads,
  assertWindows,
  ledgerLines,
} from '../support/exposition/expected.ts';
import { providerScene } from '../support/providers/provider-scene.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
/** The evening before the last day of a month. */
const EVENING = Date.UTC(2026, 9, 30, 22, 10);
const OWNER = { provider: 'openai' };

async function scene(context: TestContext, options: OpenAiOptions = {}, key?: string) {
  const { simulator: openai, ...others } = await providerScene(context, {
    provider: 'openai',
    start: startOpenAi,
    options: { genesis: Date.UTC(2026, 9, 20), ...options },
    now: EVENING,
    key,
  });
  return { openai, ...others };
}

const COST: OpenAiCost = {
  kind: 'cost',
  at: Date.UTC(2026, 9, 29, 3),
  project: 'proj_hand',
  lineItem: 'ft:gpt-4o, acme, 2026, input',
  usd: parseDecimal('0.000001'),
};
const USE: OpenAiUse = {
  kind: 'completions',
  at: Date.UTC(2026, 9, 30, 3, 7),
  project: 'proj_hand',
  model: 'ft:gpt-4o, acme, 2026',
  requests: 3,
  input: 1000,
  cached: 400,
  written: 100,
  output: 7,
};

for (const contract of CONTRACTS) {
  test(`openai: every value matches the bill, over a month end, ${contract} contract`, async (context) => {
    const { clock, openai, exporter } = await scene(context, { contract, bucketsPerPage: 20 });
    const cost = openai.book(COST);
    const credit = openai.book({ ...COST, lineItem: null, project: null, usd: -parseDecimal('12.5') });
    const use = openai.book(USE);
    const later = { ...COST, at: Date.UTC(2026, 9, 31, 23, 59) };
    await walk({ clock, exporter, owner: OWNER, truth: (range) => openai.truth(range) }, [
      { at: '2026-10-30T22:10:00Z' },
      { at: '2026-10-30T23:50:10Z', happens: () => cost.revise({ usd: parseDecimal('171.150000000001') }) },
      { at: '2026-10-31T00:00:05Z', happens: () => use.revise({ input: 1200, cached: 900 }) },
      {
        at: '2026-10-31T12:00:00Z',
        happens: () => {
          credit.remove();
          openai.book({ ...later, usd: parseDecimal('123456789.123456789012') });
          openai.book({ ...USE, kind: 'images', at: later.at - DAY, model: 'gpt-image-1', input: 2 });
        },
      },
      { at: '2026-10-31T23:59:59Z', happens: () => cost.revise({ usd: parseDecimal('0.000000000001') }) },
      { at: '2026-11-01T00:00:10Z', restarts: true, happens: () => use.revise({ input: 600, cached: 0 }) },
      {
        at: '2026-11-01T06:30:00Z',
        happens: () => void openai.book({ ...later, usd: parseDecimal('-8.25') }),
      },
      // Down for longer than an hour of usage is read again.
      { at: '2026-11-04T15:00:00Z', happens: () => void openai.book({ ...later, at: later.at + DAY }) },
      { at: '2026-11-04T15:20:00Z' },
    ]);
    assertOnlyReads(openai.requests);
    assert.ok(openai.requests.some(({ query }) => query.page !== undefined));
  });
}

test('openai: a poll without history to read sends one request for costs, one for names and one for each kind of usage', async (context) => {
  const { clock, openai, exporter } = await scene(context);
  await pollSuccessfully(exporter);
  const first = openai.requests.length;
  clock.advance(15 * MINUTE);
  await pollSuccessfully(exporter);
  const paths = openai.requests.slice(first).map(({ path }) => path.replace('/v1/organization/', ''));
  assert.deepEqual(paths.sort(), [
    'costs',
    'projects',
    'usage/audio_speeches',
    'usage/audio_transcriptions',
    'usage/completions',
    'usage/embeddings',
    'usage/images',
    'usage/moderations',
  ]);
  // Sixty days of costs in pages of 31 days, and of each kind of usage in pages of 168 hours.
  assert.equal(first, 3 + 6 * 10 + 1);
});

const UNREADABLE: Readonly<Record<string, SimulatedFault>> = {
  'another currency': { kind: 'edit', edit: (body) => body.replaceAll('"usd"', '"eur"') },
  'no currency': { kind: 'edit', edit: (body) => body.replaceAll(',"currency":"usd"', '') },
  'money that is no number': {
    kind: 'edit',
    edit: (body) => body.replace(/"value":"[^"]*"/, '"value":"1,5"'),
  },
  'more than anybody spends': {
    kind: 'edit',
    edit: (body) => body.replace(/"value":"[^"]*"/, '"value":"1000000000001"'),
  },
  'a missing page': { kind: 'edit', edit: (body) => body.replace(/"next_page":"[^"]*"/, '"next_page":null') },
  'a page that comes again': {
    kind: 'edit',
    edit: (body) => body.replace(/"has_more":.*$/, '"has_more":true,"next_page":"page_MjAyNi0xMC0yOQ=="}'),
  },
  'a lost bucket': { kind: 'edit', edit: (body) => body.replace(/\{"object":"bucket".*?\]\},/, '') },
  'a second page that fails': { kind: 'status', status: 400, after: 1 },
};

test('openai: costs that cannot be read fail the feed and leave the bill as it was', async (context) => {
  const here = await scene(context, { bucketsPerPage: 3 });
  const { clock, openai, exporter } = here;
  await pollSuccessfully(exporter);
  const known = openai.truth(EVERYTHING);
  for (const [what, fault] of Object.entries(UNREADABLE)) {
    await context.test(what, async () => {
      const before = ledgerLines(await exporter.fresh()).filter((line) => line.includes('_usd'));
      openai.book({ ...COST, at: clock.now() - HOUR, usd: ONE });
      clock.advance(2 * MINUTE);
      openai.fault(fault, /costs$/);
      const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
      assert.deepEqual(
        failed.map(({ feed, outcome }) => [feed, 'reason' in outcome && outcome.reason]),
        [['costs', 'contract']],
      );
      const page = await exporter.fresh();
      assert.deepEqual(
        ledgerLines(page).filter((line) => line.includes('_usd')),
        before,
      );
      openai.fault(undefined);
      clock.advance(2 * MINUTE);
      await pollSuccessfully(exporter);
      const recovered = await exporter.fresh();
      assertWindows(recovered, OWNER, clock.now(), (range) => openai.truth(range));
      assertNetCosts(recovered, OWNER, known, openai.truth(EVERYTHING));
    });
  }
});

test('openai: usage is applied only if every kind of it was read', async (context) => {
  const { clock, openai, exporter } = await scene(context);
  await pollSuccessfully(exporter);
  const tokens = async () => ledgerLines(await exporter.fresh()).filter((line) => line.includes('_tokens_'));
  const before = await tokens();
  openai.book({ ...USE, at: clock.now() });
  clock.advance(MINUTE);
  openai.fault({ kind: 'status', status: 500 }, /moderations$/);
  const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
  assert.deepEqual(
    failed.map(({ feed }) => feed),
    ['usage'],
  );
  assert.deepEqual(await tokens(), before);
});

test('openai: a project key is told that it takes an admin key', async (context) => {
  const { exporter } = await scene(context, { projectKey: 'sk-proj-1' }, 'sk-proj-1');
  const outcomes = (await exporter.pollAll()).map(({ outcome }) => 'reason' in outcome && outcome.reason);
  assert.deepEqual(outcomes, ['auth', 'auth', 'auth']);
  assert.match(exporter.log(), /"hint":"[^"]*This endpoint takes an admin key \(`sk-admin-/);
});
