import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  daily,
  type ExplorerAccount,
  elementOf,
  FEED_STATUS,
  OCTOBER,
  pageOf,
  sourceOf,
  textOf,
} from '../../../../test/support/exporter/explorer.ts';
import { cost, utc } from '../../../../test/support/ledger/ledger.ts';
import { fromInteger, ONE } from '../../../core/values/money.ts';
import { DAY, type Instant } from '../../../core/values/time.ts';
import { STYLE_HASH } from '../../http/style.ts';
import type { FeedStatus } from '../status.ts';

/** $12 a day by two models, and $1.005. */
const BASETEN: ExplorerAccount = {
  provider: 'baseten',
  title: 'Baseten',
  since: OCTOBER,
  charges: daily(OCTOBER, (day) => [
    cost(day, 'dep-1', 10, { model: 'llama' }),
    cost(day, 'dep-2', day < utc('2026-11-01') ? 1 : 2, { model: 'qwen' }),
  ]),
};
const VENICE: ExplorerAccount = {
  provider: 'venice',
  title: 'Venice.ai',
  since: OCTOBER,
  charges: daily(OCTOBER, (day) => [cost(day, '', 1.005, { model: 'qwen' })]),
};
/** Read since yesterday. */
const NORTHFLANK: ExplorerAccount = {
  provider: 'northflank',
  title: 'Northflank',
  since: utc('2026-11-29'),
  charges: daily(utc('2026-11-29'), (day) => [cost(day, 'core/api', 3)]),
};
const UNREAD: ExplorerAccount = {
  provider: 'inference_sh',
  title: 'inference.sh',
  since: undefined,
  charges: [],
};

const ALL = [BASETEN, VENICE, NORTHFLANK];

describe('page: tiles', () => {
  const tile = (page: string, id: string) => elementOf(page, 'article', `data-tile="${id}"`);

  test('show exact sums over all accounts', async () => {
    const page = await pageOf(sourceOf([BASETEN, VENICE]));
    assert.match(tile(page, 'today'), /data-usd="13\.005" data-complete="2\/2"/);
    assert.match(textOf(tile(page, 'today')), /^Today Nov 30, so far \$13\.00 100\.0 % of yesterday$/);
    assert.match(
      textOf(tile(page, 'yesterday')),
      /Yesterday Nov 29 \$13\.00 0\.0 % \( ?\$0\.00 ?\) against the day before$/,
    );
    assert.match(tile(page, 'month_to_date'), /data-usd="390\.15" data-complete="2\/2"/);
    assert.match(tile(page, 'forecast'), /data-usd="390\.15" data-complete="2\/2"/);
  });

  test('compare the days of the month that are over with the same days of last month', async () => {
    const page = await pageOf(sourceOf([BASETEN, VENICE]));
    // 29 days of $13.005 against as many of $12.005.
    assert.match(
      textOf(tile(page, 'month_to_date')),
      /Nov 1 – Nov 30 \$390\.15 \+8\.3 % \(\+ ?\$29\.00 ?\) against Oct 1 – Oct 29$/,
    );
    const october = { ...BASETEN, charges: BASETEN.charges.filter(({ at }) => at <= utc('2026-11-01')) };
    const first = await pageOf(sourceOf([october], {}, utc('2026-11-01T10:30')));
    assert.doesNotMatch(tile(first, 'month_to_date'), /against/);
  });

  test('show the known part where an account is unknown, count the others, and compare like with like', async () => {
    const page = await pageOf(sourceOf(ALL));
    assert.match(tile(page, 'today'), /data-usd="16\.005" data-complete="3\/3"/);
    assert.match(tile(page, 'month_to_date'), /data-usd="396\.15" data-complete="2\/3"/);
    const text = textOf(tile(page, 'month_to_date'));
    assert.match(text, /\$396\.15 partial \+8\.3 % .* 2 of 3 accounts; incomplete : Northflank$/);
    assert.match(page, /<a href="#unknown">incomplete<\/a>/);
    assert.match(page, /<section class="card" id="unknown">/);
  });

  test('never call an unknown amount $0', async () => {
    const page = await pageOf(sourceOf([UNREAD]));
    for (const id of ['today', 'yesterday', 'month_to_date', 'forecast']) {
      assert.match(tile(page, id), /data-usd="" data-complete="0\/1"/);
      assert.match(textOf(tile(page, id)), /unknown/);
    }
    assert.doesNotMatch(textOf(page), /\$0\.00/);
    assert.doesNotMatch(page, /<text x="58"[^>]*>\$[^0]/, 'the axis has no scale');
  });
});

