import assert from 'node:assert/strict';
import { test } from 'node:test';
import { highest, named, queriesOf, SHOWN } from '../../grafana/src/promql.ts';
import { costPerHour } from '../../grafana/src/rate.ts';
import { tokens } from '../../grafana/src/tokens.ts';
import { IS_PARTIAL, windowTotal } from '../../grafana/src/totals.ts';
import { METRICS } from '../../src/core/metrics/catalog.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { assertEvaluations, type Evaluation } from '../support/programs/evaluate.ts';

const { net } = queriesOf({ variables: [] });
const SPEND = net(METRICS.cost, ['provider', 'account', 'resource'], { range: '6h' });
const LABELS = 'provider="p", account="a"';
const COST = 'ai_billing_cost_usd_total';
const TWIN = 'ai_billing_cost_corrections_usd_total';

/** Samples of one series each minute, as promtool writes them. */
function series(name: string, labels: string, values: string): object {
  return { series: `${name}{${labels}}`, values };
}

/** A charge of one resource that grows by `step` a minute from the start on, and corrections that never do. */
function charges(labels: string, values: string): object[] {
  return [series(COST, labels, values), series(TWIN, labels, '0x4400')];
}

const WHERE = (job: string, instance: string, resource: string) =>
  `job="${job}", instance="${instance}", ${LABELS}, resource="${resource}"`;

/** An answer: its labels are those of the account and these. */
function answer(value: number, more: string): object {
  return { labels: `{${LABELS}${more === '' ? '' : `, ${more}`}}`, value };
}

const CASES: readonly Evaluation[] = [
  {
    name: 'two jobs that read one bill count once',
    input: ['one', 'other'].flatMap((job) => charges(WHERE(job, 'i', 'r'), '0+1x4400')),
    at: '12h',
    expr: SPEND,
    expected: [answer(360, 'resource="r"')],
  },
  {
    name: 'a pod that is replaced goes on',
    input: [
      ...charges(WHERE('j', 'old', 'r'), '0+1x540'),
      ...charges(WHERE('j', 'new', 'r'), '_x540 540+1x4000'),
    ],
    at: '12h',
    expr: `round(${SPEND}, 10)`,
    expected: [answer(360, 'resource="r"')],
  },
  {
    name: 'what was taken back is off',
    input: [series(COST, WHERE('j', 'i', 'r'), '0+2x4400'), series(TWIN, WHERE('j', 'i', 'r'), '0+1x4400')],
    at: '12h',
    expr: SPEND,
    expected: [answer(360, 'resource="r"')],
  },
  {
    name: 'a resource with two names for a while has one, one without any goes by its id',
    input: [
      ...charges(WHERE('j', 'i', 'r'), '0+1x4400'),
      ...charges(WHERE('j', 'i', 's'), '0+2x4400'),
      series('ai_billing_resource_info', `${WHERE('j', 'i', 'r')}, name="n"`, '1x4400'),
      series('ai_billing_resource_info', `${WHERE('k', 'i', 'r')}, name="n"`, '1x4400'),
    ],
    at: '12h',
    expr: named(SPEND, 'ai_billing_resource_info'),
    expected: [answer(360, 'name="n", resource="r"'), answer(720, 'name="s", resource="s"')],
  },
  {
    name: 'what is not among the highest is together',
    input: [1, 2, 3].flatMap((step) => charges(WHERE('j', 'i', `r${step}`), `0+${step}x4400`)),
    at: '12h',
    expr: highest(1, ['resource'], {
      ranked: net(METRICS.cost, ['resource'], SHOWN),
      all: net(METRICS.cost, ['resource'], { range: '6h' }),
    }).others,
    expected: [{ labels: '{}', value: 1080 }],
  },
];

const THROUGH = 'ai_billing_data_through_timestamp_seconds';

/** An account that is billed 60 dollars per hour, in steps of so many minutes, and how far its bill reaches. */
function billedIn(minutes: number, { steps = 4400 / minutes, reach = true } = {}): object[] {
  const stairs = (height: number) =>
    Array.from({ length: steps }, (_, step) => `${step * height}x${minutes - 1}`).join(' ');
  const reading = series(THROUGH, `${WHERE('j', 'i', '')}, feed="usage"`, stairs(60 * minutes));
  return [...charges(WHERE('j', 'i', 'r'), stairs(minutes)), ...(reach ? [reading] : [])];
}

const GAP = { job: WHERE('j', 'i', 'r'), feed: `${WHERE('j', 'i', '')}, feed="usage"` };
const PER_HOUR = `round(${costPerHour(queriesOf({ variables: [] }), ['provider'])}, 0.5)`;
const rate = (value: number) => [{ labels: '{provider="p"}', value }];

