import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { serveOnLoopback } from '../support/exporter/loopback.ts';
import { startAlerting, waitForNotification } from '../support/programs/alerting.ts';
import { type PostedAlert, shippedConfig, startAlertmanager } from '../support/programs/alertmanager.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import type { ScrapeTarget } from '../support/programs/prometheus.ts';
import { startWebhook } from '../support/programs/webhook.ts';

const FEED = { provider: 'venice', account: 'prod', feed: 'usage' };
const RUNBOOK = /^https:\/\/.+\/docs\/runbooks\/AiBillingFeedDown\.md$/;

realServerTest(
  'alerting: an outage notifies with its runbook and resolves when it ends',
  ['prometheus', 'alertmanager'],
  async (context) => {
    const provider = { isUp: true };
    const target = await serveFeed(context, provider);
    const { prometheus, webhook } = await startAlerting(context, { targets: [target], holdFor: '1s' });
    await prometheus.scraped();
    provider.isUp = false;
    const page = await waitForNotification(webhook, 'AiBillingFeedDown', 'firing');
    assert.equal(page.receiver, 'warning');
    assert.match(page.annotations.summary ?? '', /^Venice\.ai\/prod: the feed usage /);
    assert.ok((page.annotations.description ?? '').length > 40);
    assert.match(page.annotations.runbook_url ?? '', RUNBOOK);

    // If Prometheus starts slowly, the alert about the missing total comes first.
    const title = `[FIRING] ${page.annotations.summary}`;
    const slack = await webhook.received(title, (posted) => {
      const message = slackMessage(posted);
      return message?.title === title ? message : undefined;
    });
    assert.equal(slack.color, 'warning');
    assert.match(slack.title_link, RUNBOOK);
    for (const part of ['summary', 'description', 'runbook_url'])
      assert.ok(slack.text.includes(page.annotations[part] ?? 'nothing'), part);
    const event = await webhook.received('an event to PagerDuty', (posted) => {
      const found = pagerDutyEvent(posted);
      return found?.payload.summary === title ? found : undefined;
    });
    assert.equal(event.payload.severity, 'warning');
    assert.equal(event.links[0]?.href, page.annotations.runbook_url);

    provider.isUp = true;
    const end = await waitForNotification(webhook, 'AiBillingFeedDown', 'resolved');
    assert.equal(end.receiver, 'warning');
  },
);

realServerTest(
  'alerting: an alert for the cause inhibits the alerts for its symptoms',
  ['alertmanager'],
  async (context) => {
    const webhook = await startWebhook(context);
    const alertmanager = await startAlertmanager(context, await shippedConfig(webhook.url));
    const { provider, account } = FEED;
    const alerts = (causes: readonly PostedAlert[]) => [
      ...causes,
      alert('AiBillingFeedDown', 'warning', FEED),
      alert('AiBillingFeedDown', 'warning', { ...FEED, account: 'other' }),
      alert('AiBillingDataStale', 'warning', { ...FEED, account: 'other' }),
      alert('AiBillingBudgetReached', 'info', { budget: 'all', threshold: '0.8' }),
      alert('AiBillingBudgetForecastOver', 'warning', { budget: 'all' }),
      alert('AiBillingBudgetForecastOver', 'warning', { budget: 'other' }),
      alert('AiBillingRunwayShort', 'warning', { provider, account }),
      alert('AiBillingRunwayShort', 'warning', { provider, account: 'other' }),
      alert('AiBillingTotalUnknown', 'warning', { account: 'all' }),
    ];
    const suppressed = async () => {
      const known = await alertmanager.alerts();
      const all = known
        .filter(({ status }) => status.state === 'suppressed')
        .map(({ labels }) => nameOf(labels));
      return all.sort();
    };
    const becomes = async (causes: readonly PostedAlert[], expected: readonly string[]) => {
      await alertmanager.tell(alerts(causes));
      const deadline = performance.now() + 15_000;
      while ((await suppressed()).join() !== expected.join() && performance.now() < deadline) await wait(100);
      assert.deepEqual(await suppressed(), expected);
    };
    await becomes([], ['AiBillingDataStale other', 'AiBillingTotalUnknown all']);
    await becomes(
      [
        alert('AiBillingCredentialsRefused', 'warning', { provider, account }),
        alert('AiBillingBudgetExceeded', 'critical', { budget: 'all' }),
        alert('AiBillingRunwayEnding', 'critical', { provider, account }),
      ],
      [
        'AiBillingBudgetForecastOver all',
        'AiBillingBudgetReached all',
        'AiBillingDataStale other',
        'AiBillingFeedDown prod',
        'AiBillingRunwayShort prod',
        'AiBillingTotalUnknown all',
      ],
    );
    await becomes(
      [alert('AiBillingExporterDown', 'critical', { job: 'ai-billing' })],
      [
        'AiBillingBudgetForecastOver all',
        'AiBillingBudgetReached all',
        'AiBillingDataStale other',
        'AiBillingFeedDown other',
        'AiBillingFeedDown prod',
        'AiBillingRunwayShort prod',
        'AiBillingTotalUnknown all',
      ],
    );
  },
);

function alert(alertname: string, severity: string, labels: Readonly<Record<string, string>>): PostedAlert {
  return { labels: { alertname, severity, ...labels }, annotations: { summary: alertname } };
}

function nameOf({ alertname, account, budget }: Readonly<Record<string, string>>): string {
  return `${alertname} ${account ?? budget}`;
}

/** A page with one feed. While its provider is down, each scrape finds one more failed poll. */
async function serveFeed(context: TestContext, provider: { readonly isUp: boolean }): Promise<ScrapeTarget> {
  const labels = Object.entries(FEED)
    .map(([name, value]) => `${name}="${value}"`)
    .join();
  let [polls, failures] = [0, 0];
  const address = await serveOnLoopback(context, (_, response) => {
    polls += 1;
    if (!provider.isUp) failures += 1;
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(
      `ai_billing_up{${labels}} ${Number(provider.isUp)}
ai_billing_polls_total{${labels}} ${polls}
ai_billing_poll_failures_total{${labels},reason="server"} ${failures}
`,
    );
  });
  return { address, job: 'ai-billing' };
}

type Received = { readonly path: string; readonly body: unknown };

function slackMessage({ path, body }: Received) {
  const Message = z.object({
    attachments: z.tuple([
      z.object({ color: z.string(), title: z.string(), title_link: z.string(), text: z.string() }),
    ]),
  });
  return path === '/slack' ? Message.parse(body).attachments[0] : undefined;
}

function pagerDutyEvent({ path, body }: Received) {
  const Event = z.object({
    payload: z.object({ summary: z.string(), severity: z.string() }),
    links: z.array(z.object({ href: z.string() })),
  });
  return path === '/pagerduty' ? Event.parse(body) : undefined;
}