describe('page: chart', () => {
  test('stacks a bar for each day, marks today and hatches what is unknown', async () => {
    const page = await pageOf(sourceOf(ALL), 'range=7d');
    const bars = page.match(/<g class="bucket[^"]*" data-bucket="[^"]*"[^>]*>/g) ?? [];
    assert.equal(bars.length, 7);
    assert.match(bars[0] ?? '', /data-bucket="2026-11-24" data-unknown/);
    assert.match(bars[6] ?? '', /"bucket open" data-bucket="2026-11-30">/);
    assert.equal(page.match(/class="gap" fill="url\(#unknown-hatch\)" x=/g)?.length, 5);
    assert.match(
      page,
      /<title>Nov 24: \$13\.00 \+ \?\nBaseten: \$12\.00\nVenice\.ai: \$1\.00\nNorthflank: unknown<\/title>/,
    );
    assert.match(page, /<title>Nov 30 \(so far\): \$16\.00\n/);
    assert.match(textOf(page), /Unknown where nothing has been read: Northflank since Nov 29\./);
  });

  test('has the same numbers in a table, newest first', async () => {
    const page = await pageOf(sourceOf(ALL), 'range=7d');
    const table = elementOf(page, 'details', 'id="chart-data"');
    const rows = table.match(/<tr>.*?<\/tr>/gs)?.map(textOf) ?? [];
    assert.deepEqual(rows.slice(0, 2), [
      'Day Baseten Venice.ai Northflank Total',
      'Nov 30 so far $12.00 $1.00 $3.00 $16.00',
    ]);
    assert.match(rows.at(-1) ?? '', /^Nov 24 \$12\.00 \$1\.00 unknown \$13\.00 \+ \? and an unknown part$/);
    assert.match(table, /<data value="1\.005" title="\$1\.005">\$1\.00<\/data>/);
  });

  test('shows the known part of a group that an unread account shares', async () => {
    const shared = { ...NORTHFLANK, charges: NORTHFLANK.charges.map((each) => ({ ...each, model: 'qwen' })) };
    const page = await pageOf(sourceOf([BASETEN, shared]), 'range=7d&by=model');
    assert.match(page, /<title>Nov 24: \$12\.00 \+ \?\nllama: \$10\.00\nqwen: \$2\.00 \+ \?<\/title>/);
    assert.match(page, /data-row="qwen" data-total="20" data-partial>/);
  });

  test('adds up what is beyond eight groups', async () => {
    const charges = Array.from({ length: 10 }, (_, index) =>
      cost(utc('2026-11-30'), `r${index}`, 20 - index),
    );
    const page = await pageOf(sourceOf([{ ...BASETEN, charges }]), 'range=7d&by=resource');
    assert.match(textOf(elementOf(page, 'ul', 'class="legend"')), /r7 \$13\.00 2 others \$23\.00/);
    assert.equal(page.match(/class="c-other" x=/g)?.length, 1);
  });

  test('draws a day below zero downwards', async () => {
    const charges = [cost(utc('2026-11-29'), 'a', 5), cost(utc('2026-11-30'), 'a', -2)];
    const page = await pageOf(sourceOf([{ ...BASETEN, charges }]), 'range=7d&by=resource');
    const zero = Number(/class="zero"[^>]* y1="([\d.]+)"/.exec(page)?.[1]);
    const tops = [
      ...page.matchAll(/<rect class="c1" x="[^"]*" width="[^"]*" y="([\d.]+)" height="([\d.]+)"/g),
    ];
    const [up, down] = tops.map(([, y, height]) => [Number(y), Number(y) + Number(height)]);
    assert.ok(up && down && up[1] === zero && down[0] === zero, `${zero}: ${up}, ${down}`);
    assert.match(page, /Nov 30 \(so far\): -\$2\.00/);
  });
});

