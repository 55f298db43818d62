import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { STYLE_HASH } from '../http/style.ts';
import { distanceText, dollarsText, instantText } from './format.ts';
import { html, renderHtml, trusted } from './html.ts';
import type { AccountStatus, BudgetStatus, FeedStatus, Status } from './status.ts';
import { statusPage } from './status-page.ts';

const NOW = Date.parse('2026-11-22T02:17:05Z');

const FEED: FeedStatus = {
  name: 'usage',
  up: true,
  lastSuccess: '2026-11-22T02:07:05.000Z',
  lastError: null,
  off: null,
  dataFrom: '2026-10-01T00:00:00.000Z',
  dataThrough: '2026-11-22T02:00:00.000Z',
  schedule: '*/10 * * * *',
  isPolling: false,
  nextRun: '2026-11-22T02:22:05.000Z',
  notBefore: null,
  reconciliation: null,
  history: null,
  notes: [],
};

const ACCOUNT: AccountStatus = {
  provider: 'venice',
  name: 'prod',
  todayUsd: '1',
  monthToDateUsd: '2',
  incomplete: [],
  requestBudget: { remaining: null, notBefore: null },
  feeds: [FEED],
};

function shown(feed: Partial<FeedStatus>, account: Partial<AccountStatus> = {}): string {
  const feeds = [{ ...FEED, ...feed }];
  return pageOf([{ ...ACCOUNT, feeds, ...account }]);
}

function pageOf(accounts: readonly AccountStatus[], budgets: readonly BudgetStatus[] = []): string {
  const status: Status = { version: '1.2.3', startedAt: '2026-11-20T00:00:00.000Z', accounts, budgets };
  return statusPage(status, NOW);
}

