import type { Instant } from '../../../core/values/time.ts';
import { countOf, distanceText, time } from '../format.ts';
import { type Html, type HtmlPart, html } from '../html.ts';
import type { FailureStatus, FeedStatus, RangeFailureStatus, Status, Timestamp } from '../status.ts';
import { accountTitle, overviewNamed } from './accounts.ts';
import type { AccountOverview } from './overview.ts';

/** A feed and whose it is. */
interface NamedFeed {
  readonly account: string;
  readonly feed: FeedStatus;
}

type FeedHealth = 'ok' | 'failing' | 'off' | 'not tried';

/** One line while all feeds are well; failing ones are shown open. */
export function feedsSection(
  { accounts: states }: Status,
  accounts: readonly AccountOverview[],
  now: Instant,
): Html {
  const feeds = states.flatMap(({ provider, name, feeds: each }) => {
    const account = accountTitle(overviewNamed(accounts, provider, name), accounts);
    return each.map((feed): NamedFeed => ({ account, feed }));
  });
  const failing = feeds.filter(({ feed }) => healthOf(feed) === 'failing');
  const others = feeds.filter(({ feed }) => healthOf(feed) !== 'failing');
  return html`<section class="card feeds" id="feeds">
<h2>Feeds</h2>
${feeds.length === 0 ? html`<p class="empty">No account is configured.</p>` : null}${
  failing.length > 0
    ? html`<details id="failing-feeds" open><summary><span class="state failing">${countOf(failing.length, 'feed')} failing</span></summary>
${feedTable('Failing feeds', failing, now)}</details>
`
    : null
}${
  others.length > 0
    ? html`<details id="other-feeds"><summary>${summaryOf(others, now)}</summary>
${feedTable('Feeds', others, now)}</details>
`
    : null
}</section>
`;
}

function summaryOf(feeds: readonly NamedFeed[], now: Instant): Html {
  const count = (health: FeedHealth) => feeds.filter(({ feed }) => healthOf(feed) === health).length;
  const newest = Math.max(
    ...feeds.map(({ feed }) => (feed.lastSuccess === null ? 0 : Date.parse(feed.lastSuccess))),
  );
  const well = count('ok');
  const texts = [
    well > 0
      ? `${countOf(well, 'feed')} ${well === 1 ? 'is' : 'are'} up to date, newest ${distanceText(newest, now)}`
      : '',
    count('not tried') > 0 ? `${count('not tried')} not tried yet` : '',
    count('off') > 0 ? `${count('off')} switched off` : '',
  ];
  return html`<span class="state ${well > 0 ? 'ok' : 'untried'}">${texts.filter(Boolean).join('; ')}</span>`;
}

/** Rows of one table: thousands of accounts have tens of thousands of feeds. */
const MAX_FEEDS = 200;

function feedTable(name: string, feeds: readonly NamedFeed[], now: Instant): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}">
<table class="data">
<thead><tr><th scope="col">Feed</th><th scope="col">State</th><th scope="col">Last success</th><th scope="col">Data through</th><th scope="col">Next poll</th></tr></thead>
<tbody>
${feeds.slice(0, MAX_FEEDS).map((feed) => feedRows(feed, now))}</tbody>
</table>
</div>
${
  feeds.length > MAX_FEEDS
    ? html`<p class="rest quiet">${feeds.length - MAX_FEEDS} more are in <a href="api/v1/status">/api/v1/status</a>.</p>
`
    : null
}`;
}

const HEALTH_CLASSES = { ok: 'ok', failing: 'failing', off: 'untried', 'not tried': 'untried' } as const;

function healthOf({ up, off }: FeedStatus): FeedHealth {
  if (off) return 'off';
  if (up === null) return 'not tried';
  return up ? 'ok' : 'failing';
}

function feedRows({ account, feed }: NamedFeed, now: Instant): Html {
  const health = healthOf(feed);
  const { lastError, off, notes } = feed;
  return html`<tr data-feed="${account} ${feed.name}"><th scope="row">${account} <span class="quiet">${feed.name}</span></th><td><span class="state ${HEALTH_CLASSES[health]}">${health}</span></td><td>${moment(feed.lastSuccess, now)}</td><td>${moment(feed.dataThrough, now)}${historyOf(feed)}</td><td>${nextOf(feed, now)}</td></tr>
${lastError && detailRow(failureOf(lastError, now))}${off && detailRow(offOf(off))}${notes.length > 0 ? detailRow(notesOf(feed)) : null}`;
}

/** An instant with its age, or a dash. */
function moment(at: Timestamp | null, now: Instant): Html {
  if (at === null) return html`<span class="quiet">\u2013</span>`;
  const instant = Date.parse(at);
  return html`${time(instant, now)} <span class="quiet nowrap">${distanceText(instant, now)}</span>`;
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

/** The sentence stands in "Needs attention"; here are the reason and the ranges that failed. */
function failureOf({ reason, message, ranges = [] }: FailureStatus, now: Instant): Html {
  if (ranges.length < 2) return html`<strong class="failing">${reason}</strong> ${message}`;
  return html`${ranges.map((range, index) => html`${index > 0 ? html`<br>` : null}${rangeOf(range, now)}`)}`;
}

function rangeOf({ start, end, reason, message }: RangeFailureStatus, now: Instant): Html {
  return html`<span class="quiet">${time(Date.parse(start), now)} to ${time(Date.parse(end), now)}:</span> <strong class="failing">${reason}</strong> ${message}`;
}

function offOf({ message, hint }: FailureStatus): Html {
  return html`<strong>Switched off:</strong> the account does not have this feed, or its key may not read it. ${message}<br><span class="quiet">${hint}</span>`;
}

function notesOf({ notes }: FeedStatus): Html[] {
  return notes.map(
    ({ topic, text }, index) => html`${index > 0 ? html`<br>` : null}<strong>${topic}:</strong> ${text}`,
  );
}

function detailRow(content: HtmlPart): Html {
  return html`<tr class="more"><td colspan="5"><p>${content}</p></td></tr>
`;
}
