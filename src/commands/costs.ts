import { type Window, windowAt } from '../core/reports/windows.ts';
import { DAY, isoDay, startOfDay } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import { ledgerSource } from './costs-ledger.ts';
import { costsTable, SeriesAnswer } from './costs-table.ts';
import { urlSource } from './costs-url.ts';
import { type CostsOptions, EXIT, type Io } from './io.ts';
import { loadAndRedact } from './load-config.ts';
import { DEFAULT_WIDTH } from './text-table.ts';

/**
 * Prints what was spent, from the ledger of a configuration or from a running exporter.
 *
 * @throws {ConfigError} if the configuration or the options cannot be used.
 * @throws {StoreError} if the ledger cannot be read.
 */
export async function costs(
  options: CostsOptions,
  io: Io,
  registry: readonly Provider<unknown>[],
): Promise<number> {
  const { format } = options;
  const query = queryOf(options, Date.now());
  const source =
    options.url === undefined
      ? ledgerSource(loadAndRedact(options.config, io, registry), Date.now)
      : urlSource(options, io);
  const result = await source(query, format === 'csv' ? 'csv' : 'json');
  if (result.kind !== 'answered') {
    io.stderr.write(`${io.redactor.redact(result.message)}\n`);
    return result.kind === 'misused' ? EXIT.misused : EXIT.failed;
  }
  return format === 'table' ? printTable(result.text, options, io) : print(result.text, io);
}

function print(text: string, io: Io): number {
  io.stdout.write(text);
  return EXIT.good;
}

function printTable(text: string, { step }: CostsOptions, io: Io): number {
  const answer = parseAnswer(text);
  if (!answer) {
    io.stderr.write('the answer is not that of an exporter: check --url\n');
    return EXIT.failed;
  }
  const width = io.stdout.columns ?? (Number(io.env.COLUMNS) || DEFAULT_WIDTH);
  return print(costsTable(answer, { isByBucket: step !== undefined, width }), io);
}

function parseAnswer(text: string): SeriesAnswer | undefined {
  try {
    return SeriesAnswer.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function queryOf(options: CostsOptions, now: number): URLSearchParams {
  const { from, to, by, step, top, format, match = [] } = options;
  const hasDates = from !== undefined || to !== undefined;
  const window = options.window ?? (hasDates ? undefined : 'month_to_date');
  const range = window === undefined ? { from, to } : datesOf(window, step, now);
  const query = new URLSearchParams();
  // Days of old months are not kept, and the table does not show them.
  const isByMonth = step === undefined && format === 'table' && isMonth(range.from) && isMonth(range.to);
  const asked = { ...range, step: isByMonth ? 'month' : step, by: by || undefined, top };
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, value);
  for (const each of match) {
    const [label = '', pattern = ''] = each.split(/=(.*)/s, 2);
    query.append(`match[${label}]`, pattern);
  }
  return query;
}

function isMonth(date: string | undefined): boolean {
  return date?.endsWith('-01') ?? false;
}

/** The dates of a window; the month to date ends today, unless whole months are asked for. */
function datesOf(window: Window, step: CostsOptions['step'], now: number) {
  const { start, end } = windowAt(window, now);
  const tomorrow = startOfDay(now) + DAY;
  return { from: isoDay(start), to: isoDay(step === 'month' ? end : Math.min(end, tomorrow)) };
}
