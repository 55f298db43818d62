import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { GROUPS } from '../../deploy/prometheus/src/groups.ts';
import { isAlert } from '../../deploy/prometheus/src/rule.ts';
import { dashboardFiles } from '../../grafana/src/generate.ts';
import { closedDay, highest, named, queriesOf } from '../../grafana/src/promql.ts';
import { METRICS } from '../../src/core/metrics/catalog.ts';
import { Dashboard, filledIn, panelsOf } from '../support/deploy/dashboards.ts';
import { run } from '../support/exporter/child.ts';
import { folderOf, LISTENING, start } from '../support/exporter/process.ts';
import { rulesWithoutDelay } from '../support/programs/alerting.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { type Prometheus, startPrometheus } from '../support/programs/prometheus.ts';
import { selectionsOf } from '../support/programs/promql.ts';

const rules = GROUPS.flatMap((group) => group.rules);
const dashboards = [...dashboardFiles().values()].map((text) => Dashboard.parse(JSON.parse(text)));

/** What is new is shown at 0 for ten seconds and then grows. */
const PATIENCE_MS = 45_000;

const NO_DAY = 'no UTC day has ended since the start';
const NO_CORRECTION = 'nothing need be taken back in the first minute';
const NO_DRIFT = 'the demo keeps to what is documented';
const NO_OTHERS = 'the demo has ten or fewer';
const NO_MINUTE = 'run time is billed by the minute, and this may be over before one is';
const NO_IDLE = 'the deployments of the demo are asked, except for a minute at times';
const NO_RECEIVER = 'the demo pushes nothing unless a variable says where';
const YOUNG = 'the demo reads Northflank and Anthropic from yesterday on';
const COMPLETED_DAYS = 'OpenRouter bills completed days only, and has 30 of them';
const UNTOLD = 'the provider reports neither a balance nor a total of its own';

/** Expressions that need not have data in the first minute of the demo, by dashboard, panel and query; and why. */
const EMPTY: Readonly<Record<string, string>> = {
  'ai-billing-overview Change by provider and account A': NO_DAY,
  'ai-billing-overview Change by model and resource A': NO_DAY,
  'ai-billing-baseten Deployments: run time and requests A': NO_MINUTE,
  'ai-billing-baseten Deployments: run time and requests B': NO_MINUTE,
  'ai-billing-baseten Deployments: run time and requests E': NO_MINUTE,
  'ai-billing-baseten Deployments: run time and requests F': NO_IDLE,
  'ai-billing-baseten Idle spend per day A': NO_IDLE,
  'ai-billing-baseten Spend per hour by model B': NO_OTHERS,
  'ai-billing-venice Spend per hour by model B': NO_OTHERS,
  'ai-billing-venice Reconciliation by feed A': 'closed days are compared an hour after the start',
  'ai-billing-venice Unit prices that changed A': 'no price of Venice.ai changes in the first minute',
  'ai-billing-inference_sh Spend per hour by app B': NO_OTHERS,
  'ai-billing-northflank Last month A': YOUNG,
  'ai-billing-northflank Platform, BYOC, egress and load balancers E': YOUNG,
  'ai-billing-northflank Spend per hour by resource B': NO_OTHERS,
  'ai-billing-openai Spend per hour by model B': NO_OTHERS,
  'ai-billing-openai Balance by currency A': UNTOLD,
  'ai-billing-openai Runway A': UNTOLD,
  'ai-billing-openai Reconciliation by feed A': UNTOLD,
  'ai-billing-anthropic Last month A': YOUNG,
  'ai-billing-anthropic Spend per hour by model B': NO_OTHERS,
  'ai-billing-anthropic Balance by currency A': UNTOLD,
  'ai-billing-anthropic Runway A': UNTOLD,
  'ai-billing-anthropic Reconciliation by feed A': UNTOLD,
  'ai-billing-openrouter Today A': COMPLETED_DAYS,
  'ai-billing-openrouter Last month A': COMPLETED_DAYS,
  'ai-billing-openrouter Spend per hour by model B': NO_OTHERS,
  'ai-billing-openrouter Most expensive resources B': COMPLETED_DAYS,
  'ai-billing-openrouter Reconciliation by feed A': UNTOLD,
  'ai-billing-runpod Spend per hour by model B': NO_OTHERS,
  'ai-billing-runpod Balance by currency A': UNTOLD,
  'ai-billing-runpod Runway A': UNTOLD,
  'ai-billing-tokens Tokens per hour by model B': NO_OTHERS,
  'ai-billing-corrections Top corrections A': NO_CORRECTION,
  'ai-billing-corrections Top corrections B': NO_CORRECTION,
  'ai-billing-corrections Unconverted amounts per day A': 'the demo has no currency without a rate',
  'ai-billing-corrections Kinds of contract drift A': NO_DRIFT,
  'ai-billing-corrections Contract drift by kind A': NO_DRIFT,
  'ai-billing-health Contract drift A': NO_DRIFT,
  'ai-billing-health Failed polls by reason A': 'no outage need have come yet',
  'ai-billing-health Pushes A': NO_RECEIVER,
  'ai-billing-health Time since the last push A': NO_RECEIVER,
  'ai-billing-health Points per hour A': NO_RECEIVER,
  'ai-billing-health Points not delivered A': NO_RECEIVER,
  'ai-billing-health Push retries A': NO_RECEIVER,
  'ai-billing-health Push duration A': NO_RECEIVER,
};

