import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { dashboardFiles, dashboardsPage } from '../grafana/src/generate.ts';
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
