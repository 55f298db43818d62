import type { SeriesReport } from '../../../core/reports/cost-series.ts';
import { type Fixed, formatDecimal } from '../../../core/values/money.ts';
import {
  DAY,
  type Instant,
  isoDay,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../../core/values/time.ts';
import { countOf, daysText, dayText, monthText } from '../format.ts';
import { type Html, html } from '../html.ts';
import { accountTitle } from './accounts.ts';
import { addSums, amount, changeText, type KnownSum, shareText, sumOfRow } from './amounts.ts';
import type { ExplorerData } from './explorer-data.ts';
import type { AccountOverview } from './overview.ts';

/** One figure over all accounts. */
interface Tile {
  readonly id: string;
  readonly title: string;
  readonly period: string;
  /** Where its range is drawn. */
  readonly link: string;
  readonly sum: KnownSum;
  readonly parts: readonly AccountPart[];
  readonly note: Html | null;
}

/** What one account adds to a figure. */
interface AccountPart {
  readonly account: AccountOverview;
  readonly sum: KnownSum;
}

/** The first row of the page: what everything costs, whatever the filters below. */
export function tilesSection(data: ExplorerData): Html {
  const tiles = [todayTile(data), yesterdayTile(data), monthTile(data), forecastTile(data)];
  const hasReasons = data.status.accounts.some(({ incomplete }) => incomplete.length > 0);
  return html`<section class="tiles" aria-label="All costs at a glance">
${tiles.map((tile) => renderTile(tile, hasReasons))}
</section>
`;
}

function todayTile({ now, days, accounts }: ExplorerData): Tile {
  const today = dayOf(startOfDay(now));
  const yesterday = dayOf(today.start - DAY);
  const parts = partsIn(days, accounts, today);
  const both = comparison(parts, partsIn(days, accounts, yesterday));
  const share = both && shareText(both.now, both.before);
  return {
    id: 'today',
    title: 'Today',
    period: `${dayText(now, now)}, so far`,
    link: '?range=today',
    sum: totalIn(days, today),
    parts,
    note: both && share ? html`${share} of yesterday${scopeNote(both, parts)}` : null,
  };
}

function yesterdayTile({ now, days, accounts }: ExplorerData): Tile {
  const yesterday = dayOf(startOfDay(now) - DAY);
  const before = dayOf(yesterday.start - DAY);
  const parts = partsIn(days, accounts, yesterday);
  const both = comparison(parts, partsIn(days, accounts, before));
  return {
    id: 'yesterday',
    title: 'Yesterday',
    period: dayText(yesterday.start, now),
    link: `?from=${isoDay(yesterday.start)}&to=${isoDay(yesterday.end)}`,
    sum: totalIn(days, yesterday),
    parts,
    note: changeNote(both, 'the day before', parts),
  };
}

/** Days that are over are compared with the same days of last month: today is not over. */
function monthTile({ now, days, accounts }: ExplorerData): Tile {
  const [start, today] = [startOfMonth(now), startOfDay(now)];
  const previous = startOfMonth(now, -1);
  const whole = { start, end: today };
  const same = { start: previous, end: Math.min(previous + (today - start), start) };
  const [over, before] = [whole, same].map((range) => partsIn(days, accounts, range));
  const both = today > start ? comparison(over ?? [], before ?? []) : undefined;
  const soFar = { start, end: today + DAY };
  const parts = partsIn(days, accounts, soFar);
  return {
    id: 'month_to_date',
    title: 'Month to date',
    period: daysText(soFar, now),
    link: '?range=this_month',
    sum: totalIn(days, soFar),
    parts,
    note: changeNote(both, daysText(same, now), parts),
  };
}

function forecastTile({ now, days, accounts }: ExplorerData): Tile {
  const month = { start: startOfMonth(now), end: startOfDay(now) + DAY };
  const parts = accounts.map((account): AccountPart => {
    const whole = sumIn(days, account, month).isWhole;
    const { forecast } = account;
    return {
      account,
      sum: {
        known: forecast ?? 0n,
        isWhole: forecast !== undefined && whole,
        isUnknown: forecast === undefined,
      },
    };
  });
  const last = { start: startOfMonth(now, -1), end: month.start };
  const both = comparison(parts, partsIn(days, accounts, last));
  return {
    id: 'forecast',
    title: 'Forecast',
    period: `${monthText(now)}, whole month`,
    link: '?range=this_month',
    sum: addSums(parts.map(({ sum }) => sum)),
    parts,
    note: changeNote(both, monthText(last.start), parts),
  };
}

function renderTile({ id, title, period, link, sum, parts, note }: Tile, hasReasons: boolean): Html {
  const missing = parts.filter((part) => !part.sum.isWhole);
  const whole = parts.length - missing.length;
  const exact = sum.isUnknown || parts.length === 0 ? '' : formatDecimal(sum.known);
  return html`<article class="tile" data-tile="${id}" data-usd="${exact}" data-complete="${whole}/${parts.length}">
<h2><a data-keep href="${link}">${title}</a> <span class="quiet">${period}</span></h2>
<p class="figure">${exact === '' ? html`<span class="unknown">unknown</span>` : amount('cost', sum.known)}${
    missing.length > 0 && exact !== '' ? html` <span class="partial">partial</span>` : null
  }</p>
${note && html`<p class="note">${note}</p>\n`}${missing.length > 0 ? missingNote(missing, parts, hasReasons) : null}</article>
`;
}

/** How many accounts the figure covers completely, and which are missing. */
function missingNote(
  missing: readonly AccountPart[],
  parts: readonly AccountPart[],
  hasReasons: boolean,
): Html {
  const all = parts.length;
  const accounts = parts.map(({ account }) => account);
  const [first, ...others] = missing.map(({ account }) => accountTitle(account, accounts));
  const names = others.length > 2 ? `${first} and ${others.length} more` : [first, ...others].join(', ');
  const title = missing.map(({ account }) => `${account.title} ${account.account}`).join(', ');
  return html`<p class="missing" title="${title}">${all - missing.length} of ${countOf(all, 'account')}; ${hasReasons ? html`<a href="#unknown">incomplete</a>` : 'incomplete'}: ${names}</p>
`;
}

/** Two sums of the accounts that are known in both. */
interface Comparison {
  readonly now: Fixed;
  readonly before: Fixed;
  readonly accounts: number;
}

/** Compares two lists of the same accounts. */
function comparison(now: readonly AccountPart[], before: readonly AccountPart[]): Comparison | undefined {
  const pairs = now.flatMap(({ sum }, index) => {
    const other = before[index]?.sum;
    return sum.isWhole && other?.isWhole ? [{ now: sum.known, before: other.known }] : [];
  });
  if (pairs.length === 0) return undefined;
  return {
    now: pairs.reduce((total, pair) => total + pair.now, 0n),
    before: pairs.reduce((total, pair) => total + pair.before, 0n),
    accounts: pairs.length,
  };
}

function changeNote(
  both: Comparison | undefined,
  period: string,
  parts: readonly AccountPart[],
): Html | null {
  if (!both) return null;
  const percent = changeText(both.now, both.before);
  const difference = both.now - both.before;
  const direction = difference > 0n ? 'up' : difference < 0n ? 'down' : 'same';
  return html`<span class="change ${direction}">${percent ?? 'New'}</span> <span class="nowrap">(${difference > 0n ? '+' : ''}${amount('cost', difference)})</span> against ${period}${scopeNote(both, parts)}`;
}

/** A comparison covers only accounts that are known on both sides, which may be fewer than the figure covers. */
function scopeNote(both: Comparison, parts: readonly AccountPart[]): Html | null {
  const known = parts.filter(({ sum }) => sum.isWhole).length;
  if (both.accounts === known) return null;
  return html` <span class="nowrap">(compares ${both.accounts} of ${parts.length} accounts)</span>`;
}

function partsIn(days: SeriesReport, accounts: readonly AccountOverview[], range: Range): AccountPart[] {
  return accounts.map((account) => ({ account, sum: sumIn(days, account, range) }));
}

function totalIn(days: SeriesReport, range: Range): KnownSum {
  return sumOfRow(days.total, (bucket) => isWithin(days.buckets[bucket] ?? 0, range));
}

/** What is known of an account in whole days. Without a row it cost nothing where the total is known. */
function sumIn(days: SeriesReport, { provider, account }: AccountOverview, range: Range): KnownSum {
  const row = days.series.find(({ labels }) => labels[0] === provider && labels[1] === account);
  if (row) return sumOfRow(row, (bucket) => isWithin(days.buckets[bucket] ?? 0, range));
  const { isWhole } = totalIn(days, range);
  return { known: 0n, isWhole, isUnknown: !isWhole };
}

function isWithin(at: Instant, { start, end }: Range): boolean {
  return at >= start && at < end;
}

function dayOf(start: Instant): Range {
  return { start, end: start + DAY };
}
