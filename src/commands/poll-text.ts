import type { App } from '../app/app.ts';
import {
  type AmountRow,
  MAX_ROWS,
  type SeriesLabel,
  type SeriesReport,
} from '../core/reports/cost-series.ts';
import { type Fixed, formatDecimal, parseDecimal, toNumber } from '../core/values/money.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND, startOfDay, startOfMonth } from '../core/values/time.ts';
import type {
  AccountStatus,
  BudgetStatus,
  FailureStatus,
  FeedStatus,
  Status,
} from '../server/pages/status.ts';
import { unknownLines } from './costs-table.ts';
import { alignColumns, labelText, shareText, shorten, usdText } from './text-table.ts';

/** Models that are listed of each provider; the others are added up. */
const MAX_MODELS = 10;
const MAX_NAME_WIDTH = 48;

/** What a poll of every feed found: costs, budgets and balances, and what could not be read. */
export async function pollText(app: App, status: Status, now: Instant): Promise<string> {
  const balances = status.accounts.flatMap((account) => balanceCells(app, account, now));
  const sections = [
    await costLines(app, now),
    section('Budgets', alignColumns(status.budgets.map(budgetCells), ['left', 'right', 'left'])),
    section('Balances', alignColumns(balances, ['left', 'left', 'left'])),
    section(
      'Failed',
      problemLines(status, (feed) => feed.lastError),
    ),
    section(
      'Switched off',
      problemLines(status, (feed) => feed.off),
    ),
    section('Warnings', status.warnings ?? []),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

async function costLines(app: App, now: Instant): Promise<string[]> {
  const ask = (by: readonly SeriesLabel[]) => {
    const range = { start: startOfMonth(now), end: startOfDay(now) + DAY };
    return app.series({ range, step: 'day', by, match: new Map(), top: MAX_ROWS, measure: 'cost' });
  };
  const [providers, models] = [await ask(['provider']), await ask(['provider', 'model'])];
  const rows = providers.series.flatMap((row) => {
    const [provider = ''] = row.labels;
    return [cellsOf(labelText('provider', provider), row), ...modelRows(models, provider)];
  });
  const table = [
    ['Cost in US dollars', 'Month to date', 'Today'],
    ...rows,
    cellsOf('Total', providers.total),
  ];
  return [...alignColumns(table, ['left', 'right', 'right']), ...unknownLines(providers.unknown)];
}

function modelRows({ series }: SeriesReport, provider: string): string[][] {
  const models = series.filter(({ labels }) => labels[0] === provider);
  if (models.every(({ labels }) => labels[1] === '')) return [];
  const listed = models.length === MAX_MODELS + 1 ? models : models.slice(0, MAX_MODELS);
  const rest = models.slice(listed.length);
  const rows = listed.map((row) => {
    return cellsOf(`  ${shorten(labelText('model', row.labels[1] ?? ''), MAX_NAME_WIDTH)}`, row);
  });
  return rest.length > 0 ? [...rows, cellsOf(`  (${rest.length} more)`, sumOf(rest))] : rows;
}

type TotalRow = Pick<AmountRow, 'values' | 'total'>;

/** Buckets in the future are left out: the last one is today. */
function cellsOf(name: string, { values, total }: TotalRow): string[] {
  return [name, usdText(exact(total)), usdText(exact(values.at(-1)))];
}

function sumOf(rows: readonly TotalRow[]): TotalRow {
  const add = (amounts: readonly (Fixed | undefined)[]) =>
    amounts.reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0n);
  return {
    values: [add(rows.map(({ values }) => values.at(-1)))],
    total: add(rows.map(({ total }) => total)),
  };
}

function exact(amount: Fixed | undefined): string | null {
  return amount === undefined ? null : formatDecimal(amount);
}

function budgetCells({ name, period, limitUsd, spentUsd, forecastUsd }: BudgetStatus): string[] {
  const limit = parseDecimal(limitUsd);
  const spent = spentUsd === null ? undefined : parseDecimal(spentUsd);
  const used = spent === undefined ? '' : ` (${shareText(spent, limit)})`;
  const forecast = forecastUsd === null ? 'forecast unknown' : `forecast ${usdText(forecastUsd)}`;
  const over = spent !== undefined && spent > limit ? ', over the limit' : '';
  return [name, usdText(spentUsd), `of ${usdText(limitUsd)} per ${period}${used}, ${forecast}${over}`];
}

function balanceCells({ ledger }: App, { provider, name }: AccountStatus, now: Instant): string[][] {
  const id = ledger.accountId(provider, name);
  const { balances = [], runwaySeconds } = id === undefined ? {} : ledger.balance(id, now);
  const amounts = balances.map(({ labels, value }) => {
    return `${usdText(formatDecimal(value))} ${labelText('currency', labels.currency ?? '')}`;
  });
  const lasts = runwaySeconds === undefined ? '' : `lasts ${spanText(runwaySeconds)} at the current rate`;
  return amounts.length === 0 ? [] : [[titleOf(provider, name), amounts.join(', '), lasts]];
}

const SPANS = [
  ['days', DAY],
  ['hours', HOUR],
  ['minutes', MINUTE],
] as const;

/** In the largest unit that fits twice: `36 hours`. */
function spanText(seconds: Fixed): string {
  const ms = toNumber(seconds) * SECOND;
  const [unit, size] = SPANS.find(([, each]) => ms >= 2 * each) ?? SPANS[2];
  return `${Math.floor(ms / size)} ${unit}`;
}

function problemLines({ accounts }: Status, problemOf: (feed: FeedStatus) => FailureStatus | null): string[] {
  return accounts.flatMap(({ provider, name, feeds }) =>
    feeds.flatMap((feed) => {
      const problem = problemOf(feed);
      if (!problem) return [];
      const { reason, message, hint } = problem;
      return [`${titleOf(provider, name)} ${feed.name}: ${reason}: ${message}`, `  ${hint}`];
    }),
  );
}

function titleOf(provider: string, name: string): string {
  return `${provider} "${name}"`;
}
