import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { dashboardFiles, dashboardsPage } from '../grafana/src/generate.ts';
import { genericBoard } from '../grafana/src/generic.ts';
import { TOPICS } from '../grafana/src/topics.ts';
import { METRICS, type Metric } from '../src/core/metrics/catalog.ts';
import { PROVIDERS } from '../src/providers/index.ts';
import { DASHBOARD_RULES } from './support/deploy/dashboard-rules.ts';
import { Dashboard, filledIn, panelsOf, usesIn } from './support/deploy/dashboards.ts';
import { EXPOSED, unknownNames } from './support/programs/promql.ts';
import { assertGenerated, assertGeneratedFiles } from './support/rules/generated.ts';

const root = new URL('../', import.meta.url);
const files = dashboardFiles();
const dashboards = [...files.values()].map((text) => Dashboard.parse(JSON.parse(text)));

test('dashboards: the files match their source', async () => {
  const folder = new URL('grafana/dashboards/', root);
  assertGeneratedFiles(await readdir(folder), files.keys());
  for (const [name, text] of files)
    assertGenerated(await readFile(new URL(name, folder), 'utf8'), text, `grafana/dashboards/${name}`);
  const page = await readFile(new URL('docs/dashboards.md', root), 'utf8');
  assertGenerated(page, await dashboardsPage(), 'docs/dashboards.md');
});

for (const { name, findings, spoil } of DASHBOARD_RULES) {
  test(name, () => {
    for (const dashboard of dashboards) assert.deepEqual(findings(dashboard), [], dashboard.title);
  });

  test(`seen when broken: ${name}`, () => {
    for (const dashboard of dashboards) {
      const broken = structuredClone(dashboard);
      spoil(broken);
      assert.notDeepEqual(findings(broken), [], dashboard.title);
    }
  });
}

test('dashboards: every metric and label exists', () => {
  for (const dashboard of dashboards) {
    const targets = panelsOf(dashboard).flatMap((panel) => panel.targets);
    const asked = [...targets, ...dashboard.annotations.list].flatMap(({ expr }) => (expr ? [expr] : []));
    for (const expr of asked) assert.deepEqual(unknownNames(filledIn(expr, dashboard)), [], expr);
    const queries = dashboard.templating.list.filter(({ type }) => type === 'query');
    for (const { query } of queries) {
      const [, selection = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
      assert.deepEqual(unknownNames(`count by (${label}) (${selection})`), [], query);
    }
  }
});

/** Labels whose meaning differs from the variable of the same name, and panels that already filter by a label. */
const OPEN: Readonly<Record<string, readonly string[]>> = {
  ai_billing_usage_by_model_seconds: ['model'], // hardware
  ai_billing_model_cost_today_usd: ['model'], // display names
  ai_billing_api_model_rate_limit: ['model'], // models that were never used, too
  ai_billing_unit_price_usd: ['resource', 'model'], // list prices of Baseten have neither
};

test('dashboards: variables filter every selector that has the label', () => {
  for (const dashboard of dashboards) {
    const variables = dashboard.templating.list
      .filter(({ type }) => type === 'query')
      .map(({ name }) => name);
    for (const { expr } of panelsOf(dashboard).flatMap((panel) => panel.targets))
      for (const { metric, matchers } of usesIn(expr.replaceAll(/\[\$__\w+/g, '[1d'))) {
        const labels = EXPOSED.get(metric) ?? [];
        const due = variables.filter((name) => labels.includes(name) && !OPEN[metric]?.includes(name));
        const missing = due.filter((name) => !matchers.includes(`${name}=~"$${name}"`));
        assert.deepEqual(missing, [], `${dashboard.title}: ${expr}`);
      }
  }
});

/** Families without a panel, and why. */
const UNSHOWN: Readonly<Record<string, string>> = {
  ai_billing_budget_info: 'its labels are those of the alerts',
};

test('dashboards: every catalog family is on a dashboard', () => {
  const shown = new Set(
    dashboards.flatMap((dashboard) =>
      panelsOf(dashboard).flatMap(({ targets }) =>
        targets.flatMap(({ expr }) => usesIn(filledIn(expr, dashboard)).map(({ metric }) => metric)),
      ),
    ),
  );
  const names = Object.values<Metric>(METRICS).flatMap(({ name, type, corrections }) =>
    type === 'histogram' ? [`${name}_bucket`] : [name, ...(corrections ? [corrections.name] : [])],
  );
  assert.deepEqual(
    names.filter((name) => !shown.has(name) && !(name in UNSHOWN)),
    [],
  );
});

test('dashboards: bars begin at their bucket, and look forward', () => {
  const bars = dashboards.flatMap((dashboard) =>
    panelsOf(dashboard).filter(({ fieldConfig }) => fieldConfig?.defaults.custom?.drawStyle === 'bars'),
  );
  assert.ok(bars.length > 20);
  for (const { title, interval = '', fieldConfig, targets } of bars) {
    assert.equal(fieldConfig?.defaults.custom?.barAlignment, 1, title);
    assert.match(interval, /^1[dh]$/, title);
    for (const { expr } of targets) assert.match(expr, /offset -/, title);
  }
});

test('dashboards: every total says of how many accounts it is made', () => {
  const totals = dashboards.flatMap((dashboard) =>
    panelsOf(dashboard).filter(({ title }) =>
      /^(Today|Yesterday|Month to date|Last month|Spend per hour)$/.test(title),
    ),
  );
  assert.ok(totals.length > 20);
  for (const { targets } of totals)
    assert.match(targets[0]?.legendFormat ?? '', /\{\{some\}\} of \{\{all\}\}/);
});

test('dashboards: an empty panel says why, in a sentence', () => {
  for (const dashboard of dashboards)
    for (const { title, fieldConfig } of panelsOf(dashboard))
      assert.match(fieldConfig?.defaults.noValue ?? '', /^[A-Z].{3,}\.$/, `${dashboard.title}: ${title}`);
});

test('dashboards: a single point shows', () => {
  for (const dashboard of dashboards)
    for (const { title, type, fieldConfig } of panelsOf(dashboard))
      if (type === 'timeseries') assert.equal(fieldConfig?.defaults.custom?.showPoints, 'auto', title);
});

test('dashboards: dollars have cents, and prices the digits they need', () => {
  const prices = /per (million|request)|price|Models$/i;
  for (const dashboard of dashboards)
    for (const { title, fieldConfig } of panelsOf(dashboard)) {
      const { unit, decimals } = fieldConfig?.defaults ?? {};
      if (unit === 'currency:financial:$') assert.equal(decimals, 2, title);
      if (unit === 'currencyUSD') assert.match(title, prices);
    }
});

test('dashboards: budgets do not share an axis in dollars', () => {
  const lines = dashboards.flatMap((dashboard) =>
    panelsOf(dashboard).filter(
      ({ type, targets }) => type === 'timeseries' && targets.some(({ expr }) => expr.includes('_budget_')),
    ),
  );
  assert.ok(lines.length > 1);
  for (const { title, repeat, fieldConfig } of lines)
    assert.ok(repeat === 'budget' || fieldConfig?.defaults.unit === 'percentunit', title);
});

test('dashboards: what is not configured by default is in a collapsed row', () => {
  const health = dashboards.find(({ uid }) => uid === 'ai-billing-health');
  const shown = health?.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)) ?? [];
  assert.deepEqual(
    shown.filter((expr) => expr.includes('_otlp_')),
    [],
  );
});

