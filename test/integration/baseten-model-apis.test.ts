import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE, type Range } from '../../src/core/values/time.ts';
import type { ModelApiRow, SimulatedSource } from '../simulators/baseten/rows.ts';
import { type BasetenOptions, startBaseten } from '../simulators/baseten/server.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import type { Truth } from '../simulators/kit/truth.ts';
import { type FakeClock, fakeClockAt } from '../simulators/kit/world.ts';
import { type Exporter, type Scrape, startExporter } from '../support/exporter/exporter.ts';
import { EVERYTHING, pollSuccessfully, walk } from '../support/exporter/walk.ts';
import {
  assertNetCosts,
  assertNoCounterFell,
  assertOnlyReads,
  assertUniqueInfoSeries,
  assertWindows,
  ledgerLines,
  samplesOf,
} from '../support/exposition/expected.ts';

const OWNER = { provider: 'baseten' };
const SOURCES = ['model_apis', 'model_api_usage'] as const;
const PATHS = { model_apis: /billing\/model_apis$/, model_api_usage: /model_apis\/usage$/ } as const;
/** The evening before the last day of a month. */
const EVENING = Date.UTC(2026, 9, 30, 22, 10);

async function scene(context: TestContext, options: BasetenOptions = {}, now = EVENING) {
  const clock = fakeClockAt(now);
  const baseten = await startBaseten({ clock, genesis: Date.UTC(2026, 9, 20), ...options });
  context.after(() => baseten.close());
  const { url, key } = baseten;
  const exporter = await startExporter(context, clock, [{ provider: 'baseten', url, key }]);
  return { clock, baseten, exporter };
}

const USED: ModelApiRow = {
  category: 'model_api',
  at: Date.UTC(2026, 9, 29),
  model_name: 'by-hand',
  keys: ['bsnt_hand'],
  subtotal: parseDecimal('0.000001'),
  requests: 3,
  input_tokens: 1000,
  cached_input_tokens: 400,
  output_tokens: 7,
};

for (const modelApis of [{}, { bucketsPerPage: 5 }, { bucketsPerPage: 5, swapsCursors: true }]) {
  test(`baseten: costs and usage by key match the bill over a month end, ${JSON.stringify(modelApis)}`, async (context) => {
    const { clock, baseten, exporter } = await scene(context, { modelApis });
    const row = baseten.book(USED);
    const credit = baseten.book({
      ...USED,
      keys: undefined,
      subtotal: -parseDecimal('12.500000000001'),
    } as never);
    const later = { ...USED, at: Date.UTC(2026, 9, 31) };
    await walk({ clock, exporter, owner: OWNER, truth: (range) => baseten.truth(range) }, [
      { at: '2026-10-30T22:10:00Z' },
      {
        at: '2026-10-30T23:50:10Z',
        happens: () => row.revise({ subtotal: parseDecimal('123456.123456789012') }),
      },
      {
        at: '2026-10-31T00:00:00Z',
        happens: () => row.revise({ input_tokens: 1200, cached_input_tokens: 900 }),
      },
      {
        at: '2026-10-31T12:00:00Z',
        happens: () => {
          credit.remove();
          // The same key with another model: neither takes the label of the other.
          baseten.book({ ...later, model_name: 'another', subtotal: parseDecimal('8.25') });
        },
      },
      {
        at: '2026-11-01T00:00:10Z',
        restarts: true,
        happens: () => row.revise({ output_tokens: 5, requests: 1 }),
      },
      {
        at: '2026-11-01T06:30:00Z',
        happens: () => void baseten.book({ ...later, subtotal: parseDecimal('-8.25') }),
      },
      { at: '2026-11-04T15:00:00Z', happens: () => void baseten.book({ ...later, at: later.at + DAY }) },
      { at: '2026-11-04T15:20:00Z' },
    ]);
    assertOnlyReads(baseten.requests);
    assert.equal(
      baseten.requests.some(({ query }) => query.cursor !== undefined),
      'bucketsPerPage' in modelApis,
    );
  });
}
