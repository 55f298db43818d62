import type { AmountRow, SeriesReport, Step } from '../../core/reports/cost-series.ts';
import { formatDecimal } from '../../core/values/money.ts';
import { DAY, type Instant } from '../../core/values/time.ts';

/** The JSON text of an answer in pieces: there may be 30 MB of it. */
export function* seriesJson(report: SeriesReport): Generator<string> {
  const { step, by, buckets } = report;
  const [from, to] = [report.range.start, report.range.end].map((at) => dateText(at));
  const names = buckets.map((at) => bucketText(step, at));
  yield `${JSON.stringify({ step, from, to, by, buckets: names }).slice(0, -1)},"series":[`;
  for (const [index, row] of report.series.entries()) {
    const labels = Object.fromEntries(by.map((label, place) => [label, row.labels[place] ?? '']));
    const { values, total } = amountsOf(row);
    yield `${index === 0 ? '' : ','}${JSON.stringify({ labels, values, total })}`;
  }
  const other = report.other ? amountsOf(report.other) : null;
  const { unknown } = report;
  const rest = { other, total: amountsOf(report.total), ...(unknown.length > 0 && { unknown }) };
  yield `],${JSON.stringify({ ...rest, ...limitsOf(report) }).slice(1)}\n`;
}

function limitsOf({ limits }: SeriesReport): object {
  if (limits.length === 0) return {};
  return {
    limits: limits.map(({ provider, account, finestStep, start, end }) => {
      return { provider, account, finestStep, from: dateText(start), to: dateText(end) };
    }),
  };
}

function amountsOf({ values, total }: AmountRow) {
  return { values: values.map(textOf), total: textOf(total) };
}

function textOf(amount: bigint | undefined): string | null {
  return amount === undefined ? null : formatDecimal(amount);
}

const BUCKET_LENGTHS: Readonly<Record<Step, number>> = { hour: 19, day: 10, month: 7 };

/** `2026-11-01T13:00:00Z`, `2026-11-01` or `2026-11`. */
export function bucketText(step: Step, at: Instant): string {
  return `${new Date(at).toISOString().slice(0, BUCKET_LENGTHS[step])}${step === 'hour' ? 'Z' : ''}`;
}

/** A day where it is midnight, otherwise the hour. */
function dateText(at: Instant): string {
  return bucketText(at % DAY === 0 ? 'day' : 'hour', at);
}

/** A spreadsheet takes what begins so for a formula. https://owasp.org/www-community/attacks/CSV_Injection */
const FORMULA = /^[=+\-@\t\r\n]/;

/** The first label of the rows that are not listed. */
const OTHER = '(other)';

/** One line per series and bucket, in pieces, those of the others included: the values add up to the total. RFC 4180. */
export function* seriesCsv({ step, by, buckets, series, other }: SeriesReport): Generator<string> {
  yield lineOf(['bucket', ...by, 'value']);
  const names = buckets.map((at) => bucketText(step, at));
  const others =
    other && by.length > 0 ? [{ ...other, labels: by.map((_, place) => (place === 0 ? OTHER : '')) }] : [];
  for (const { labels, values } of [...series, ...others]) {
    const texts = labels.map((label) => cellOf(FORMULA.test(label) ? `'${label}` : label));
    yield names.map((name, place) => lineOf([name, ...texts, textOf(values[place]) ?? ''])).join('');
  }
}

function cellOf(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function lineOf(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`;
}
