import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { area } from 'd3-shape';
import {
  type LabelledRow,
  MAX_ROWS,
  type SeriesReport,
  type Step,
  type UnknownAccount,
} from '../../../core/reports/cost-series.ts';
import { type Fixed, toNumber } from '../../../core/values/money.ts';
import { countOf, daysText } from '../format.ts';
import { type Html, html, trusted } from '../html.ts';
import {
  amount,
  changeText,
  exactKnown,
  type KnownSum,
  knownAmount,
  partialMark,
  shareText,
} from './amounts.ts';
import { hidden } from './controls.ts';
import { type ExplorerData, LABEL_NAMES, rowName, type Spender, titlesOf } from './explorer-data.ts';
import { csvLink, type SortKey } from './explorer-state.ts';
import { linkTo, linkToValue } from './links.ts';

/** Rows that are listed; a search looks through all. */
const MAX_LISTED = 50;

/** A row of the table. */
interface ListedSpender extends Spender {
  readonly name: string;
  /** The id behind a name that is not unique. */
  readonly id: string;
  /** Undefined where either side is not known completely. */
  readonly before: Fixed | undefined;
}

/** The largest groups of the range, with their share, change and course. */
export function spendersSection(data: ExplorerData): Html {
  const { state, report, now, whole } = data;
  const all = spendersOf(data);
  const found = all.filter(({ name, id }) => `${name}\n${id}`.toLowerCase().includes(state.search));
  const sorted = found.toSorted(comparatorOf(state.sort));
  const rows = sorted.slice(0, MAX_LISTED).map((spender) => spenderRow(data, spender, whole.known));
  return html`<section class="spenders" id="spenders">
<header><h2>Top ${report.by.length > 0 ? plural(LABEL_NAMES[report.by[0] ?? 'provider']) : 'costs'} <span class="quiet">${daysText(report.range, now)}</span></h2>
${searchForm(data)}
<a class="button" data-csv href="${csvLink(state, report.by, now)}" download="costs.csv">Download CSV</a></header>
<div class="scroll" tabindex="0" role="region" aria-label="Top spenders">
<table class="data">
<thead><tr>${heading(data, 'name', report.by.length > 0 ? report.by.map((label) => LABEL_NAMES[label]).join(', ') : 'Group')}${heading(data, 'total', 'Total')}<th scope="col" class="share">Share</th>${heading(data, 'change', 'Change', comparedText(data))}<th scope="col" class="course">Trend</th></tr></thead>
<tbody>
${rows.length > 0 ? rows : html`<tr><td colspan="5" class="empty">Nothing ${state.search ? 'matches the search' : 'was billed in this range'}.</td></tr>`}</tbody>
<tfoot><tr><th scope="row">All ${all.length > 1 ? countOf(all.length, 'row') : ''}</th><td class="number" data-total="${exactKnown(whole)}"${partialMark(whole)}>${knownAmount(report.measure, whole)}</td><td class="share"></td><td class="number">${change(data, data.over, data.before?.total.total)}</td><td class="course"></td></tr></tfoot>
</table>
</div>
${data.before ? null : html`<p class="rest quiet">Change: ${comparedText(data)}.</p>\n`}${restNote(found.length, report)}</section>
`;
}

function spendersOf(data: ExplorerData): ListedSpender[] {
  const { report, accounts } = data;
  const titles = titlesOf(accounts);
  const before = new Map(data.before?.series.map((row) => [row.labels.join('\0'), row]));
  return data.spenders.map((spender) => {
    const { row } = spender;
    const name = rowName(report.by, row.labels, titles);
    const id = row.labels[0] ?? '';
    return {
      ...spender,
      name,
      id: report.by[0] === 'resource' && name !== id ? id : '',
      before: beforeOf(data, before.get(row.labels.join('\0')), row.labels),
    };
  });
}

/** What a row cost before. A row that is missing cost 0 if every account it may belong to is known. */
function beforeOf(
  { before }: ExplorerData,
  row: LabelledRow | undefined,
  labels: readonly string[],
): Fixed | undefined {
  if (row || !before) return row?.total;
  const { by, top = MAX_ROWS, series, unknown } = before;
  const isOf = (account: UnknownAccount) =>
    by.every(
      (label, index) => (label !== 'provider' && label !== 'account') || account[label] === labels[index],
    );
  return series.length < top && !unknown.some(isOf) ? 0n : undefined;
}