/** Whatever the steps of the bill, and from the first of them on, the rate is 60 dollars per hour. */
const RATES: readonly Evaluation[] = [
  { name: 'rate: no ramp in the first hours', at: '22m', input: billedIn(1), expected: rate(60) },
  { name: 'rate: nothing before ten minutes are billed', at: '9m', input: billedIn(1), expected: [] },
  { name: 'rate: nothing before an hour is billed', at: '50m', input: billedIn(60), expected: [] },
  { name: 'rate: the first billed hour', at: '70m', input: billedIn(60), expected: rate(60) },
  { name: 'rate: hours are spread', at: '12h30m', input: billedIn(60), expected: rate(60) },
  { name: 'rate: days are spread, right after one', at: '49h', input: billedIn(1440), expected: rate(60) },
  { name: 'rate: days are spread, long after one', at: '63h', input: billedIn(1440), expected: rate(60) },
  {
    name: 'rate: no ramp after a gap of Prometheus',
    at: '9h',
    input: [
      ...charges(GAP.job, '0+1x299 _x180 480+1x400'),
      series(THROUGH, GAP.feed, '0+60x299 _x180 28800+60x400'),
    ],
    expected: rate(60),
  },
  {
    name: 'rate: no spike when the exporter catches up',
    at: '9h',
    input: [
      ...charges(GAP.job, '0+1x299 300x179 480+1x400'),
      series(THROUGH, GAP.feed, '0+60x299 18000x179 28800+60x400'),
    ],
    expected: rate(60),
  },
  {
    name: 'rate: what a new account billed before its baseline is not in its hours',
    at: '13h',
    // Read from 05:00 on at 10:00, caught up at 10:30; the counter moves with the hour that ends at 11:00.
    input: [
      ...charges(GAP.job, '_x600 0x120 60x59 120x200'),
      series(THROUGH, GAP.feed, '_x600 18000x30 32400x29 36000x59 39600x59 43200x200'),
    ],
    expected: rate(60),
  },
  {
    name: 'rate: counters of a backfill',
    at: '40h',
    input: billedIn(60, { reach: false }),
    expected: rate(60),
  },
].map((each) => ({ ...each, expr: PER_HOUR }));

const MONTH = windowTotal(queriesOf({ variables: [] }), 'month_to_date', { id: 1, freshness: '' }).queries;

const STATS = tokens.rows.flatMap(({ panels }) => panels);
const exprOf = (title: string) => STATS.find((panel) => panel.title === title)?.queries[0]?.expr ?? '';

/** A counter that grows by `step` a minute, and its corrections, which never do. */
function counter(name: string, labels: string, step: number): object[] {
  const where = `job="j", instance="i", account="a", ${labels}`;
  return [
    series(`${name}_total`, where, `0+${step}x900`),
    series(`${name}_corrections_total`, where, '0x900'),
  ];
}

function tokenCounts(labels: string, counts: Readonly<Record<string, number>>): object[] {
  return Object.entries(counts).flatMap(([type, step]) =>
    counter('ai_billing_tokens', `${labels}, token_type="${type}"`, step),
  );
}

function dollars(labels: string, step: number): object[] {
  const where = `job="j", instance="i", account="a", ${labels}, currency="USD"`;
  return [series(COST, where, `0+${step}x900`), series(TWIN, where, '0x900')];
}

/** Tokens and dollars of two streams with the labels of each provider: a million tokens cost $2, of input half is cached. */
const TOKENS: readonly Evaluation[] = [
  {
    what: 'openai',
    money: 'provider="openai", resource="proj_a", model="gpt-5.6"',
    used: 'provider="openai", resource="proj_a", model="gpt-5.6"',
  },
  {
    what: 'anthropic, whose tiers differ',
    money: 'provider="anthropic", resource="wrkspc_a", model="claude-opus-5", tier="tokens"',
    used: 'provider="anthropic", resource="wrkspc_a", model="claude-opus-5", tier="standard"',
  },
  {
    what: 'openrouter',
    money: 'provider="openrouter", model="z-ai/glm-5.1", tier="DeepInfra"',
    used: 'provider="openrouter", model="z-ai/glm-5.1", tier="DeepInfra"',
  },
].flatMap(({ what, money, used }) => {
  const input = [
    ...dollars(money, 0.008),
    // Nothing that is billed by the token.
    ...dollars('provider="runpod", resource="pod", tier="pod"', 5),
    ...tokenCounts(used, { input: 900, cached_input: 1000, cache_write: 100, output: 2000 }),
  ];
  const at = '12h';
  const per = { expr: `round(${exprOf('US dollars per million tokens')}, 0.0001)`, value: 2 };
  const share = { expr: `round(${exprOf('Cached share')}, 0.0001)`, value: 0.5 };
  return [per, share].map(({ expr, value }, index) => {
    return { name: `tokens of ${what} ${index}`, input, at, expr, expected: [{ labels: '{}', value }] };
  });
});

/** Accounts of which the window was read completely or not, and their totals. */
function accounts(complete: readonly (0 | 1)[]): object[] {
  return complete.flatMap((isComplete, index) => {
    const where = `job="j", instance="i", provider="p", account="a${index}"`;
    const month = series('ai_billing_cost_month_to_date_usd', where, '10x20');
    const window = series(
      'ai_billing_cost_window_complete',
      `${where}, window="month_to_date"`,
      `${isComplete}x20`,
    );
    return isComplete ? [month, window] : [window];
  });
}

/** A total says of how many accounts it is made. */
const TOTALS: readonly Evaluation[] = [
  { whole: [1, 1, 1], labels: '{some="3", all="3"}', value: 30 },
  { whole: [1, 0, 1], labels: '{some="2", all="3"}', value: 20 },
].map(({ whole, labels, value }) => ({
  name: `total: ${whole.join()}`,
  input: accounts(whole as (0 | 1)[]),
  at: '10m',
  expr: MONTH[0]?.expr ?? '',
  expected: [{ labels, value }],
}));

test('dashboards: a total is orange if an account is missing from it', () => {
  const [, pattern = ''] = /^\/(.*)\/$/.exec(IS_PARTIAL.name) ?? [];
  const isOrange = (some: number, all: number) => new RegExp(pattern).test(`accounts: ${some} of ${all}`);
  assert.deepEqual([isOrange(3, 4), isOrange(0, 1), isOrange(1, 11)], [true, true, true]);
  assert.deepEqual([isOrange(4, 4), isOrange(11, 11)], [false, false]);
});

realServerTest('dashboards: expressions yield the expected values', ['promtool'], async (context, pathOf) => {
  await assertEvaluations(context, pathOf('promtool'), [...CASES, ...RATES, ...TOKENS, ...TOTALS]);
});
