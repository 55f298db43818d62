import manifest from '../../../package.json' with { type: 'json' };
import { type Budget, DEFAULT_BUDGET_ALERTS } from '../../../src/core/reports/budget.ts';
import { parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE, startOfDay, startOfMonth } from '../../../src/core/values/time.ts';
import { PROVIDERS } from '../../../src/providers/index.ts';
import { DEMO_BUDGETS, DEMO_SECTIONS, type Providers, startAll } from '../../simulators/all.ts';
import { type FakeClock, fakeClockAt } from '../../simulators/kit/world.ts';
import { type Exporter, type ExporterAccount, startExporter } from '../exporter/exporter.ts';
import type { Scope } from '../exporter/process.ts';
import { providerById } from '../providers/provider-by-id.ts';
import { withSeries } from './many-series.ts';

/** A Sunday noon late in a month, so that each window has something to show. */
const NOON = Date.UTC(2026, 10, 22, 11, 47, 13);
const SINCE = startOfMonth(NOON, -1);
const BUDGETS = [
  budgetOf('everything', '120000', {}),
  budgetOf('research', '30000', { account: ['research'] }),
];
const NAMES = ['production', 'research', 'staging'];

/** The exporter at a time that only moves by calls: the same in each run. */
export interface Scene {
  readonly exporter: Exporter;
  readonly clock: FakeClock;
}

/** What the page has to show, and to cope with. */
export const SCENES = {
  /** The demo before its first poll. */
  empty: async (scope: Scope): Promise<Scene> => (await startDemo(scope)).scene,
  demo: async (scope: Scope): Promise<Scene> => (await watchedDemo(scope)).scene,
  /** The demo after two of its providers began to fail. */
  async outage(scope: Scope): Promise<Scene> {
    const { scene, providers } = await watchedDemo(scope);
    providers.venice.fault({ kind: 'status', status: 503 });
    providers.baseten.fault({ kind: 'status', status: 401 });
    scene.clock.advance(20 * MINUTE);
    return polled(scene);
  },
  /** Twelve accounts: three of each of the first four providers. */
  async accounts(scope: Scope): Promise<Scene> {
    const clock = fakeClockAt(NOON);
    const worlds = await Promise.all(NAMES.map((_, index) => startWorld(scope, clock, index + 1)));
    const accounts = NAMES.flatMap((name, index) => accountsAt(worlds[index], name).slice(0, 4));
    return polled(await startScene(scope, clock, accounts));
  },
  /** Twelve accounts with 10,000 series of cost. */
  series: async (scope: Scope): Promise<Scene> =>
    polled(await startScene(scope, fakeClockAt(NOON), manySeries(), BUDGETS)),
} as const;
export type SceneName = keyof typeof SCENES;

/** The demo and its providers, read twice within an hour: long enough for corrections and refunds. */
export async function watchedDemo(scope: Scope) {
  const demo = await startDemo(scope);
  demo.scene.clock.set(NOON - HOUR);
  await polled(demo.scene);
  demo.scene.clock.set(NOON);
  await polled(demo.scene);
  return demo;
}

function budgetOf(name: string, limit: string, match: Budget['match']): Budget {
  return { name, limit: parseDecimal(limit), period: 'month', match, ...DEFAULT_BUDGET_ALERTS };
}

async function startDemo(scope: Scope) {
  const clock = fakeClockAt(NOON - HOUR);
  const providers = await startWorld(scope, clock, 1);
  return { providers, scene: await startScene(scope, clock, accountsAt(providers, 'demo')) };
}

async function startWorld(scope: Scope, clock: FakeClock, seed: number): Promise<Providers> {
  const providers = await startAll({ clock, seed });
  scope.after(providers.close);
  return providers;
}

async function startScene(
  scope: Scope,
  clock: FakeClock,
  accounts: readonly ExporterAccount[],
  budgets: readonly Budget[] = DEMO_BUDGETS,
): Promise<Scene> {
  return {
    clock,
    exporter: await startExporter(scope, clock, accounts, { budgets, version: manifest.version }),
  };
}

async function polled(scene: Scene): Promise<Scene> {
  await scene.exporter.pollAll();
  return scene;
}

function accountsAt(providers: Providers | undefined, name: string): ExporterAccount[] {
  if (!providers) return [];
  const { close: _, ...simulators } = providers;
  return Object.entries(simulators).map(([provider, { url, key }]) => {
    const { requestBudget, section } = providerById(provider) ?? {};
    // As in the demo, of a provider that limits requests per hour only two days are read.
    const isSlow = (requestBudget?.perMs ?? 0) >= HOUR;
    return {
      provider,
      name,
      url,
      key,
      since: isSlow ? startOfDay(NOON) - DAY : SINCE,
      entries: section ? (DEMO_SECTIONS[section.key] ?? []) : [],
    };
  });
}

function manySeries(): ExporterAccount[] {
  return NAMES.flatMap((name, at) =>
    PROVIDERS.slice(0, 4).map((provider, index) => ({
      provider: provider.id,
      definition: withSeries(provider, 850, 4 * at + index + 1),
      name,
      url: provider.baseUrl,
      key: `never-sent-${name}`,
      since: SINCE,
    })),
  );
}
