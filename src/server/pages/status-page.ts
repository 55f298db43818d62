import type { UnknownReason } from '../../core/reports/cost-query.ts';
import type { Window } from '../../core/reports/windows.ts';
import type { Instant } from '../../core/values/time.ts';
import { STYLE } from '../http/style.ts';
import { budgetsSection } from './budgets-table.ts';
import { distanceText, dollarsText, moment, utc } from './format.ts';
import { type Html, type HtmlPart, html, renderHtml, trusted } from './html.ts';
import type {
  AccountStatus,
  DecimalText,
  FailureStatus,
  FeedStatus,
  RangeFailureStatus,
  Status,
} from './status.ts';

/** The status page: every account with its costs and the state of its feeds. */
export function statusPage(status: Status, now: Instant): string {
  const accounts = status.accounts.map((account) => accountSection(account, now));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ai-billing-exporter</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1>ai-billing-exporter <span class="quiet">${status.version}</span></h1>
<nav>
<a href="metrics">Metrics</a>
<a href="api/v1/status">Status as JSON</a>
<a href="api/v1/costs?window=month_to_date&amp;by=provider,account">Costs as JSON</a>
<a href="-/healthy">Health</a>
<a href="-/ready">Readiness</a>
</nav>
</header>
<main>
<p class="summary">${summaryOf(status)}Up since ${utc(status.startedAt)}. Shown as of ${utc(new Date(now).toISOString())}.</p>
${(status.warnings ?? []).map((warning) => html`<p class="bad"><strong>Warning:</strong> ${warning}.</p>\n`)}
${budgetsSection(status.budgets, now)}
${accounts.length > 0 ? accounts : html`<section class="account"><p class="empty">No account is configured.</p></section>`}
</main>
</body>
</html>
`;
  return renderHtml(page);
}

function summaryOf({ accounts }: Status): string {
  const feeds = accounts.flatMap((account) => account.feeds);
  const states = (['ok', 'failing', 'off', 'not tried'] as const)
    .map((state) => ({ state, count: feeds.filter((feed) => stateOf(feed) === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`);
  return states.length > 0 ? `Feeds: ${states.join(', ')}. ` : '';
}

function accountSection(account: AccountStatus, now: Instant): Html {
  return html`<section class="account">
<header>
<h2>${account.name} <span class="quiet">${account.provider}</span></h2>
<dl>
<div><dt>Today</dt>${dollars(account.todayUsd)}</div>
<div><dt>Month to date</dt>${dollars(account.monthToDateUsd)}</div>
</dl>
</header>
${incompleteOf(account)}
<table>
<thead><tr><th>Feed</th><th>State</th><th>Last success, UTC</th><th>Data through, UTC</th><th>Next poll, UTC</th></tr></thead>
<tbody>
${account.feeds.map((feed) => feedRows(feed, now))}
</tbody>
</table>
</section>
`;
}

const WINDOW_NAMES: Record<Window, string> = {
  today: 'today',
  yesterday: 'yesterday',
  month_to_date: 'month to date',
  last_month: 'last month',
};

const UNKNOWN_TEXTS: Record<UnknownReason, string> = {
  before_since: 'begins before the first day that is read',
  nothing_read: 'nothing read yet',
  not_read_whole: 'partly read',
};

/** Lists windows that are partial or unknown, so that a part is not mistaken for the whole. */
function incompleteOf({ incomplete = [] }: AccountStatus): Html | null {
  if (incomplete.length === 0) return null;
  const texts = incomplete.map(({ window, reason }) => `${WINDOW_NAMES[window]} (${UNKNOWN_TEXTS[reason]})`);
  return html`<p class="incomplete">Incomplete: ${texts.join(', ')}.</p>`;
}

function dollars(exact: DecimalText | null): Html {
  if (exact === null)
    return html`<dd class="quiet" title="The whole window has not been read yet">not known yet</dd>`;
  return html`<dd title="$${exact}">${dollarsText(exact)}</dd>`;
}

const STATE_CLASSES = { ok: 'ok', failing: 'failing', off: 'untried', 'not tried': 'untried' } as const;
type State = keyof typeof STATE_CLASSES;

function stateOf({ up, off }: FeedStatus): State {
  if (off) return 'off';
  if (up === null) return 'not tried';
  return up ? 'ok' : 'failing';
}

function feedRows(feed: FeedStatus, now: Instant): Html {
  const state = stateOf(feed);
  return html`<tr>
<td>${feed.name}</td>
<td data-label="State"><span class="state ${STATE_CLASSES[state]}">${state}</span></td>
<td data-label="Last success, UTC"><div>${moment(feed.lastSuccess, now)}</div></td>
<td data-label="Data through, UTC"><div>${moment(feed.dataThrough, now)}${historyOf(feed)}</div></td>
<td data-label="Next poll, UTC"><div>${nextOf(feed, now)}</div></td>
</tr>
${feed.lastError && detailRow(failureOf(feed.lastError, now), 'bad')}${feed.off && detailRow(offOf(feed.off, now))}${
  feed.notes.length > 0 ? detailRow(notesOf(feed)) : null
}`;
}

function historyOf({ history }: FeedStatus): Html | null {
  if (!history || history.remaining === 0) return null;
  return html`<br><span class="quiet">older ranges to read: ${history.remaining}</span>`;
}

function nextOf({ nextRun, notBefore }: FeedStatus, now: Instant): Html {
  const isDelayed = notBefore !== null && Date.parse(notBefore) > now;
  if (!isDelayed) return moment(nextRun, now);
  return html`${moment(notBefore, now)}<br><span class="quiet">delayed at the request of the provider</span>`;
}

function failureOf({ reason, message, hint, at, ranges = [] }: FailureStatus, now: Instant): Html {
  return html`<strong class="failing">${reason}</strong> ${message}<br><span class="quiet">${hint} Seen ${utc(at)}, ${distanceText(Date.parse(at), now)}.</span>${ranges.length > 1 ? ranges.map(rangeOf) : null}`;
}

function rangeOf({ start, end, reason, message }: RangeFailureStatus): Html {
  return html`<br><span class="quiet">${utc(start)} to ${utc(end)}:</span> <strong>${reason}</strong> ${message}`;
}

function offOf({ message, hint, at }: FailureStatus, now: Instant): Html {
  return html`<strong>Switched off:</strong> the account does not have this feed, or its key may not read it. ${message}<br><span class="quiet">${hint} Last asked ${utc(at)}, ${distanceText(Date.parse(at), now)}.</span>`;
}

function notesOf({ notes }: FeedStatus): Html[] {
  return notes.map(
    ({ topic, text }, index) => html`${index > 0 ? html`<br>` : null}<strong>${topic}:</strong> ${text}`,
  );
}

function detailRow(content: HtmlPart, kind = 'plain'): Html {
  return html`<tr><td class="more" colspan="5"><p class="${kind}">${content}</p></td></tr>
`;
}
