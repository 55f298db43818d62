import type { Instant } from '../../src/core/values/time.ts';
import { type BasetenSimulator, startBaseten } from './baseten/server.ts';
import { DEMO_PROBES, demoPrices } from './inference-sh/probes.ts';
import type { InferenceShRow } from './inference-sh/rows.ts';
import { type InferenceShOptions, startInferenceSh } from './inference-sh/server.ts';
import { outage } from './kit/outages.ts';
import type { Simulator } from './kit/service.ts';
import type { SimulatorOptions } from './kit/world.ts';
import type { NorthflankRow } from './northflank/rows.ts';
import { startNorthflank } from './northflank/server.ts';
import type { VeniceRow } from './venice/rows.ts';
import { startVenice } from './venice/server.ts';

/** The four providers, under the ids the configuration knows. */
export interface Providers {
  readonly baseten: BasetenSimulator;
  readonly venice: Simulator<VeniceRow>;
  readonly inference_sh: Simulator<InferenceShRow>;
  readonly northflank: Simulator<NorthflankRow>;
  close(): Promise<void>;
}

type Shared = Omit<SimulatorOptions, 'port' | 'key' | 'weather'>;

/** What the demo configures beside its accounts: the entries of each list, by its key. */
export const DEMO_SECTIONS: Readonly<Record<string, readonly object[]>> = { priceProbes: DEMO_PROBES };

/** Starts all four on free loopback ports, without failures of their own. */
export function startAll(options: Shared = {}): Promise<Providers> {
  return started(() => options);
}

/**
 * The world that `demo` shows: two months of history, spend that grows while one watches, corrections and refunds, new models, a
 * price that moves and one that goes, and an outage of one provider every few minutes.
 */
export function startDemoWorld(options: Shared = {}): Promise<Providers> {
  const { seed = 1, clock = { now: () => Date.now() } } = options;
  const opened = clock.now();
  const optionsOf = (index: number) => ({
    ...options,
    seed,
    clock,
    weather: (now: Instant) => outage(seed, opened, index, now),
  });
  return started(optionsOf, { prices: demoPrices(opened) });
}

async function started(
  optionsOf: (index: number) => SimulatorOptions,
  ofInferenceSh: InferenceShOptions = {},
): Promise<Providers> {
  const [baseten, venice, inference_sh, northflank] = await Promise.all([
    startBaseten(optionsOf(0)),
    startVenice(optionsOf(1)),
    startInferenceSh({ ...optionsOf(2), ...ofInferenceSh }),
    startNorthflank(optionsOf(3)),
  ]);
  const all = [baseten, venice, inference_sh, northflank];
  return {
    baseten,
    venice,
    inference_sh,
    northflank,
    close: async () => {
      await Promise.all(all.map((simulator) => simulator.close()));
    },
  };
}
