import { sharedKeyWarnings, titleOf } from '../app/duplicate-billing.ts';
import { summaryOfWeb } from '../app/web-config.ts';
import type { Account, Config } from '../config/config.ts';
import type { OpenTelemetry } from '../config/otel/open-telemetry.ts';
import { isoDay, SECOND } from '../core/values/time.ts';
import type { FailureReason } from '../providers/api/errors.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { Receiver } from '../push/receiver.ts';
import { loadWebConfig } from '../server/web/read.ts';
import { type CheckOptions, EXIT, type Io } from './io.ts';
import { loadAndRedact } from './load-config.ts';

/** The test of an account's credential; `isTried` is false if nothing is due to be requested yet. */
export type ProbeResult =
  | { readonly ok: true; readonly isTried: boolean }
  | { readonly ok: false; readonly reason: FailureReason; readonly message: string };

/** What `check` uses, injected so that it can be tested without a network. */
export interface CheckTools {
  readonly registry: readonly Provider<unknown>[];
  probe(account: Account, signal: AbortSignal): Promise<ProbeResult>;
}

/**
 * Validates the configuration, prints a summary, and tests each credential once.
 *
 * @throws {ConfigError} if the configuration cannot be used.
 */
export async function check(options: CheckOptions, io: Io, tools: CheckTools): Promise<number> {
  const config = loadAndRedact(options.config, io, tools.registry);
  io.stdout.write(`${summaryOf(config, options.config)}\n`);
  if (options.offline) return EXIT.good;
  const results = await Promise.all(
    config.accounts.map(async (account) => ({ account, probed: await tools.probe(account, io.signal) })),
  );
  for (const { account, probed } of results) io.stdout.write(`${verdictOf(account, probed)}\n`);
  return results.every(({ probed }) => probed.ok) ? EXIT.good : EXIT.failed;
}

function verdictOf(account: Account, probed: ProbeResult): string {
  const name = titleOf(account);
  if (!probed.ok) return `${name}: ${probed.reason}: ${probed.message}`;
  return `${name}: ${probed.isTried ? 'credential works' : 'not tested: nothing is due yet'}`;
}

function summaryOf({ accounts, server, state, openTelemetry }: Config, file: string | undefined): string {
  const count = accounts.length === 1 ? '1 account' : `${accounts.length} accounts`;
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  return [
    `${file ?? 'environment'}: valid, ${count}`,
    `listens on ${host}:${server.port}, ledger in ${state.path}`,
    ...webLines(server.webConfig),
    ...accounts.flatMap((account) => ['', ...linesOf(account)]),
    ...warningLines(accounts),
    ...openTelemetryLines(openTelemetry),
    '',
  ].join('\n');
}

function webLines(file: string | undefined): string[] {
  return file === undefined ? [] : [`web configuration ${file}: ${summaryOfWeb(loadWebConfig(file))}`];
}

function linesOf(account: Account): string[] {
  const { baseUrl, keySource, since, schedule } = account;
  const width = Math.max(...Object.keys(schedule).map((feed) => feed.length));
  return [
    titleOf(account),
    `  base URL ${baseUrl}`,
    `  key from ${keySource}`,
    `  reads since ${since === undefined ? 'the start of last month' : isoDay(since)}`,
    ...Object.entries(schedule).map(([feed, line]) => `  feed ${feed.padEnd(width)}  ${line}`),
  ];
}

function warningLines(accounts: readonly Account[]): string[] {
  const lines = sharedKeyWarnings(accounts).map((warning) => `warning: ${warning}`);
  return lines.length > 0 ? ['', ...lines] : [];
}

function openTelemetryLines({ prometheus, receivers, traces, warnings }: OpenTelemetry): string[] {
  const lines = [
    ...(prometheus ? ['  serves /otel/metrics'] : []),
    ...receivers.map(
      (receiver) =>
        `  pushes metrics to "${receiver.name}" every ${receiver.intervalMs / SECOND} s: ${destinationOf(receiver)}`,
    ),
    ...(traces ? [`  sends its own traces: ${destinationOf(traces.receiver)}`] : []),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ];
  return lines.length > 0 ? ['', 'OpenTelemetry', ...lines] : [];
}

/** Without the query, which may contain a key. */
function destinationOf({ protocol, url }: Receiver): string {
  return `${protocol} to ${url.replace(/\?.*/s, '')}`;
}
