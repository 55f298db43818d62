import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { SEVERITIES } from '../../deploy/prometheus/src/rule.ts';
import { COMPOSE_FOLDER, readCompose } from '../support/deploy/compose.ts';
import { run } from '../support/exporter/child.ts';
import { folderOf, start } from '../support/exporter/process.ts';
import { ALERTMANAGER_FOLDER, shippedConfig, startAlertmanager } from '../support/programs/alertmanager.ts';
import { binary, realServerTest } from '../support/programs/binaries.ts';
import { startPrometheus } from '../support/programs/prometheus.ts';

const ROUTING = join(ALERTMANAGER_FOLDER, 'alertmanager.yml');
const SCRAPING = join(import.meta.dirname, '../../deploy/prometheus/prometheus.yml');

realServerTest('stack: promtool accepts the Prometheus configuration', ['promtool'], async (_, pathOf) => {
  const { code, output } = await run(pathOf('promtool'), ['check', 'config', SCRAPING]);
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /WARN|no rule files/i);
});

realServerTest('stack: amtool accepts the Alertmanager configuration', ['amtool'], async (_, pathOf) => {
  const { code, output } = await run(pathOf('amtool'), ['check-config', ROUTING]);
  assert.equal(code, 0, output);
  assert.match(output, /7 receivers[\s\S]*1 templates\s+SUCCESS/);
});

realServerTest('stack: Alertmanager routes each severity to its receiver', ['amtool'], async (_, pathOf) => {
  const receiverOf = async (...labels: string[]) => {
    const args = ['config', 'routes', 'test', `--config.file=${ROUTING}`, ...labels];
    const { code, output } = await run(pathOf('amtool'), args);
    assert.equal(code, 0, output);
    return output.replace(/^Warning: .*\n/m, '').trim();
  };
  for (const severity of SEVERITIES)
    assert.equal(await receiverOf(`severity=${severity}`, 'alertname=AiBillingFeedDown'), severity);
  assert.equal(await receiverOf('alertname=SomebodyElses'), 'warning');
  for (const severity of SEVERITIES)
    assert.equal(await receiverOf(`severity=${severity}`, 'budget=all'), severity);
  assert.equal(await receiverOf('severity=info', 'report=weekly'), 'summary');
});

const RUNBOOK = 'https://x.example/docs/runbooks';
const OVERRUN = {
  status: 'firing',
  labels: { alertname: 'AiBillingBudgetExceeded', severity: 'critical', budget: 'all' },
  annotations: {
    summary: 'The budget all is overrun: $5012.34 spent.',
    description: 'Spent $5012.34 of $5000.00.',
    runbook_url: `${RUNBOOK}/AiBillingBudgetExceeded.md`,
  },
  startsAt: '2026-11-22T02:17:05+01:00',
};

/** A notification, as Alertmanager passes it to a template. */
function notification(alerts: readonly (typeof OVERRUN)[]): object {
  const [first = OVERRUN, second] = alerts;
  const { alertname, severity } = first.labels;
  const common = second === undefined ? first.annotations : { runbook_url: first.annotations.runbook_url };
  return {
    receiver: severity,
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts,
    groupLabels: { alertname },
    commonLabels: { alertname, severity },
    commonAnnotations: common,
    externalURL: 'http://localhost:9093',
  };
}

const OVER = { ...OVERRUN, status: 'resolved' };
const TEXT = `The budget all is overrun: $5012.34 spent.
Spent $5012.34 of $5000.00.
Severity: critical, since 2026-11-22 01:17 UTC
Runbook: ${RUNBOOK}/AiBillingBudgetExceeded.md`;
const BARE = { ...notification([OVERRUN]), commonLabels: {}, commonAnnotations: {}, groupLabels: {} };

/** A threshold of a budget; it resolves when the next one is reached. */
function budgetReached(status: string, threshold: string): typeof OVERRUN {
  const labels = { ...OVERRUN.labels, alertname: 'AiBillingBudgetReached', threshold };
  return {
    ...OVERRUN,
    status,
    labels,
    annotations: { ...OVERRUN.annotations, summary: `${threshold} reached.` },
  };
}
const NEXT = [budgetReached('resolved', '0.5'), budgetReached('firing', '0.8')];
const DIGEST = {
  ...notification([OVERRUN, OVERRUN]),
  groupLabels: { severity: 'info' },
  commonAnnotations: {},
};
const WEEKLY = {
  ...OVERRUN,
  labels: { ...OVERRUN.labels, alertname: 'AiBillingWeeklySummary', report: 'weekly' },
  annotations: { ...OVERRUN.annotations, summary: 'AI spend of the last 7 days: $504.' },
};
const SUMMARY = { ...notification([WEEKLY]), commonLabels: { report: 'weekly' } };

