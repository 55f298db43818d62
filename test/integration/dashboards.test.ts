import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { GROUPS } from '../../deploy/prometheus/src/groups.ts';
import { isAlert } from '../../deploy/prometheus/src/rule.ts';
import { dashboardFiles } from '../../grafana/src/generate.ts';
import { queriesOf } from '../../grafana/src/promql.ts';
import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { DAY, floorTo, HOUR, MINUTE, startOfMonth } from '../../src/core/values/time.ts';
import { Dashboard, filledIn, type Panel, panelsOf } from '../support/deploy/dashboards.ts';
import { LISTENING, start } from '../support/exporter/process.ts';
import { rulesWithoutDelay } from '../support/programs/alerting.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { type Prometheus, startPrometheus } from '../support/programs/prometheus.ts';
import { selectionsOf } from '../support/programs/promql.ts';

const rules = GROUPS.flatMap((group) => group.rules);
const dashboards = [...dashboardFiles().values()].map((text) => Dashboard.parse(JSON.parse(text)));

/** Until everything without a reason below has data. What is new is shown at 0 for ten seconds; the slowest to grow is billed every minute or two. */
const PATIENCE_MS = 240_000;

const NO_RATE = 'a rate needs ten minutes of billed time';
const NO_CORRECTION = 'nothing need be taken back in the first minute';
const NO_DRIFT = 'a poll need not have met the undocumented currency yet';
const NO_GAP = 'every window of the account has been read completely';
const NO_MONTH = 'Prometheus has not recorded last month';
const NO_MINUTE = 'run time is billed by the minute, and this may be over before one is';
const NO_IDLE = 'the deployments of the demo are asked, except for a minute at times';
const NO_FAILURE = 'no outage need have come yet';
const NO_FOLD = 'the demo stays below maxSeries';
const YOUNG = 'the demo reads Northflank and Anthropic from yesterday on';
const COMPLETED_DAYS = 'OpenRouter bills completed days only, and has 30 of them';
const UNTOLD = 'the provider does not report it';

/** OpenRouter reports a day from 00:30 UTC of the next, and Northflank an hour once it has ended. */
const STARTED = Date.now();
const IN_DAY = STARTED - floorTo(DAY, STARTED);
const EARLY: readonly (readonly [name: RegExp, reason: string, isSo: boolean])[] = [
  [/^ai-billing-openrouter Yesterday A$/, 'yesterday is not reported yet', IN_DAY < 35 * MINUTE],
  [
    /^ai-billing-openrouter Month to date A$/,
    'no day of the month is reported yet',
    STARTED - startOfMonth(STARTED) < DAY + 35 * MINUTE,
  ],
  [
    /^ai-billing-northflank Platform, BYOC, egress and load balancers D$/,
    'no hour has ended',
    IN_DAY < 65 * MINUTE,
  ],
];

/** Expressions that need not have data in the first minute of the demo, as dashboard, panel and query; and why. */
const EMPTY: readonly (readonly [name: RegExp, reason: string])[] = [
  [
    / (Spend|Tokens|Requests|Model API tokens) per hour( by (provider|model|resource|app|type))? [AB]$/,
    NO_RATE,
  ],
  [/ Incomplete accounts [A-D]$/, NO_GAP],
  [/^ai-billing-overview Against last month A$/, NO_MONTH],
  [
    /^ai-billing-overview Forecast of the tightest budget [AB]$/,
    'the tightest budget is over its limit, or not',
  ],
  [/^ai-billing-baseten Deployments: run time and requests [ABEF]$/, NO_MINUTE],
  [/^ai-billing-baseten Idle spend of 24 hours A$/, NO_IDLE],
  [
    /^ai-billing-(venice|budgets|corrections) Top-ups per day A$/,
    'nothing need be bought in the first minute',
  ],
  [/^ai-billing-venice Units by SKU A$/, 'no image or search need be billed in the first minute'],
  [/^ai-billing-venice Unit prices that changed A$/, 'no price of Venice.ai changes in the first minute'],
  [
    /^ai-billing-northflank (Last month A|Platform, BYOC, egress and load balancers E|Top resources by cost D)$/,
    YOUNG,
  ],
  [/^ai-billing-anthropic Last month A$/, YOUNG],
  [/^ai-billing-(openai|anthropic|runpod) (Balance by currency|Days of runway) A$/, UNTOLD],
  [/^ai-billing-(openai|anthropic) Spend per day by component A$/, UNTOLD],
  [/^ai-billing-runpod (Tokens per hour by type|Requests per hour by model) A$/, UNTOLD],
  [/^ai-billing-anthropic (Requests per hour by model A|Top spenders D)$/, UNTOLD],
  [/^ai-billing-runpod Spend per day by component A$/, 'RunPod bills every five minutes in the demo'],
  [/^ai-billing-openrouter (Today|Yesterday|Month to date|Last month|Top spenders) [A-D]$/, COMPLETED_DAYS],
  [/^ai-billing-openrouter (Spend per day by component|Spend per day by tier) A$/, COMPLETED_DAYS],
  [/^ai-billing-northflank (Components of resources|Spend per day by component) A$/, 'no hour has ended yet'],
  [
    /^ai-billing-corrections (Top corrections [AB]|Corrections per day A|.* taken back A|Top-up refunds per day A)$/,
    NO_CORRECTION,
  ],
  [/ (Unconverted amounts per day|Kinds of contract drift|Contract drift per (day|hour)) A$/, NO_DRIFT],
  [/^ai-billing-health (Failed polls per hour by reason|Retries per hour) A$/, NO_FAILURE],
  [/^ai-billing-health (Points not delivered|Push retries) per hour A$/, NO_FAILURE],
  [/^ai-billing-health Label sets in overflow per hour A$/, NO_FOLD],
];

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
  ai_billing_unconverted_amount_total: NO_DRIFT,
  ai_billing_unconverted_corrections_amount_total: NO_DRIFT,
};

