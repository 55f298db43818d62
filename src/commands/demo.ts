import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  DEMO_BUDGETS,
  DEMO_REQUESTS_PER_HOUR,
  DEMO_SCHEDULES,
  DEMO_SECTIONS,
  startDemoWorld,
} from '../../test/simulators/all.ts';
import type { Account, Config } from '../config/config.ts';
import type { HistoryConfig } from '../config/history/history.ts';
import { openTelemetryOfEnvironment } from '../config/otel/open-telemetry.ts';
import { HISTORY_MONTHS } from '../core/ledger/closing.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND, startOfDay, startOfMonth } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import { DEFAULT_RATES, PROVIDERS } from '../providers/index.ts';
import type { DemoOptions, Io } from './io.ts';
import { overrideLog } from './open-log.ts';
import { openReceiver, receiverUrlOf, refuse, seriesLabelsOf } from './remote-write-options.ts';
import { run } from './serve.ts';

/** Raises a limit per hour, under which reading two months would take hours. */
function withoutWaits(provider: Provider): Provider {
  const isSlow = provider.requestBudget && provider.requestBudget.perMs >= HOUR;
  return isSlow
    ? { ...provider, requestBudget: { requests: DEMO_REQUESTS_PER_HOUR, perMs: HOUR } }
    : provider;
}

/**
 * When the simulated world began: beside a ledger that is kept, its bills must stay what they were.
 *
 * @throws {UsageError} for the ledger of something else, into which the demo would bill.
 */
function openedBeside(ledger: string | undefined): Instant {
  if (ledger === undefined) return Date.now();
  const file = `${ledger}.opened`;
  if (!existsSync(file)) {
    if (existsSync(ledger)) refuse(`--state ${ledger} is not a ledger of the demo: name a new file`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.partial`, new Date().toISOString(), { flush: true });
    renameSync(`${file}.partial`, file);
  }
  return Date.parse(readFileSync(file, 'utf8'));
}

/** @throws {UsageError} for options that make no sense. */
function remoteWriteOf({ remoteWrite, label, state }: DemoOptions): HistoryConfig['remoteWrite'] | undefined {
  const labels = Object.fromEntries(seriesLabelsOf(label));
  if (remoteWrite === undefined && label) refuse('--label needs --remote-write');
  if (remoteWrite === undefined) return undefined;
  const receiver = openReceiver(receiverUrlOf(remoteWrite));
  if (state === undefined)
    refuse('--remote-write needs --state: what was sent is recorded beside the ledger');
  return { receiver, labels, secrets: [] };
}

/** Two months, however long ago the world began: a third one would take as long again to send. */
function historyFrom(opened: Instant): Instant {
  return Math.max(startOfMonth(opened, -2), startOfDay(opened) - 62 * DAY);
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

/** Runs simulated providers on loopback and the real exporter polling them. Needs no keys. */
export async function demo(options: DemoOptions, io: Io): Promise<number> {
  openTelemetryOfEnvironment(io.env); // complains before anything starts
  const remoteWrite = remoteWriteOf(options);
  const opened = openedBeside(options.state);
  const { close, metricsUrl, ...simulators } = await startDemoWorld({ opened });
  const openTelemetry = openTelemetryOfEnvironment(withReceiver(io.env, metricsUrl));
  const started = new Map(Object.entries(simulators));
  try {
    const accounts = PROVIDERS.flatMap((provider): Account[] => {
      const simulator = started.get(provider.id);
      if (!simulator) return [];
      const { url, key } = simulator;
      const account = {
        provider: withoutWaits(provider),
        name: 'demo',
        baseUrl: url,
        key: () => key,
        keySource: 'the demo',
        since: undefined,
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
      state: { path: options.state ?? ':memory:', historyMonths: HISTORY_MONTHS },
      log: overrideLog({ level: 'info' }, options),
      metrics: { newSeriesZeroMs: remoteWrite ? 2 * MINUTE : 10 * SECOND, maxSeries: 10_000 },
      ...(remoteWrite && { history: { from: historyFrom(opened), remoteWrite } }),
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