const PAST_DAYS = 'it looks back on more days than the demo has lasted';
const PAST_HOURS = 'it looks back on more hours than the demo has lasted';

/** Metrics that rules look at and that need not be there in the first minute of the demo; and why. */
const LATER: Readonly<Record<string, string>> = {
  'provider_account:ai_billing_cost_usd:usual6h': PAST_DAYS,
  'provider_account:ai_billing_cost_usd:usual3d': PAST_DAYS,
  'provider_account:ai_billing_cost_usd_per_million_tokens:max7d': PAST_DAYS,
  'provider_account_model:ai_billing_cost_usd_per_million_tokens:avg7d': PAST_DAYS,
  'provider_account_model:ai_billing_cached_input_tokens:avg7d': PAST_DAYS,
  'budget:ai_billing_budget_spent_usd:net6h': PAST_HOURS,
  'budget:ai_billing_budget_spent_usd:net1d': PAST_HOURS,
  'budget:ai_billing_budget_spent_usd:net3d': PAST_DAYS,
  ai_billing_contract_drift_total: NO_DRIFT,
  ai_billing_otlp_up: NO_RECEIVER,
  ai_billing_unconverted_amount_total: 'the demo has no currency without a rate',
  ai_billing_unconverted_corrections_amount_total: 'the demo has no currency without a rate',
};

/** Whether there is a reason for missing data. */
function isExplained(name: string): boolean {
  return name in EMPTY || (name.split(' ').at(-1) ?? '') in LATER;
}

/** The queries of panels by their place, of recording rules, and of alerts. */
const ASKED = new Map<string, string>([
  ...rules.flatMap((rule) =>
    isAlert(rule)
      ? selectionsOf(rule.expr).map(({ metric }) => [`${rule.alert} ${metric}`, metric] as const)
      : [[rule.record, rule.record] as const],
  ),
  ...dashboards.flatMap((dashboard) =>
    panelsOf(dashboard).flatMap(({ title, targets }) =>
      targets.map(
        ({ refId, expr }) => [`${dashboard.uid} ${title} ${refId}`, filledIn(expr, dashboard)] as const,
      ),
    ),
  ),
]);

realServerTest(
  'dashboards: every panel and every rule has data in the demo',
  ['prometheus'],
  async (context) => {
    for (const name of Object.keys(EMPTY)) assert.ok(ASKED.has(name), name);
    const demo = start(context, ['demo', '--port', '0']);
    const [, url = ''] = await demo.said(LISTENING);
    const address = new URL(url).host;
    // Two jobs read one exporter: nothing may count twice.
    const prometheus = await startPrometheus(context, {
      intervalMs: 2000,
      targets: ['one', 'other'].map((job) => ({ address, job })),
      rules: await rulesWithoutDelay(context, { holdFor: '1h' }),
    });
    const missing = await emptyFor(PATIENCE_MS, prometheus);
    context.diagnostic(`${ASKED.size} expressions, ${missing.length} without data`);
    const filled = Object.keys(EMPTY).filter((name) => !missing.includes(name));
    if (filled.length > 0) context.diagnostic(`with data, unlike what is said of them: ${filled.join(', ')}`);
    const unexplained = missing.filter((name) => !isExplained(name));
    assert.deepEqual(
      unexplained.map((name) => `${name}: ${ASKED.get(name)}`),
      [],
    );
    await context.test('dashboards: an exporter that two jobs scrape counts once', () =>
      countsOnce(prometheus),
    );
  },
);