const RENDERED: readonly [template: string, data: object, text: string][] = [
  ['title', notification([OVERRUN]), '[FIRING] The budget all is overrun: $5012.34 spent.'],
  ['title', notification([OVERRUN, OVERRUN]), '[FIRING 2] AiBillingBudgetExceeded'],
  ['title', notification([OVER]), '[RESOLVED] The budget all is overrun: $5012.34 spent.'],
  ['title', { ...BARE, alerts: [OVERRUN, OVERRUN] }, '[FIRING 2] 2 alerts'],
  ['title', notification(NEXT), '[FIRING] 0.8 reached.'],
  ['text', notification(NEXT), TEXT.replace(/^.*/, '0.8 reached.')],
  ['title', DIGEST, '[FIRING 2] Daily digest'],
  ['title', SUMMARY, 'AI spend of the last 7 days: $504.'],
  ['text', notification([OVERRUN]), TEXT],
  [
    'text',
    SUMMARY,
    `AI spend of the last 7 days: $504.\nSpent $5012.34 of $5000.00.\nRunbook: ${RUNBOOK}/AiBillingBudgetExceeded.md`,
  ],
  ['text', notification([OVERRUN, OVER]), `${TEXT}\n\nResolved: ${TEXT}`],
  ['runbook', notification([OVERRUN, OVER]), `${RUNBOOK}/AiBillingBudgetExceeded.md`],
  ['runbook', BARE, 'http://localhost:9093'],
  ['severity', notification([OVERRUN]), 'critical'],
  ['severity', BARE, 'warning'],
  ['color', notification([OVERRUN]), 'danger'],
  ['color', notification([OVER]), 'good'],
  ['color', BARE, 'warning'],
];

realServerTest(
  'stack: notification templates show the cost and what to do',
  ['amtool'],
  async (context, pathOf) => {
    const file = join(await folderOf(context), 'data.json');
    for (const [template, data, text] of RENDERED) {
      await writeFile(file, JSON.stringify(data));
      const { code, output } = await run(pathOf('amtool'), [
        ...['template', 'render', `--template.glob=${ALERTMANAGER_FOLDER}/*.tmpl`, `--template.data=${file}`],
        `--template.text={{ template "ai_billing.${template}" . }}`,
      ]);
      assert.deepEqual([code, output.replace(/\n$/, '')], [0, text], template);
    }
  },
);

realServerTest(
  'stack: health checks pass for running servers and fail for stopped ones',
  ['prometheus', 'promtool', 'alertmanager', 'amtool'],
  async (context) => {
    const prometheus = await startPrometheus(context, { targets: [] });
    const alertmanager = await startAlertmanager(context, await shippedConfig('http://127.0.0.1:9'));
    const { services } = await readCompose();
    const check = async (service: string, url: string) => {
      const [, name, ...args] = services[service]?.healthcheck?.test ?? [];
      assert.ok(name === 'promtool' || name === 'amtool', name);
      const own = args.map((arg) => arg.replace(/http:\/\/localhost:\d+/, url));
      assert.notDeepEqual(own, args);
      return (await run((await binary(name)) ?? '', own)).code;
    };
    for (const [service, { url }] of [
      ['prometheus', prometheus],
      ['alertmanager', alertmanager],
    ] as const) {
      assert.equal(await check(service, url), 0, service);
      assert.notEqual(await check(service, 'http://127.0.0.1:9'), 0, service);
    }
  },
);

test('stack: the webhook prints notifications and rejects anything else', async (context) => {
  const printer = start(context, ['0'], { program: join(COMPOSE_FOLDER, 'print-notifications.js') });
  const [, port] = await printer.said(/listening on port (\d+)/);
  const post = (body: string) => fetch(`http://127.0.0.1:${port}/critical`, { method: 'POST', body });
  assert.equal((await post(JSON.stringify(notification([OVERRUN])))).status, 200);
  assert.equal((await post('nonsense')).status, 400);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  await printer.said(
    /^critical firing AiBillingBudgetExceeded: .*\$5012\.34 spent\.\n {2}Spent .*\n {2}https:\S+\.md$/m,
  );
  assert.equal((await printer.end('SIGTERM')).code, 0);
});
