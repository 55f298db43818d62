import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ruleFiles } from '../deploy/prometheus/src/generate.ts';
import { GROUPS } from '../deploy/prometheus/src/groups.ts';
import { PANELS } from '../deploy/prometheus/src/panels.ts';
import { isAlert } from '../deploy/prometheus/src/rule.ts';
import { EXPOSED, type Known, selectionsOf, unknownNames } from './support/programs/promql.ts';
import { assertGenerated, assertGeneratedFiles } from './support/rules/generated.ts';

const root = new URL('../', import.meta.url);
const rules = GROUPS.flatMap((group) => group.rules);
const alerts = rules.filter(isAlert);

/** Metrics that rules record, in addition to the exporter's; their labels are not checked. */
const KNOWN: Known = new Map([
  ...EXPOSED,
  ...rules.flatMap((rule): [string, string[]][] =>
    isAlert(rule) ? [] : [[rule.record, [...new Set([...EXPOSED.values()].flat())]]],
  ),
]);

test('rules: the files match their source', async () => {
  const folder = new URL('deploy/prometheus/rules/', root);
  const files = ruleFiles();
  assertGeneratedFiles(await readdir(folder), files.keys());
  for (const [name, text] of files)
    assertGenerated(await readFile(new URL(name, folder), 'utf8'), text, `deploy/prometheus/rules/${name}`);
});

test('rules: every metric and label exists', () => {
  for (const { expr } of rules) assert.deepEqual(unknownNames(expr, KNOWN), [], expr);
});

test('rules: an unknown name is detected', () => {
  assert.deepEqual(unknownNames('rate(ai_billing_cost_total[6h])'), ['the metric ai_billing_cost_total']);
  assert.deepEqual(unknownNames('ai_billing_up{model="x"}'), ['ai_billing_up{model}']);
  assert.deepEqual(unknownNames('sum by (team) (ai_billing_up)'), ['the label team']);
  assert.deepEqual(unknownNames('sum by (x) (label_replace(up, "x", "$1", "job", "(.*)"))'), []);
  assert.throws(() => selectionsOf('sum(('), SyntaxError);
});

test('rules: every alert has a severity, a summary, a description, a runbook, a panel and a test', async () => {
  const tests = await Promise.all(
    (await readdir(new URL('deploy/prometheus/tests/', root))).map((name) =>
      readFile(new URL(`deploy/prometheus/tests/${name}`, root), 'utf8'),
    ),
  );
  for (const { alert, summary, description } of alerts) {
    assert.match(alert, /^AiBilling[A-Z]\w+$/);
    const text = summary.replaceAll(/\{\{.*?\}\}/g, '');
    assert.ok(text.length < 160 && /[.}]$/.test(summary), `${alert}: the summary is one line`);
    assert.ok(description.length > 40, `${alert}: the description says more`);
    const page = await readFile(new URL(`docs/runbooks/${alert}.md`, root), 'utf8');
    for (const heading of [`# ${alert}`, '## What it means', '## How to confirm', '## What to do'])
      assert.ok(page.includes(`${heading}\n`), `${alert}: ${heading}`);
    const own = tests.filter((text) => text.includes(`alertname: ${alert}\n`)).join();
    assert.match(own, /exp_alerts:\n\s+- /, `${alert} is seen to fire`);
    assert.match(own, /exp_alerts: \[\]/, `${alert} is seen to be silent`);
  }
  assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
  assert.deepEqual(alerts.map(({ alert }) => alert).toSorted(), Object.keys(PANELS).toSorted());
});
