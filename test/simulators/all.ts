import { parseDecimal } from '../../src/core/values/money.ts';
import { MINUTE } from '../../src/core/values/time.ts';
import { startAnthropic } from './anthropic/server.ts';
import { startBaseten } from './baseten/server.ts';
import { DEMO_PROBES, demoPrices } from './inference-sh/probes.ts';
import { type InferenceShOptions, startInferenceSh } from './inference-sh/server.ts';
import { outage } from './kit/outages.ts';
import { startReceiver } from './kit/receiver.ts';
import type { SimulatorOptions } from './kit/world.ts';
import { startNorthflank } from './northflank/server.ts';
import { startOpenAi } from './openai/server.ts';
import { startOpenRouter } from './openrouter/server.ts';
import { startRunPod } from './runpod/server.ts';
import { foreignCharges } from './venice/history.ts';
import { startVenice } from './venice/server.ts';

/** How to start each of the simulated providers, under the ids that the configuration knows. */
export const SIMULATORS = {
  baseten: startBaseten,
  venice: startVenice,
  inference_sh: startInferenceSh,
  northflank: startNorthflank,
  openai: startOpenAi,
  anthropic: startAnthropic,
  openrouter: startOpenRouter,
  runpod: startRunPod,
};
export type SimulatedId = keyof typeof SIMULATORS;
export const SIMULATED_IDS = Object.keys(SIMULATORS).filter(isSimulated);

function isSimulated(id: string): id is SimulatedId {
  return Object.hasOwn(SIMULATORS, id);
}

export type Simulators = { readonly [Id in SimulatedId]: Awaited<ReturnType<(typeof SIMULATORS)[Id]>> };

/** The simulated providers, running. */
export interface Providers extends Simulators {
  close(): Promise<void>;
}

/** What `demo` runs against. */
export interface DemoWorld extends Providers {
  /** Of the receiver of OTLP metrics. */
  readonly metricsUrl: string;
}

type Shared = Omit<SimulatorOptions, 'port' | 'weather'>;

/** The demo polls feeds of these names, or of a provider and name, faster than real providers would let anybody, so that something is to be seen. */
export const DEMO_SCHEDULES: Readonly<Record<string, string>> = {
  usage: '*/5 * * * * *',
  breakdown_1h: '*/5 * * * * *',
  breakdown_1d: '*/15 * * * * *',
  usage_recent: '*/30 * * * * *',
  balance: '*/15 * * * * *',
  price_probes: '*/15 * * * * *',
  'openai/costs': '*/5 * * * * *',
  'northflank/usage_history': '*/15 * * * * *',
  'anthropic/usage': '0 */3 * * * *',
  'anthropic/costs': '30 */2 * * * *',
};

export const DEMO_REQUESTS_PER_HOUR = 100_000;

const ALERTS = { alertAt: [0.5, 0.8, 1], severity: 'warning' } as const;

export const DEMO_BUDGETS = [
  { name: 'everything', limit: parseDecimal('20000'), period: 'month', match: {}, ...ALERTS },
  {
    name: 'venice-today',
    limit: parseDecimal('15'),
    period: 'day',
    match: { provider: ['venice'] },
    ...ALERTS,
  },
  {
    name: 'gpu-deployments',
    limit: parseDecimal('2500'),
    period: 'week',
    // Unknown on Mondays if it could be OpenRouter's, who bills completed days.
    match: { provider: ['baseten'], tier: ['dedicated'] },
    ...ALERTS,
    severity: 'critical',
  },
] as const;

/** What the demo configures beside its accounts: the entries of each list, by its key. */
export const DEMO_SECTIONS: Readonly<Record<string, readonly object[]>> = { priceProbes: DEMO_PROBES };

/** Starts all on free loopback ports, without failures of their own. */
export function startAll(options: Shared = {}): Promise<Providers> {
  return started(() => options);
}

/**
 * The world that `demo` shows: two months of history, spend that grows while one watches, corrections and refunds, new models, a
 * price that moves and one that goes, charges in an undocumented currency without an exchange rate, a receiver of metrics, and an outage of
 * one provider every few minutes.
 */
export async function startDemoWorld(options: Shared = {}): Promise<DemoWorld> {
  const { seed = 1, clock = { now: () => Date.now() } } = options;
  const { opened = clock.now() } = options;
  const of = SIMULATED_IDS.length;
  const prices = demoPrices(opened);
  const providers = await started((index) => {
    return {
      ...options,
      seed,
      clock,
      opened,
      prices,
      perHour: DEMO_REQUESTS_PER_HOUR,
      weather: (now) => outage({ seed, opened, index, of }, now),
    };
  });
  for (const row of foreignCharges(opened + MINUTE / 2)) providers.venice.book(row);
  const receiver = await startReceiver();
  const close = async () => {
    await Promise.all([providers.close(), receiver.close()]);
  };
  return { ...providers, metricsUrl: receiver.url, close };
}

function haveStarted(running: object): running is Simulators {
  return SIMULATED_IDS.every((id) => Object.hasOwn(running, id));
}

type OptionsOf = (index: number) => SimulatorOptions & InferenceShOptions;

async function started(optionsOf: OptionsOf): Promise<Providers> {
  const starts = Object.entries(SIMULATORS).map(async ([id, start], index) => [
    id,
    await start(optionsOf(index)),
  ]);
  const simulators = Object.fromEntries(await Promise.all(starts));
  if (!haveStarted(simulators)) throw new Error('a simulator is missing');
  return {
    ...simulators,
    close: async () => {
      await Promise.all(Object.values(simulators).map((simulator) => simulator.close()));
    },
  };
}
