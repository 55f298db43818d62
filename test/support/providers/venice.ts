import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ONE } from '../../../src/core/values/money.ts';
import { DAY, HOUR } from '../../../src/core/values/time.ts';
import type { Simulator } from '../../simulators/kit/service.ts';
import { type FakeClock, fakeClockAt } from '../../simulators/kit/world.ts';
import type { VeniceRow } from '../../simulators/venice/rows.ts';
import { startVenice, type VeniceOptions } from '../../simulators/venice/server.ts';
import { type Exporter, type Scrape, startExporter } from '../exporter/exporter.ts';
import { withoutLiveMinutes } from './told-truth.ts';

/** The day of the test, which starts at 15:00 UTC. */
export const TODAY = Date.UTC(2026, 10, 22);
/** The labels of the account. */
export const ME = { provider: 'venice', account: 'test' };

/** A provider, an exporter and their clock. */
export interface Scene {
  readonly clock: FakeClock;
  readonly venice: Simulator<VeniceRow>;
  readonly exporter: Exporter;
}

/** A simulated Venice with five days of history, and the real exporter. */
export async function scene(context: TestContext, options: VeniceOptions = {}): Promise<Scene> {
  const clock = fakeClockAt(TODAY + 15 * HOUR);
  const genesis = TODAY - 5 * DAY;
  const venice = await withoutLiveMinutes(clock, () => startVenice({ clock, genesis, ...options }));
  context.after(() => venice.close());
  const { url, key } = venice;
  const exporter = await startExporter(context, clock, [{ provider: 'venice', url, key, since: genesis }]);
  return { clock, venice, exporter };
}

/** Polls all feeds, which must succeed. */
export async function poll({ exporter }: Scene): Promise<Scrape> {
  const failed = (await exporter.pollAll()).filter(({ outcome }) => 'reason' in outcome);
  assert.deepEqual(failed, []);
  return exporter.fresh();
}

/** A row of the ledger, a charge by default. */
export function row(at: number, more: Partial<VeniceRow> = {}): VeniceRow {
  const charge = { amount: -ONE, units: ONE, pricePerUnitUsd: ONE, currency: 'USD' };
  const sku = 'm-llm-output-mtoken';
  return { at, sku, model: 'm', ...charge, notes: 'API Inference', inferenceDetails: null, ...more };
}