describe('page: choices', () => {
  test('are relative links that keep the rest of the address', async () => {
    const page = await pageOf(sourceOf(ALL), 'range=7d&by=model&measure=cost');
    assert.match(
      page,
      /<a data-keep href="\?range=7d&#38;by=model&#38;measure=cost" aria-current="true">7 days<\/a>/,
    );
    assert.match(page, /<a data-keep href="\?range=7d&#38;by=team&#38;measure=cost">Team<\/a>/);
    assert.match(
      page,
      /<a data-keep href="\?range=last_month&#38;by=model&#38;measure=cost">Last month<\/a>/,
    );
    const targets = [...page.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, target = '']) => target);
    assert.deepEqual(
      targets.filter((target) => /^\/|^\w+:/.test(target)),
      [],
    );
  });

  test('drill down: a row adds a filter and the grouping moves on to what differs', async () => {
    const source = sourceOf(ALL);
    const start = await pageOf(source);
    assert.match(
      start,
      /<tr data-row="baseten"[^>]*><th scope="row"><a data-keep href="\?match%5Bprovider%5D=baseten">Baseten<\/a>/,
    );
    const models = await pageOf(source, 'match[provider]=baseten');
    assert.deepEqual(
      [...models.matchAll(/data-row="([^"]*)"/g)].map(([, row]) => row),
      ['llama', 'qwen'],
    );
    assert.match(models, /<a class="chip" data-keep data-filter="provider" href="\?" title/);
    const resources = await pageOf(source, 'match[model]=qwen');
    assert.match(resources, /data-row="baseten"[\s\S]*data-row="venice"/);
  });

  test('lead to pages: months begin on their first day, and a measure drops what it has not', async () => {
    const source = sourceOf(ALL);
    const page = await pageOf(source, 'step=month');
    assert.match(textOf(page), /Cost by month, Nov 1 \u2013 Nov 30/);
    const currency = await pageOf(source, 'by=currency&match[currency]=USD');
    for (const [, address = ''] of [...`${page}${currency}`.matchAll(/<a data-keep href="\?([^"]*)"/g)])
      await pageOf(source, address.replaceAll('&#38;', '&'));
  });

  test('a form adds a filter, and an empty parameter is ignored', async () => {
    const page = await pageOf(sourceOf(ALL), 'filter=model&value=q*&q=&by=');
    assert.match(page, /data-filter="model" href="\?"/);
    assert.match(page, /data-sum="90\.15"/);
  });
});