describe('the status page', () => {
  test('shows cents and includes the exact amount', () => {
    const page = shown({}, { todayUsd: '-0.06356', monthToDateUsd: '12804.994999999999' });
    assert.match(page, /<dd title="\$-0\.06356">-\$0\.06<\/dd>/);
    assert.match(page, /<dd title="\$12804\.994999999999">\$12,804\.99<\/dd>/);
  });

  test('does not call an unknown amount $0', () => {
    const page = shown({}, { todayUsd: null, monthToDateUsd: null });
    assert.equal(page.match(/not known yet/g)?.length, 2);
    assert.doesNotMatch(page, /\$/);
  });

  test('says which windows are incomplete, and why', () => {
    const page = shown({}, { incomplete: [{ window: 'month_to_date', reason: 'before_since' }] });
    assert.match(page, /Incomplete: month to date \(begins before the first day that is read\)\./);
    assert.doesNotMatch(shown({}), /Incomplete/);
  });

  test('distinguishes the three states', () => {
    assert.match(shown({ up: true }), /Feeds: 1 ok\./);
    assert.match(shown({ up: false }), /state failing">failing</);
    assert.match(shown({ up: null, lastSuccess: null }), /state untried">not tried</);
  });

  test('shows times with their age, the last error with its hint, and the ranges left to read', () => {
    const lastError = {
      reason: 'auth',
      message: 'answered 403',
      hint: 'Use an admin key.',
      at: '2026-11-22T02:15:05.000Z',
      ranges: [],
    };
    const page = shown({ up: false, lastError, history: { remaining: 412 } });
    assert.match(page, /2026-11-22 02:07:05<\/time> <span class="quiet age">10 min ago/);
    assert.match(page, /auth<\/strong> answered 403<br>.*Use an admin key\..*2 min ago/);
    assert.match(page, /older ranges to read: 412/);
  });

  test('lists the reason of each range that failed', () => {
    const range = (hour: number, reason: string, message: string) => ({
      start: `2026-11-22T0${hour}:00:00.000Z`,
      end: `2026-11-22T0${hour + 1}:00:00.000Z`,
      ...{ reason, message },
    });
    const lastError = {
      ...{ reason: 'server', message: 'answered 500', hint: 'Wait.', at: '2026-11-22T02:15:05.000Z' },
      ranges: [range(1, 'contract', 'not found <b>'), range(0, 'server', 'answered 500')],
    };
    const page = shown({ up: false, lastError });
    const text = page.replaceAll(/<\/?(?:time|span|br)\b[^>]*>/g, '');
    assert.match(
      text,
      / 01:00:00 UTC to 2026-11-22 02:00:00 UTC: <strong>contract<\/strong> not found &#60;b&#62;/,
    );
    assert.match(text, / 00:00:00 UTC to 2026-11-22 01:00:00 UTC: <strong>server<\/strong> answered 500/);
  });

  test('shows how long the provider delays the next poll', () => {
    assert.match(
      shown({ notBefore: '2026-11-22T03:00:00.000Z' }),
      /03:00:00<\/time>.*delayed at the request of the provider/,
    );
    assert.doesNotMatch(shown({ notBefore: '2026-11-22T02:00:00.000Z' }), /at the request of the provider/);
  });

  test('says that a feed is off, and why', () => {
    const off = {
      reason: 'auth',
      message: 'answered 403',
      hint: 'Use an admin key.',
      at: '2026-11-22T01:47:05.000Z',
      ranges: [],
    };
    const page = shown({ up: null, off });
    assert.match(page, /Feeds: 1 off\./);
    assert.match(page, /state untried">off</);
    assert.match(
      page,
      /Switched off:<\/strong> the account does not have .* answered 403<br>.*Use an .* 30 min ago/,
    );
    assert.doesNotMatch(page, /<\w+ class="[^"]*(failing|bad)/);
  });

  test('shows provider notices', () => {
    const notes = [
      { topic: 'tier', text: 'pro' },
      { topic: 'probe flux', text: 'no such <field>' },
    ];
    assert.match(
      shown({ notes }),
      /<strong>tier:<\/strong> pro<br><strong>probe flux:<\/strong> no such &#60;field&#62;<\/p>/,
    );
    assert.doesNotMatch(shown({}), /class="more"/);
  });

  test('shows budgets with spend, limit and forecast', () => {
    assert.doesNotMatch(pageOf([ACCOUNT]), /Budgets/);
    const month = {
      period: 'month',
      start: '2026-11-01T00:00:00.000Z',
      end: '2026-12-01T00:00:00.000Z',
      limitUsd: '5000',
    } as const;
    const page = pageOf(
      [],
      [
        { ...month, name: 'fine', spentUsd: '1234.5678', forecastUsd: '5000' },
        { ...month, name: '<over>', spentUsd: '4999.995', forecastUsd: '5000.000000000001' },
        { ...month, name: 'unread', limitUsd: '0.01', spentUsd: null, forecastUsd: null },
      ],
    );
    const rows = page.match(/<tr>\n[\s\S]*?<\/tr>/g)?.map((row) =>
      row
        .replace(/<[^>]*>/g, '')
        .trim()
        .split('\n'),
    );
    const period = 'month from 2026-11-01, ends in 8 d';
    assert.deepEqual(rows, [
      ['fine', period, '$1,234.57 of $5,000.00 24 %', '$5,000.00 100 %'],
      ['&#60;over&#62;', period, '$5,000.00 of $5,000.00 99 %', '$5,000.00 100 %, over the limit'],
      ['unread', period, 'not known yet of $0.01 ', 'not known yet'],
    ]);
    assert.match(page, /<span title="\$1234\.5678">/);
    assert.equal(page.match(/class="failing"/g)?.length, 1);
  });

  test('escapes all external text', () => {
    const evil = `<script>alert("1")</script>'&`;
    const at = '2026-11-22T02:15:05.000Z';
    const range = { start: at, end: at, reason: evil, message: evil };
    const lastError = { reason: evil, message: evil, hint: evil, at, ranges: [range, range] };
    assert.doesNotMatch(
      statusPage({ version: evil, startedAt: FEED.lastSuccess ?? '', accounts: [], budgets: [] }, NOW),
      /<script/,
    );
    const more = { off: lastError, notes: [{ topic: evil, text: evil }] };
    const page = shown({ name: evil, lastError, ...more }, { name: evil, provider: evil });
    assert.doesNotMatch(page, /<script|alert\("/);
    assert.match(page, /&#60;script&#62;alert\(&#34;1&#34;\)&#60;\/script&#62;&#39;&#38;/);
  });

  test('loads nothing, and its style matches the hash in the policy', () => {
    const page = shown({});
    assert.doesNotMatch(page, /<(script|link|img|iframe|form)|https?:|url\(|style="/);
    const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(page) ?? [];
    assert.equal(`sha256-${createHash('sha256').update(style).digest('base64')}`, STYLE_HASH);
  });

  test('says that no account is configured', () => {
    assert.match(pageOf([]), /No account is configured/);
  });
});

test('html template escapes everything except HTML', () => {
  const list = [html`<b>${'<'}</b>`, '&', 1, null, [trusted('<i>')]];
  assert.equal(renderHtml(html`<p title="${'"'}">${list}</p>`), '<p title="&#34;"><b>&#60;</b>&#38;1<i></p>');
});

test('dollarsText rounds half to even and groups digits', () => {
  const table: [string, string][] = [
    ['0', '$0.00'],
    ['0.005', '$0.00'],
    ['0.015', '$0.02'],
    ['-0.004', '$0.00'],
    ['-1234.5', '-$1,234.50'],
    ['999.999', '$1,000.00'],
    ['1234567.891', '$1,234,567.89'],
    ['9223372036854775807.99', '$9,223,372,036,854,775,807.99'],
  ];
  for (const [exact, text] of table) assert.equal(dollarsText(exact), text);
});

test('instantText and distanceText format instants and ages', () => {
  assert.equal(instantText(NOW), '2026-11-22 02:17:05');
  const table: [secondsAgo: number, text: string][] = [
    [0, 'just now'],
    [1, '1 s ago'],
    [119, '119 s ago'],
    [120, '2 min ago'],
    [7199, '119 min ago'],
    [-7200, 'in 2 h'],
    [172_800, '2 d ago'],
  ];
  for (const [seconds, text] of table) assert.equal(distanceText(NOW - seconds * 1000, NOW), text);
});
