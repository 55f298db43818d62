import { DEMO_BUDGETS, DEMO_SCHEDULES, DEMO_SECTIONS, startDemoWorld } from '../../test/simulators/all.ts';
import type { Account, Config } from '../config/config.ts';
import { openTelemetryOfEnvironment } from '../config/otel/open-telemetry.ts';
import { DAY, HOUR, SECOND, startOfDay } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import { DEFAULT_RATES, PROVIDERS } from '../providers/index.ts';
import type { DemoOptions, Io } from './io.ts';
import { overrideLog } from './open-log.ts';
import { run } from './serve.ts';

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

/** Pushes to a simulated receiver, unless variables say where, or that nothing is pushed. */
function withReceiver(env: Io['env'], url: string): Io['env'] {
  const isSaid = Object.keys(env).some((name) => /^OTEL_(SDK|METRICS|EXPORTER)_/.test(name));
  const endpoint = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: url, OTEL_METRIC_EXPORT_INTERVAL: '15000' };
  return isSaid ? env : { ...env, ...endpoint };
}

/** Runs simulated providers on loopback and the real exporter polling them. Needs no keys; the ledger is temporary. */
export async function demo(options: DemoOptions, io: Io): Promise<number> {
  openTelemetryOfEnvironment(io.env); // complains before anything starts
  const { close, metricsUrl, ...simulators } = await startDemoWorld();
  const openTelemetry = openTelemetryOfEnvironment(withReceiver(io.env, metricsUrl));
  const started = new Map(Object.entries(simulators));
  try {
    const accounts = PROVIDERS.flatMap((provider): Account[] => {
      const simulator = started.get(provider.id);
      if (!simulator) return [];
      const { url, key } = simulator;
      const account = {
        provider,
        name: 'demo',
        baseUrl: url,
        key: () => key,
        keySource: 'the demo',
        since: isSlow(provider) ? startOfDay(Date.now()) - DAY : undefined,
        timeoutMs: 10 * SECOND,
        schedule: Object.fromEntries(
          provider.feeds.map(({ name, schedule }) => [
            name,
            DEMO_SCHEDULES[`${provider.id}/${name}`] ?? DEMO_SCHEDULES[name] ?? schedule,
          ]),
        ),
        config: configOf(provider),
      };
      return [account];
    });
    const config: Config = {
      server: { host: options.host, port: options.port, enableReload: false },
      state: { path: ':memory:' },
      log: overrideLog({ level: 'info' }, options),
      metrics: { newSeriesZeroMs: 10 * SECOND, maxSeries: 10_000 },
      accounts,
      budgets: DEMO_BUDGETS,
      currencies: DEFAULT_RATES,
      openTelemetry,
    };
    let address = '';
    const listening = (url: string) => {
      address = `Demo on ${url} with simulated providers. Metrics: ${url}/metrics. Press Ctrl-C to stop.\n`;
      io.stdout.write(address);
    };
    // The lines of the first polls may have scrolled it away. Only standard error knows where the progress bars are.
    const polled = () => {
      if (io.stderr.isTerminal) io.stderr.write(address);
    };
    return await run(config, io, { listening, polled });
  } finally {
    await close();
  }
}