/** Expressions without data until the deadline; one that Prometheus rejects fails at once. */
async function emptyFor(ms: number, prometheus: Prometheus): Promise<string[]> {
  const deadline = performance.now() + ms;
  let missing = [...ASKED.keys()];
  while (performance.now() < deadline && missing.some((name) => !isExplained(name))) {
    await wait(3000);
    const found = new Set<string>();
    for (const name of missing)
      if ((await prometheus.query(ASKED.get(name) ?? '')).length > 0) found.add(name);
    missing = missing.filter((name) => !found.has(name));
  }
  return missing;
}

async function countsOnce(prometheus: Prometheus): Promise<void> {
  const { gauge, net } = queriesOf({ variables: [] });
  for (const expr of [gauge(METRICS.costYesterday, []), net(METRICS.polls, [], { range: '6h' })]) {
    const { one, both } = await oneAndBoth(expr, prometheus);
    // Twice would be 2; how far Prometheus extrapolates differs between the two.
    assert.ok(both / one < MAX_RATIO, `${both} of both, ${one} of one: ${expr}`);
  }
}

const MAX_RATIO = 1.5;

/**
 * The values of one job and of both at one instant. Repeated while they differ much: without a value if a scrape was late, and by the
 * extrapolation of the first few samples. If both were counted, they would differ for good.
 */
async function oneAndBoth(
  expr: string,
  prometheus: Prometheus,
  tries = 30,
): Promise<{ one: number; both: number }> {
  await prometheus.scraped();
  const asked = Date.now();
  const of = async (job: string) => {
    const filled = expr.replaceAll('"$job"', `"${job}"`).replaceAll('"$instance"', '".+"');
    return Number((await prometheus.query(filled, asked))[0]?.value);
  };
  const [one, both] = [await of('one'), await of('.+')];
  return both / one < MAX_RATIO || tries === 0 ? { one, both } : oneAndBoth(expr, prometheus, tries - 1);
}

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

interface Case {
  readonly name: string;
  readonly input: readonly object[];
  readonly at: string;
  readonly expr: string;
  readonly expected: readonly object[];
}

/** An answer: its labels are those of the account and these. */
function answer(value: number, more: string): object {
  return { labels: `{${LABELS}${more === '' ? '' : `, ${more}`}}`, value };
}

const CASES: readonly Case[] = [
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
    name: 'a closed day is the UTC day, whatever the hour',
    input: charges(WHERE('j', 'i', 'r'), '0+1x1440 1440+2x1440 4320+5x1440'),
    at: '60h',
    expr: `round(${closedDay(net(METRICS.cost, ['provider', 'account'], { range: '1d' }))}, 10)`,
    expected: [answer(2880, '')],
  },
  {
    name: 'the day before it',
    input: charges(WHERE('j', 'i', 'r'), '0+1x1440 1440+2x1440 4320+5x1440'),
    at: '60h',
    expr: `round(${closedDay(net(METRICS.cost, ['provider', 'account'], { range: '1d' }), 1)}, 10)`,
    expected: [answer(1440, '')],
  },
  {
    name: 'what is not among the highest is together',
    input: [1, 2, 3].flatMap((step) => charges(WHERE('j', 'i', `r${step}`), `0+${step}x4400`)),
    at: '12h',
    expr: highest(1, ['resource'], {
      at: (window) => net(METRICS.cost, ['resource'], window),
      over: { range: '6h' },
    }).others,
    expected: [{ labels: '{}', value: 1080 }],
  },
];

realServerTest('dashboards: expressions yield the expected values', ['promtool'], async (context, pathOf) => {
  const file = join(await folderOf(context), 'tests.yml');
  const filled = (expr: string) =>
    expr
      .replaceAll(/"\$(job|instance)"/g, '".+"')
      .replaceAll('$__range', '6h')
      .replaceAll('@ end()', '@ 43200');
  const tests = CASES.map(({ name, input, at, expr, expected }) => ({
    name,
    interval: '1m',
    input_series: input,
    promql_expr_test: [{ expr: filled(expr), eval_time: at, exp_samples: expected }],
  }));
  await writeFile(file, JSON.stringify({ tests })); // JSON is YAML
  const { code, output } = await run(pathOf('promtool'), ['test', 'rules', file]);
  assert.equal(code, 0, output);
});