/** Whether there is a reason for missing data. */
function isExplained(name: string): boolean {
  const isEarly = EARLY.some(([pattern, , isSo]) => isSo && pattern.test(name));
  return isEarly || EMPTY.some(([pattern]) => pattern.test(name)) || (name.split(' ').at(-1) ?? '') in LATER;
}

interface Question {
  readonly expr: string;
  /** How far the bars of the panel are apart. */
  readonly stepMs?: number | undefined;
}

function stepOf({ interval }: Panel): number | undefined {
  return interval === undefined ? undefined : { '1h': HOUR, '1d': DAY }[interval];
}

/** As Grafana asks for bars: at the starts of buckets, up to the current one. */
function answersTo({ expr, stepMs }: Question, prometheus: Prometheus): Promise<readonly unknown[]> {
  if (stepMs === undefined) return prometheus.query(expr);
  const end = floorTo(stepMs, Date.now());
  return prometheus.queryRange(expr, { start: end - 32 * stepMs, end, stepMs });
}

/** The queries of panels by their place, of recording rules, and of alerts. */
const ASKED = new Map<string, Question>([
  ...rules.flatMap((rule) =>
    isAlert(rule)
      ? selectionsOf(rule.expr).map(({ metric }) => [`${rule.alert} ${metric}`, { expr: metric }] as const)
      : [[rule.record, { expr: rule.record }] as const],
  ),
  ...dashboards.flatMap((dashboard) =>
    panelsOf(dashboard).flatMap((panel) =>
      panel.targets.map(({ refId, expr }) => {
        const question = { expr: filledIn(expr, dashboard), stepMs: stepOf(panel) };
        return [`${dashboard.uid} ${panel.title} ${refId}`, question] as const;
      }),
    ),
  ),
]);

realServerTest(
  'dashboards: every panel and every rule has data in the demo',
  ['prometheus'],
  async (context) => {
    for (const [pattern] of [...EMPTY, ...EARLY])
      assert.ok(
        [...ASKED.keys()].some((name) => pattern.test(name)),
        String(pattern),
      );
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
    const unexplained = missing.filter((name) => !isExplained(name));
    assert.deepEqual(
      unexplained.map((name) => `${name}: ${ASKED.get(name)?.expr}`),
      [],
    );
    await context.test('demo: every family of the catalog has a sample, and what is wrong has a count', () =>
      showsEveryFamily(url),
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
      if ((await answersTo(ASKED.get(name) ?? { expr: '' }, prometheus)).length > 0) found.add(name);
    missing = missing.filter((name) => !found.has(name));
  }
  return missing;
}

/** The undocumented currency is charged every two minutes. */
const FAMILIES_MS = 240_000;

/** Families of which the demo must have counted something. */
const COUNTED = [METRICS.contractDrift, METRICS.unconverted, METRICS.otlpPoints].map(({ name }) => name);

async function showsEveryFamily(url: string): Promise<void> {
  const names = Object.values<Metric>(METRICS).flatMap(({ name, type, corrections }) =>
    type === 'histogram' ? [`${name}_bucket`] : [name, ...(corrections ? [corrections.name] : [])],
  );
  const deadline = performance.now() + FAMILIES_MS;
  for (let missing = names; missing.length > 0; await wait(1000)) {
    const page = await (await fetch(`${url}/metrics`)).text();
    const samples = new Map<string, number>();
    for (const [, name = '', value] of page.matchAll(/^(\w+)(?:\{.*\})? (\S+)$/gm))
      samples.set(name, Math.max(samples.get(name) ?? 0, Number(value)));
    missing = names.filter((name) => {
      const highest = samples.get(name);
      return highest === undefined || (COUNTED.includes(name) && highest === 0);
    });
    assert.ok(missing.length === 0 || performance.now() < deadline, missing.join(', '));
  }
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