function comparatorOf({ key, isDescending }: { readonly key: SortKey; readonly isDescending: boolean }) {
  const sign = isDescending ? -1 : 1;
  return (a: ListedSpender, b: ListedSpender): number => {
    if (key === 'name') return sign * (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
    const [left, right] = [sortValue(a, key), sortValue(b, key)];
    return sign * (left < right ? -1 : left > right ? 1 : 0);
  };
}

/** Rows without a known change sort as if they had not changed. */
function sortValue({ sum, over, before }: ListedSpender, key: SortKey): Fixed {
  if (key === 'total') return sum.known;
  return over.isWhole && before !== undefined ? over.known - before : 0n;
}

function spenderRow(data: ExplorerData, spender: ListedSpender, whole: Fixed): Html {
  const { report, state } = data;
  const { row, name, id, sum, over, before } = spender;
  const label = report.by[0];
  const text = label
    ? html`<a data-keep href="${linkToValue(state.parameters, label, row.labels[0] ?? '')}">${name}</a>`
    : html`${name}`;
  const share = sum.isUnknown ? '' : shareText(sum.known, whole);
  const width = share === '' ? 0 : Math.max(0, Math.min(100, Number.parseFloat(share.replaceAll(',', ''))));
  return html`<tr data-row="${row.labels.join(',')}" data-total="${exactKnown(sum)}"${partialMark(sum)}><th scope="row">${text}${id ? html`<br><span class="quiet id">${id}</span>` : null}</th><td class="number">${knownAmount(report.measure, sum)}</td><td class="share"><svg width="72" height="8" aria-hidden="true"><rect class="track" width="72" height="8" rx="2"/><rect class="c1" width="${(width * 0.72).toFixed(1)}" height="8" rx="2"/></svg> ${share}</td><td class="number">${change(data, over, before)}</td><td class="course">${sparkline(row)}</td></tr>
`;
}

function change(
  { report: { measure, step }, state: { compared }, now }: ExplorerData,
  over: KnownSum,
  before: Fixed | undefined,
): Html {
  if (!compared || !over.isWhole || before === undefined) {
    const missing = compared && daysText(over.isWhole ? compared.before : compared.over, now);
    const title = missing ? `${missing} is not known completely` : notOver(step);
    return html`<span class="quiet" title="${title}">\u2013</span>`;
  }
  const difference = over.known - before;
  if (difference === 0n) return html`<span class="quiet">same</span>`;
  const text = before === 0n ? 'new' : over.known === 0n ? 'gone' : (changeText(over.known, before) ?? null);
  return html`<span class="change ${difference > 0n ? 'up' : 'down'}">${text}</span> <span class="quiet nowrap difference">${difference > 0n ? '+' : ''}${amount(measure, difference)}</span>`;
}

function notOver(step: Step): string {
  return `unknown until a ${step === 'month' ? 'month' : 'day'} of this range is over`;
}

function comparedText({ state: { compared }, report, now }: ExplorerData): string {
  return compared
    ? `${daysText(compared.over, now)} against ${daysText(compared.before, now)}`
    : notOver(report.step);
}

const WIDTH = 120;
const HEIGHT = 24;

/** The course of a row; a hole where it is unknown. */
function sparkline({ values }: LabelledRow): Html {
  const numbers = values.map((value) => (value === undefined ? undefined : toNumber(value)));
  const [low = 0, high = 0] = extent([0, ...numbers.flatMap((value) => value ?? [])]);
  const y = scaleLinear([low, high === low ? low + 1 : high], [HEIGHT - 1, 1]);
  const step = WIDTH / Math.max(1, values.length - 1);
  const line = area<number | undefined>()
    .defined((value) => value !== undefined)
    .x((_, index) => tenth(index * step))
    .y0(tenth(y(0)))
    .y1((value) => tenth(y(value ?? 0)));
  return html`<svg class="spark" width="${WIDTH}" height="${HEIGHT}" aria-hidden="true"><path d="${trusted(line(numbers) ?? '')}"/></svg>`;
}

/** A tenth of a pixel is more than a screen shows. */
function tenth(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

/** A heading that sorts by its column; a second click turns the order round. */
function heading({ state }: ExplorerData, key: SortKey, name: string, hint?: string): Html {
  const { parameters, sort } = state;
  const isCurrent = sort.key === key;
  const isDescending = isCurrent ? !sort.isDescending : key !== 'name';
  const order = sort.isDescending ? 'descending' : 'ascending';
  return html`<th scope="col"${key === 'name' ? null : html` class="number"`}${isCurrent ? html` aria-sort="${order}"` : null}${hint ? html` title="${hint}"` : null}><a data-keep href="${linkTo(parameters, { sort: `${isDescending ? '-' : ''}${key}` })}">${name}</a></th>`;
}

function searchForm({ state }: ExplorerData): Html {
  const { parameters, search } = state;
  return html`<form method="get" role="search" class="search">${hidden(parameters, ['q'])}<input id="search" type="search" name="q" value="${parameters.get('q') ?? ''}" placeholder="Search" aria-label="Search the table" autocomplete="off"><button class="without-script">Search</button>${search ? html` <a data-keep href="${linkTo(parameters, { q: null })}">Clear</a>` : null}</form>`;
}

function restNote(found: number, { top = MAX_ROWS, series }: SeriesReport): Html | null {
  const hidden = found - MAX_LISTED;
  const beyond = series.length >= top ? ` Rows beyond the ${series.length} largest are only in the sum.` : '';
  if (hidden <= 0 && beyond === '') return null;
  const more = hidden > 0 ? `${countOf(hidden, 'more row')}: search for them, or download all.` : '';
  return html`<p class="rest quiet">${more}${beyond}</p>
`;
}

function plural(label: string): string {
  return { Name: 'names', Currency: 'currencies' }[label] ?? `${label.toLowerCase()}s`;
}