describe('page: table of spenders', () => {
  const rowsOf = (page: string) => [
    ...elementOf(page, 'section', 'id="spenders"').matchAll(
      /<tr data-row="([^"]*)" data-total="([^"]*)"[^>]*>(.*)<\/tr>/g,
    ),
  ];

  test('lists totals, shares and changes of the days that are over against the same days before', async () => {
    const page = await pageOf(sourceOf([BASETEN, VENICE]), 'range=this_month&by=model');
    const rows = rowsOf(page).map(([, row, total, cells = '']) => [row, total, textOf(cells)]);
    assert.deepEqual(rows, [
      ['llama', '300', 'llama $300.00 76.9 % same'],
      ['qwen', '90.15', 'qwen $90.15 23.1 % +49.9 % + $29.00'],
    ]);
    assert.match(page, /title="Nov 1 – Nov 29 against Oct 1 – Oct 29"/);
  });

  test('calls a spender new or gone, also where today or another account is unknown', async () => {
    const resource = (name: string, on: (day: Instant) => boolean): ExplorerAccount => ({
      ...BASETEN,
      provider: name,
      title: name,
      charges: daily(OCTOBER, (day) => [cost(day, 'a', on(day) ? 2 : 0)]),
    });
    const source = sourceOf([
      resource('new', (day) => day >= utc('2026-11-24')),
      resource('gone', (day) => day < utc('2026-11-20')),
      {
        ...NORTHFLANK,
        since: utc('2026-11-26'),
        charges: daily(utc('2026-11-26'), (day) => [cost(day, 'a', 3)]),
      },
    ]);
    const cells = rowsOf(await pageOf(source, 'range=7d')).map(([, , , row = '']) => textOf(row));
    assert.match(cells.find((row) => row.startsWith('new')) ?? '', / new \+ \$12\.00$/);
    assert.match(cells.find((row) => row.startsWith('gone')) ?? '', / gone -\$6\.00$/);
    const page = await pageOf(source, 'range=7d');
    assert.match(page, /title="Nov 24 – Nov 29 is not known completely">–/);
  });

  test('compares no part of a day with a whole day', async () => {
    const october = { ...BASETEN, charges: BASETEN.charges.filter(({ at }) => at <= utc('2026-11-01')) };
    const source = sourceOf([october], {}, utc('2026-11-01T04:30'));
    for (const range of ['today', 'this_month']) {
      const page = await pageOf(source, `range=${range}&step=day`);
      for (const [, , , cells = ''] of rowsOf(page)) assert.match(textOf(cells), / –$/);
      assert.match(textOf(page), /Change: unknown until a day of this range is over\./);
    }
  });

  test('compares with as many days as the month before has', async () => {
    const page = await pageOf(sourceOf([BASETEN], {}, utc('2026-12-31T12:00')), 'range=this_month');
    assert.match(page, /title="Dec 1 – Dec 30 against Nov 1 – Nov 30"/);
    const march = await pageOf(sourceOf([BASETEN], {}, utc('2027-03-31T12:00')), 'range=this_month');
    assert.match(march, /title="Mar 1 – Mar 28 against Feb 1 – Feb 28"/);
  });

  test('says that a month is not over if bars are months', async () => {
    const page = await pageOf(sourceOf([BASETEN]), 'range=this_month&step=month');
    assert.match(textOf(page), /Change: unknown until a month of this range is over\./);
  });

  test('compares whole months with as many months before', async () => {
    const source = sourceOf([BASETEN], {}, utc('2026-12-03'));
    const page = await pageOf(source, 'from=2026-11-01&to=2027-01-01&step=month');
    assert.match(page, /title="Nov 1 – Nov 30 against Sep 1 – Sep 30"/);
  });

  test('says nothing about a change from an unknown period', async () => {
    const page = await pageOf(sourceOf(ALL), 'range=90d');
    for (const [, , , cells = ''] of rowsOf(page))
      assert.match(textOf(cells), /\+ \? and an unknown part .* –$/);
  });

  test('sorts by any column and searches all rows', async () => {
    const charges = Array.from({ length: 60 }, (_, index) =>
      cost(utc('2026-11-30'), `r${index}`, 100 - index),
    );
    const source = sourceOf([{ ...BASETEN, charges }]);
    const names = async (address: string) => rowsOf(await pageOf(source, address)).map(([, row]) => row);
    assert.equal((await names('by=resource')).length, 50);
    assert.deepEqual((await names('by=resource&sort=total')).slice(0, 2), ['r59', 'r58']);
    assert.deepEqual((await names('by=resource&sort=-name')).slice(0, 2), ['r9', 'r8']);
    assert.deepEqual(await names('by=resource&q=R59'), ['r59']);
    const page = await pageOf(source, 'by=resource&sort=-total');
    assert.match(page, /aria-sort="descending"><a data-keep href="\?by=resource&#38;sort=total">Total/);
    assert.match(textOf(page), /10 more rows: search for them/);
  });

  test('offers the same numbers as CSV', async () => {
    const page = await pageOf(sourceOf(ALL), 'range=last_month&match[provider]=v*&by=team&q=x&sort=name');
    assert.match(
      page,
      /href="api\/v1\/costs\/series\?match%5Bprovider%5D=v\*&#38;by=team&#38;from=2026-10-01&#38;to=2026-11-01&#38;step=day&#38;format=csv" download/,
    );
  });
});