test('dashboards: a provider without a dashboard of its own gets the generic one', () => {
  const { uid, rows } = genericBoard({ id: 'new', title: 'New', freshness: 'Read hourly.' });
  assert.equal(uid, 'ai-billing-new');
  const titles = rows.flatMap(({ panels }) => panels.map(({ title }) => title));
  for (const title of ['Today', 'Spend per day by tier', 'Top spenders', 'Tokens per hour by type'])
    assert.ok(titles.includes(title), title);
});

test('dashboards: every provider has a dashboard', () => {
  const uids = dashboards.map(({ uid }) => uid);
  for (const { id } of PROVIDERS) assert.ok(uids.includes(`ai-billing-${id}`), id);
  assert.equal(new Set(uids).size, uids.length);
});

test('dashboards: every alert topic links to a panel', () => {
  for (const [topic, { dashboardUid, panelId }] of Object.entries(TOPICS)) {
    const dashboard = dashboards.find(({ uid }) => uid === dashboardUid);
    assert.ok(dashboard && panelsOf(dashboard).some(({ id }) => id === panelId), topic);
  }
});

test('dashboards: Grafana provisioning names the data source and the dashboards', async () => {
  const read = async (path: string) =>
    parse(await readFile(new URL(`grafana/provisioning/${path}`, root), 'utf8'));
  const Sources = z.object({
    apiVersion: z.literal(1),
    datasources: z.array(z.object({ type: z.literal('prometheus') })),
  });
  const Folders = z.object({
    apiVersion: z.literal(1),
    providers: z.array(z.object({ type: z.literal('file') })),
  });
  assert.equal(Sources.parse(await read('datasources/prometheus.yml')).datasources.length, 1);
  assert.equal(Folders.parse(await read('dashboards/ai-billing.yml')).providers.length, 1);
});
