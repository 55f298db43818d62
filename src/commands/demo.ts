import { DEMO_SECTIONS, startDemoWorld } from '../../test/simulators/all.ts';
import type { Account, Config } from '../config/config.ts';
import { openTelemetryOfEnvironment } from '../config/otel/open-telemetry.ts';
import type { Budget } from '../core/reports/budget.ts';
import { DEFAULT_RATES } from '../core/values/exchange-rates.ts';
import { parseDecimal } from '../core/values/money.ts';
import { DAY, HOUR, SECOND, startOfDay } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import { PROVIDERS } from '../providers/index.ts';
import type { DemoOptions, Io } from './io.ts';
import { run } from './serve.ts';

/** The demo polls faster than real providers would allow, so that there is something to see. */
const SCHEDULES: Readonly<Record<string, string>> = {
  usage: '*/5 * * * * *',
  breakdown_1h: '*/5 * * * * *',
  breakdown_1d: '*/15 * * * * *',
  usage_recent: '*/30 * * * * *',
  balance: '*/15 * * * * *',
  price_probes: '*/15 * * * * *',
};

const BUDGETS: readonly Budget[] = [
  { name: 'everything', limit: parseDecimal('14000'), period: 'month', match: {} },
  { name: 'venice-today', limit: parseDecimal('15'), period: 'day', match: { provider: ['venice'] } },
  { name: 'gpu-deployments', limit: parseDecimal('2500'), period: 'week', match: { tier: ['dedicated'] } },
];

/** The provider limits requests per hour: two months of its hours would take longer than anybody watches. */
function isSlow({ requestBudget }: (typeof PROVIDERS)[number]): boolean {
  return requestBudget !== undefined && requestBudget.perMs >= HOUR;
}

function configOf({ config, section }: Provider): unknown {
  const own = config.parse({});
  const entries = section ? (DEMO_SECTIONS[section.key] ?? []) : [];
  return section
    ? section.into(
        own,
        entries.map((entry) => section.entry.parse(entry)),
      )
    : own;
}

/** Runs simulated providers on loopback and the real exporter polling them. Needs no keys; the ledger is temporary. */
export async function demo(options: DemoOptions, io: Io): Promise<number> {
  const openTelemetry = openTelemetryOfEnvironment(io.env);
  const world = await startDemoWorld();
  const { close, ...simulators } = world;
  const started = new Map(Object.entries(simulators));
  try {
    const accounts = PROVIDERS.map((provider): Account => {
      const simulator = started.get(provider.id);
      if (!simulator) throw new Error(`${provider.title} has no simulator`);
      const { url, key } = simulator;
      return {
        provider,
        name: 'demo',
        baseUrl: url,
        key: () => key,
        keySource: 'the demo',
        since: isSlow(provider) ? startOfDay(Date.now()) - DAY : undefined,
        timeoutMs: 10 * SECOND,
        schedule: Object.fromEntries(
          provider.feeds.map(({ name, schedule }) => [name, SCHEDULES[name] ?? schedule]),
        ),
        config: configOf(provider),
      };
    });
    const config: Config = {
      server: { host: options.host, port: options.port, enableReload: false },
      state: { path: ':memory:' },
      metrics: { newSeriesZeroMs: 10 * SECOND, maxSeries: 10_000 },
      accounts,
      budgets: BUDGETS,
      currencies: DEFAULT_RATES,
      openTelemetry,
    };
    const listening = (url: string) =>
      io.stdout.write(
        `Demo on ${url} with simulated providers. Metrics: ${url}/metrics. Press Ctrl-C to stop.\n`,
      );
    return await run(config, io, { listening });
  } finally {
    await close();
  }
}