describe('page: what to look at', () => {
  const MONTH = {
    period: 'month',
    start: '2026-11-01T00:00:00.000Z',
    end: '2026-12-01T00:00:00.000Z',
  } as const;

  test('budgets show their pace, and 100.96 % is not 100 %', async () => {
    const budgets = [
      { ...MONTH, name: 'over', limitUsd: '14000', spentUsd: '14134.29', forecastUsd: '14200' },
      { ...MONTH, name: 'soon', limitUsd: '100', spentUsd: '99.9999', forecastUsd: '100.0001' },
      { ...MONTH, name: 'unread', limitUsd: '1', spentUsd: null, forecastUsd: null },
    ];
    const page = await pageOf(sourceOf([BASETEN], { budgets }));
    const texts = budgets.map(({ name }) => textOf(elementOf(page, 'li', `data-budget="${name}"`)));
    assert.match(
      texts[0] ?? '',
      /^over over the limit \$14,134\.29 of \$14,000\.00 101\.0 % Even pace by now: \$13,737\.50 \. Forecast: \$14,200\.00 \(101\.5 %\)/,
    );
    assert.match(
      texts[1] ?? '',
      /^soon forecast over the limit \$100\.00 of \$100\.00 99\.9 % .* Forecast: \$100\.00 \(100\.1 %\)/,
    );
    assert.match(texts[2] ?? '', /^unread not known yet not known yet of \$1\.00/);
    const attention = textOf(elementOf(page, 'section', 'id="attention"'));
    assert.match(attention, /The budget over is over its limit: \$14,134\.29 of \$14,000\.00 , 101\.0 %\./);
    assert.match(attention, /The budget soon is forecast to exceed its limit/);
  });

  test('failing feeds are open with their sentence and hint, the others are one line', async () => {
    const source = sourceOf([BASETEN, VENICE]);
    const healthy = await pageOf(source);
    assert.match(
      healthy,
      /<details id="other-feeds"><summary><span class="state ok">2 feeds are up to date, newest 4 s ago</,
    );
    assert.doesNotMatch(healthy, /id="attention"|id="failing-feeds"/);
    const { accounts, ...rest } = source.status();
    const lastError = {
      reason: 'auth',
      message: 'answered 403',
      hint: 'Use an admin key.',
      at: '2026-11-30T10:28:00.000Z',
      ranges: [],
    };
    const pageWith = (...feeds: FeedStatus[]) => {
      const failing = accounts.map((account) =>
        account.provider === 'venice' ? { ...account, feeds } : account,
      );
      return pageOf({ ...source, status: () => ({ ...rest, accounts: failing }) });
    };
    const failed = { ...FEED_STATUS, up: false, lastError };
    const page = await pageWith(failed);
    assert.match(page, /<details id="failing-feeds" open>/);
    assert.match(
      textOf(elementOf(page, 'section', 'id="attention"')),
      /Venice\.ai, usage is failing: auth answered 403 Use an admin key\. Seen at 10:28 , 2 min ago\./,
    );
    assert.match(page, /<a href="#attention">1 thing needs attention<\/a>/);
    const server = {
      ...failed,
      name: 'rate_limits',
      lastError: { ...lastError, reason: 'server', hint: 'Wait.' },
    };
    const several = await pageWith(failed, { ...failed, name: 'balance' }, server);
    assert.match(several, /<a href="#attention">2 things need attention<\/a>/);
    assert.match(
      textOf(several),
      /Venice\.ai, usage, balance are failing: auth .* Venice\.ai, rate_limits is failing: server/,
    );
  });

  test('balances show their runway, and a short one needs attention', async () => {
    const balances = [{ currency: 'USD', usd: 5n * ONE }];
    const short = { ...BASETEN, more: { balances, runwaySeconds: fromInteger(17n * 3600n) } };
    const long = { ...VENICE, more: { balances, runwaySeconds: fromInteger(BigInt((30 * DAY) / 1000)) } };
    const page = await pageOf(sourceOf([short, long]));
    assert.match(
      textOf(elementOf(page, 'section', 'id="balances"')),
      /Baseten lasts 17 h \$5\.00 Venice\.ai lasts 30 days \$5\.00/,
    );
    assert.match(
      textOf(elementOf(page, 'section', 'id="attention"')),
      /^Needs attention The balance of Baseten lasts 17 h at the spend of the last 24 hours\.$/,
    );
  });

  test('unknown windows, corrections, unconverted money and warnings are said in words', async () => {
    const takenBack = ['a', 'b', 'c', 'd'].map((model, index) => ({
      resource: '',
      model,
      usd: BigInt(9 - index) * ONE,
    }));
    const more = { takenBack, unconverted: [{ currency: 'XYZ', amount: 12n * ONE }] };
    const warnings = ['two accounts read the same bill'];
    const page = await pageOf(sourceOf([{ ...BASETEN, more }, NORTHFLANK, UNREAD], { warnings }));
    const unknown = textOf(elementOf(page, 'section', 'id="unknown"'));
    assert.match(unknown, /Northflank : month to date\. The account is read only since Nov 29;/);
    assert.match(unknown, /inference\.sh : today, month to date\. Nothing has been read yet\./);
    assert.match(
      textOf(elementOf(page, 'section', 'id="corrections"')),
      /Baseten \$30\.00 since Nov 30 a \$9\.00 b \$8\.00 c \$7\.00 and 1 more/,
    );
    const attention = textOf(elementOf(page, 'section', 'id="attention"'));
    assert.match(attention, /Baseten billed 12 XYZ, which no figure in dollars includes\./);
    assert.match(attention, /two accounts read the same bill\./);
  });

  test('accounts are named only where a provider has several', async () => {
    const page = await pageOf(
      sourceOf([
        { ...NORTHFLANK, account: 'one' },
        { ...NORTHFLANK, account: 'two' },
      ]),
    );
    assert.match(textOf(elementOf(page, 'section', 'id="unknown"')), /Northflank one : .* Northflank two : /);
  });
});

