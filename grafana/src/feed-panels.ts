import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Panel } from './board.ts';
import { onHour } from './calendar.ts';
import { LIVE } from './freshness.ts';
import type { Queries } from './promql.ts';

const FEED = ['provider', 'account', 'feed'];
const BY_FEED = '{{provider}} {{who}} {{feed}}';
const BY_ACCOUNT = '{{provider}} {{who}}';
const NO_POLL = 'No feed has polled yet: each does within a minute of the start, history feeds later.';
const HOUR = 'Each bar is the UTC hour it stands on; the last one is this hour so far.';

/** The state of each feed. */
function feedStates({ of, withAccount }: Queries, id: number): Panel {
  return {
    id,
    kind: 'timeline',
    title: 'Feeds',
    about: `Whether the last poll of each feed succeeded. Disabled feeds, and feeds that have not polled yet, are not shown. ${LIVE}`,
    unit: 'none',
    width: 24,
    height: 14,
    queries: [{ expr: withAccount(`min by (provider, account, feed) (${of(METRICS.up)})`), legend: BY_FEED }],
    states: { '0': ['failing', 'red'], '1': ['works', 'green'] },
    empty: NO_POLL,
  };
}

/** What is known of each feed now. */
function feedTable({ of, latest, net, withAccount }: Queries, id: number): Panel {
  const by = FEED.join(', ');
  const count = (metric: Parameters<typeof net>[0]) =>
    withAccount(`round(${net(metric, FEED, { range: '$__range' })})`);
  return {
    id,
    kind: 'table',
    title: 'Feeds now',
    about: `When each feed last succeeded, and the continuous range of data read. Feeds of completed hours or days lag by at least that much, and history feeds lag by design. Polls are those of the selected time range. Disabled feeds are not listed. ${LIVE}`,
    unit: 'dateTimeFromNow',
    width: 24,
    height: 16,
    labels: ['provider', 'who', 'feed'],
    sortBy: 'Failed polls',
    queries: [
      {
        expr: withAccount(`min by (${by}) (${of(METRICS.up)})`),
        column: 'State',
        unit: 'none',
        steps: [
          [null, 'red'],
          [1, 'green'],
        ],
        states: { '0': ['failing', 'red'], '1': ['works', 'green'] },
      },
      { expr: withAccount(`${latest(METRICS.lastSuccess)} * 1000`), column: 'Last success' },
      { expr: withAccount(`min by (${by}) (${of(METRICS.dataFrom)}) * 1000`), column: 'Data from' },
      { expr: withAccount(`${latest(METRICS.dataThrough)} * 1000`), column: 'Data through' },
      { expr: count(METRICS.pollFailures), column: 'Failed polls', unit: 'locale' },
      { expr: count(METRICS.polls), column: 'Polls', unit: 'locale' },
    ],
    empty: NO_POLL,
  };
}

/** How long ago the feed of each account succeeded that waits longest. */
function sinceSuccess({ latest, withAccount }: Queries, id: number): Panel {
  return {
    id,
    kind: 'lines',
    title: 'Hours since the last success',
    about: `Of the feed of each account that waits longest. A sawtooth as high as its polling interval is normal, a day for history feeds; a line that keeps rising is a failing feed. ${LIVE}`,
    unit: 'none',
    decimals: 1,
    width: 12,
    queries: [
      {
        expr: withAccount(`max by (provider, account) (time() - ${latest(METRICS.lastSuccess)}) / 3600`),
        legend: BY_ACCOUNT,
      },
    ],
    empty: 'No poll has succeeded yet.',
  };
}

/** How old the newest data of each account is. */
function dataAge({ of, withAccount }: Queries, id: number): Panel {
  const through = `max by (provider, account) (${of(METRICS.dataThrough)})`;
  return {
    id,
    kind: 'gauge',
    title: 'Hours since the data ends',
    about: `Time since the end of the newest data of each account. Bills of completed hours or days lag by at least that much. ${LIVE}`,
    unit: 'none',
    decimals: 1,
    width: 12,
    queries: [{ expr: withAccount(`(time() - ${through}) / 3600`), legend: BY_ACCOUNT }],
    steps: [[null, 'blue']],
    empty: 'Nothing has been read yet.',
  };
}

function perHour(
  queries: Queries,
  metric: Parameters<Queries['grown']>[0],
  by: readonly string[],
  shown: Pick<Panel, 'id' | 'title' | 'about' | 'empty'>,
): Panel {
  const legend = by.map((label) => `{{${label === 'account' ? 'who' : label}}}`).join(' ');
  return {
    ...shown,
    kind: 'bars',
    every: '1h',
    about: `${shown.about} ${HOUR} ${LIVE}`,
    unit: 'locale',
    width: 12,
    queries: [{ expr: queries.withAccount(`${onHour(queries.grown(metric, by, '1h'))} > 0`), legend }],
  };
}

/** The panels of the feeds and of their providers' APIs. */
export function feedRows(queries: Queries) {
  const account = ['provider', 'account'];
  return {
    feeds: [
      feedTable(queries, 5),
      feedStates(queries, 22),
      dataAge(queries, 23),
      sinceSuccess(queries, 6),
      perHour(queries, METRICS.pollFailures, [...account, 'reason'], {
        id: 7,
        title: 'Failed polls per hour by reason',
        about: 'For the reasons, see docs/errors.md.',
        empty: 'No poll failed in the selected time range.',
      }),
      perHour(queries, METRICS.polls, account, {
        id: 9,
        title: 'Polls per hour',
        about: 'Polls of all feeds, including failed ones.',
        empty: NO_POLL,
      }),
      pollDuration(queries, 8),
    ],
    api: [
      perHour(queries, METRICS.apiRequests, [...account, 'code'], {
        id: 10,
        title: 'API requests per hour by status',
        about: 'An empty code means that no response arrived.',
        empty: 'No request was sent in the selected time range.',
      }),
      rateLimit(queries, 11),
      perHour(queries, METRICS.apiRetries, account, {
        id: 12,
        title: 'Retries per hour',
        about: 'Requests repeated after an error.',
        empty: 'No request was repeated in the selected time range.',
      }),
      perHour(queries, METRICS.contractDrift, [...account, 'feed', 'kind'], {
        id: 13,
        title: 'Contract drift per hour',
        about: 'Undocumented fields, values or shapes in responses. The bill is read regardless.',
        empty: 'Every response was as documented.',
      }),
    ],
  };
}

function pollDuration({ select, withAccount }: Queries, id: number): Panel {
  const buckets = select('ai_billing_poll_duration_seconds_bucket', FEED);
  return {
    id,
    kind: 'lines',
    title: 'Poll duration',
    about: `95th percentile over the six hours before each point, by account. ${LIVE}`,
    unit: 's',
    width: 12,
    queries: [
      {
        expr: withAccount(
          `histogram_quantile(0.95, sum by (le, provider, account) (increase(${buckets}[6h])))`,
        ),
        legend: BY_ACCOUNT,
      },
    ],
    empty: 'Appears with the second scrape after a poll.',
  };
}

function rateLimit({ of, withAccount }: Queries, id: number): Panel {
  return {
    id,
    kind: 'lines',
    title: 'Rate limit remaining',
    about: `Requests left in the current window, by the provider's count or the exporter's own budget. ${LIVE}`,
    unit: 'locale',
    width: 12,
    queries: [
      {
        expr: withAccount(`min by (provider, account) (${of(METRICS.rateLimitRemaining)})`),
        legend: BY_ACCOUNT,
      },
    ],
    empty: 'No provider has reported a limit yet.',
  };
}
