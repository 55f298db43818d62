import { sharedKeyWarnings } from '../app/same-bill.ts';
import { summaryOfWeb } from '../app/web-config.ts';
import type { Account, Config } from '../config/config.ts';
import type { OpenTelemetry, ReceiverConfig } from '../config/otel/config.ts';
import { isoDay, SECOND } from '../core/values/time.ts';
import type { FailureReason } from '../providers/api/errors.ts';
import type { Provider } from '../providers/api/provider.ts';
import { loadWebConfig } from '../server/web/read.ts';
import { configured } from './configured.ts';
import { EXIT, type Io } from './io.ts';
import type { CheckOptions } from './options.ts';

/** What came of asking a provider once with an account's credential; `isTried` is false where nothing is due to be asked yet. */
export type Probed =
  | { readonly ok: true; readonly isTried: boolean }
  | { readonly ok: false; readonly reason: FailureReason; readonly message: string };

/** What `check` works with, handed in so that it can be tested without a network. */
export interface CheckTools {
  readonly registry: readonly Provider<unknown>[];
  probe(account: Account, signal: AbortSignal): Promise<Probed>;
}

/**
 * Validates the configuration, prints what it comes to, and tries each credential once.
 *
 * @throws {ConfigError} when the configuration cannot be used.
 */
export async function check(options: CheckOptions, io: Io, tools: CheckTools): Promise<number> {
  const config = configured(options.config, io, tools.registry);
  io.stdout.write(`${summaryOf(config, options.config)}\n`);
  if (options.offline) return EXIT.good;
  const results = await Promise.all(
    config.accounts.map(async (account) => ({ account, probed: await tools.probe(account, io.signal) })),
  );
  for (const { account, probed } of results) io.stdout.write(`${verdictOf(account, probed)}\n`);
  return results.every(({ probed }) => probed.ok) ? EXIT.good : EXIT.failed;
}

function verdictOf(account: Account, probed: Probed): string {
  const name = titleOf(account);
  if (!probed.ok) return `${name}: ${probed.reason}: ${probed.message}`;
  return `${name}: ${probed.isTried ? 'the credential works' : 'not tried: nothing is due yet'}`;
}

function summaryOf({ accounts, server, state, openTelemetry }: Config, file: string | undefined): string {
  const count = accounts.length === 1 ? '1 account' : `${accounts.length} accounts`;
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  return [
    `${file ?? 'environment'}: good, ${count}`,
    `listens on ${host}:${server.port}, keeps its ledger in ${state.path}`,
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
    `  asks ${baseUrl}`,
    `  key from ${keySource}`,
    `  reads from ${since === undefined ? 'the start of last month' : isoDay(since)} on`,
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

/** Without the query, which may hold a key. */
function destinationOf({ protocol, url }: ReceiverConfig): string {
  return `${protocol} to ${url.replace(/\?.*/s, '')}`;
}

function titleOf({ provider, name }: Account): string {
  return `${provider.id} "${name}"`;
}