describe('page: markup', () => {
  test('loads one script of this server, and its style has the hash of the policy', async () => {
    const page = await pageOf(sourceOf(ALL));
    assert.deepEqual(
      page.match(/<script[^>]*>/g)?.map((tag) => tag.replace(/v=\w+/, 'v=')),
      ['<script src="explorer.js?v=" defer>'],
    );
    assert.doesNotMatch(page, /https?:|<img|<iframe|style="|\son\w+=/);
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
    assert.equal(`sha256-${createHash('sha256').update(style).digest('base64')}`, STYLE_HASH);
  });

  test('says that no account is configured', async () => {
    assert.match(textOf(await pageOf(sourceOf([]))), /No account is configured\./);
  });
});

describe('page: hours', () => {
  test('are drawn where they are kept; what is kept by the day is in the sums only', async () => {
    const page = await pageOf(sourceOf([BASETEN]), 'range=today');
    assert.match(textOf(page), /Cost by hour, Nov 30 \$12\.00 (?!\+)/);
    assert.match(
      textOf(page),
      /Not kept by hour: Baseten \(by day\)\. Their amounts are in the sums, but not in the bars\./,
    );
    assert.equal(
      page.match(/<g class="bucket[^"]*" data-bucket="2026-11-30T\d\d:00:00Z" data-unknown>/g)?.length,
      11,
    );
    assert.match(page, /<title>Nov 30, 00:00: unknown\n/);
    // Of the largest rows only, those by the hour and by the day may differ.
    const cut = await pageOf(sourceOf([BASETEN]), 'range=today&top=1');
    assert.match(textOf(cut), /Cost by hour, Nov 30 \$12\.00 \+ \?/);
  });
});
