import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { TOPICS } from '../../../grafana/src/topics.ts';
import { GROUPS } from './groups.ts';
import { PANELS } from './panels.ts';
import { type Alert, type Group, isAlert, type Rule } from './rule.ts';
import { RUNBOOKS } from './thresholds.ts';

/** The rule files by name, in Prometheus' format. */
export function ruleFiles(): Map<string, string> {
  return new Map(GROUPS.map((group) => [`${group.name}.yml`, fileOf(group)]));
}

function fileOf({ name, about, interval, rules }: Group): string {
  const head = `# ${about}\n# Generated from deploy/prometheus/src by \`npm run generate\`.\n`;
  const group = { name, ...(interval && { interval }), rules: rules.map(ruleOf) };
  return head + stringify({ groups: [group] }, { lineWidth: 120, blockQuote: 'literal' });
}

function ruleOf(rule: Rule): object {
  if (!isAlert(rule)) return { record: rule.record, expr: rule.expr };
  return {
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.for && { for: rule.for }),
    ...(rule.keepFiringFor && { keep_firing_for: rule.keepFiringFor }),
    labels: labelsOf(rule),
    annotations: annotationsOf(rule),
  };
}

function labelsOf({ severity, report }: Alert): object {
  return { ...(severity !== 'varies' && { severity }), ...(report && { report }) };
}

/** Adds the links to the runbook and the panel to every alert. */
function annotationsOf({ alert, summary, description }: Alert): object {
  const topic = PANELS[alert];
  const panel = topic && TOPICS[topic];
  return {
    summary,
    description,
    runbook_url: `${RUNBOOKS}/${alert}.md`,
    // https://grafana.com/docs/grafana/latest/alerting/alerting-rules/link-alert-rules-to-panels/
    ...(panel && { __dashboardUid__: panel.dashboardUid, __panelId__: String(panel.panelId) }),
  };
}

if (import.meta.main) {
  for (const [name, text] of ruleFiles()) await writeFile(new URL(`../rules/${name}`, import.meta.url), text);
}
