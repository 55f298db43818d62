import { sharedKeyWarnings, titleOf } from '../app/duplicate-billing.ts';
import { summaryOfWeb } from '../app/web-config.ts';
import type { Account, Config } from '../config/config.ts';
import { LITERAL_KEY } from '../config/credentials.ts';
import type { OpenTelemetry } from '../config/otel/open-telemetry.ts';
import type { Budget } from '../core/reports/budget.ts';
import { matchText } from '../core/reports/budget-matches.ts';
import { isoDay, SECOND } from '../core/values/time.ts';
import type { Receiver } from '../push/receiver.ts';
import { dollarsText } from '../server/pages/format.ts';
import { loadWebConfig } from '../server/web/read.ts';
import { addressOf } from './listen-problem.ts';
import { alignColumns } from './text-table.ts';

/** What a configuration amounts to, without secrets. `file` is undefined if it comes from the environment. */
export function summaryOf(config: Config, file: string | undefined): string {
  const { accounts, server, state } = config;
  const count = accounts.length === 1 ? '1 account' : `${accounts.length} accounts`;
  return [
    `${file ?? 'environment'}: valid, ${count}`,
    `listens on ${addressOf(server)}, ledger in ${state.path}`,
    ...webLines(server.webConfig),
    ...section('Accounts', alignColumns(accounts.map(accountCells), ['left', 'left', 'left', 'left'])),
    ...section('Budgets', alignColumns(config.budgets.map(budgetCells), ['left', 'left', 'left'])),
    ...section('OpenTelemetry', openTelemetryLines(config.openTelemetry)),
    ...warningLines(accounts),
    '',
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? ['', title, ...lines.map((line) => `  ${line}`)] : [];
}

function webLines(file: string | undefined): string[] {
  return file === undefined ? [] : [`web configuration ${file}: ${summaryOfWeb(loadWebConfig(file))}`];
}

function accountCells(account: Account): string[] {
  const { baseUrl, keySource, since } = account;
  const start = since === undefined ? 'the start of last month' : isoDay(since);
  return [titleOf(account), baseUrl, `key from ${keySource}`, `since ${start}`];
}

function budgetCells({ name, limit, period, match }: Budget): string[] {
  return [`"${name}"`, `${dollarsText(limit)} per ${period}`, matchText(match) || 'all spend'];
}

function warningLines(accounts: readonly Account[]): string[] {
  const literal = accounts
    .filter(({ keySource }) => keySource === LITERAL_KEY)
    .map(
      (account) =>
        `${titleOf(account)}: its key can be read in ${LITERAL_KEY}; move it to an environment variable (apiKey: \${NAME}) or a file (apiKeyFile)`,
    );
  const lines = [...literal, ...sharedKeyWarnings(accounts)].map((warning) => `warning: ${warning}`);
  return lines.length > 0 ? ['', ...lines] : [];
}

function openTelemetryLines({ prometheus, receivers, traces, warnings }: OpenTelemetry): string[] {
  return [
    ...(prometheus ? ['serves /otel/metrics'] : []),
    ...receivers.map(
      (receiver) =>
        `pushes metrics to "${receiver.name}" every ${receiver.intervalMs / SECOND} s: ${destinationOf(receiver)}`,
    ),
    ...(traces ? [`sends its own traces: ${destinationOf(traces.receiver)}`] : []),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}

/** Without the query, which may contain a key. */
function destinationOf({ protocol, url }: Receiver): string {
  return `${protocol} to ${url.replace(/\?.*/s, '')}`;
}
