import assert from 'node:assert/strict';
import type { Range } from '../../../src/core/values/time.ts';
import type { Truth } from '../../simulators/kit/truth.ts';
import type { FakeClock } from '../../simulators/kit/world.ts';
import {
  assertNetCosts,
  assertNoCounterFell,
  assertUniqueInfoSeries,
  assertWindows,
  type Owner,
  type Window,
} from '../exposition/expected.ts';
import type { Exporter, Scrape } from './exporter.ts';

/** Longer than any test. */
export const EVERYTHING: Range = { start: Date.UTC(2026, 7, 1), end: Date.UTC(2027, 0, 1) };

export interface Step {
  readonly at: string;
  /** Activity at the provider before the poll. */
  readonly happens?: () => void;
  /** Restarts the exporter on its file before the poll. */
  readonly restarts?: true;
}

export interface Walk {
  readonly clock: FakeClock;
  readonly exporter: Exporter;
  readonly owner: Owner;
  truth(range: Range): Truth;
  /** All when absent. */
  readonly windows?: readonly Window[];
}

/** Polls at each step, and compares every value with the truth. */
export async function walk(
  { clock, exporter, owner, truth, windows }: Walk,
  steps: readonly Step[],
): Promise<void> {
  let baseline: Truth | undefined;
  let last: Scrape | undefined;
  for (const { at, happens, restarts } of steps) {
    clock.set(Date.parse(at));
    happens?.();
    if (restarts) await exporter.restart();
    await pollSuccessfully(exporter);
    const page = await exporter.fresh();
    baseline ??= truth(EVERYTHING);
    assertWindows(page, owner, clock.now(), truth, windows);
    assertNetCosts(page, owner, baseline, truth(EVERYTHING));
    assertUniqueInfoSeries(page);
    if (last) assertNoCounterFell(last, page);
    last = page;
  }
}

/** Polls everything; nothing may fail. */
export async function pollSuccessfully(exporter: Exporter): Promise<void> {
  const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
  assert.deepEqual(failed, []);
}
