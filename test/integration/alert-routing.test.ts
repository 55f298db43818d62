import assert from 'node:assert/strict';
import { Notification } from '../support/programs/alerting.ts';
import { shippedConfig, startAlertmanager } from '../support/programs/alertmanager.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { startWebhook, type Webhook } from '../support/programs/webhook.ts';

/** So long is a day of the shipped configuration here. */
const DAY_MS = 3000;
/** Repeats are never early; when one is seen is a matter of milliseconds. */
const ALMOST_A_DAY_MS = 0.9 * DAY_MS;

realServerTest(
  'alerting: a budget notifies at each threshold, then once per day, even if it is critical',
  ['alertmanager'],
  async (context) => {
    const webhook = await startWebhook(context);
    const alertmanager = await startAlertmanager(
      context,
      await shippedConfig(webhook.url, { dayMs: DAY_MS }),
    );
    const budget = (threshold: string, endsAt?: string) => ({
      labels: { alertname: 'AiBillingBudgetExceeded', severity: 'critical', budget: 'all', threshold },
      ...(endsAt && { endsAt }),
    });
    await alertmanager.tell([budget('1')]);
    await nth(webhook, '/critical', 1);
    const started = performance.now();
    await alertmanager.tell([budget('1', new Date().toISOString()), budget('1.2')]);
    const next = await nth(webhook, '/critical', 2);
    assert.ok(performance.now() - started < ALMOST_A_DAY_MS, 'the next threshold is told at once');
    assert.deepEqual(next.alerts.map(({ status, labels }) => `${labels.threshold} ${status}`).sort(), [
      '1 resolved',
      '1.2 firing',
    ]);
    await nth(webhook, '/critical', 4);
    assert.ok(performance.now() - started > 2 * ALMOST_A_DAY_MS, 'two repeats take two days');
  },
);

realServerTest(
  'alerting: info alerts are one daily digest, and a summary has its own receiver',
  ['alertmanager'],
  async (context) => {
    const webhook = await startWebhook(context);
    const alertmanager = await startAlertmanager(
      context,
      await shippedConfig(webhook.url, { dayMs: DAY_MS }),
    );
    const info = (alertname: string, more = {}) => ({ labels: { alertname, severity: 'info', ...more } });
    await alertmanager.tell([
      info('AiBillingNewSpend', { provider: 'venice', account: 'prod' }),
      info('AiBillingPriceChanged', { provider: 'baseten', account: 'prod' }),
      info('AiBillingWeeklySummary', { report: 'weekly' }),
    ]);
    const digest = await nth(webhook, '/info', 1);
    const started = performance.now();
    assert.deepEqual(namesOf(digest), ['AiBillingNewSpend', 'AiBillingPriceChanged']);
    await alertmanager.tell([info('AiBillingCorrections', { provider: 'venice', account: 'prod' })]);
    const second = await nth(webhook, '/info', 2);
    assert.ok(performance.now() - started > ALMOST_A_DAY_MS, 'the next digest is sent a day later');
    assert.ok(namesOf(second).includes('AiBillingCorrections'));
    assert.deepEqual(namesOf(await nth(webhook, '/summary', 1)), ['AiBillingWeeklySummary']);
  },
);

/** Waits for the nth notification at a path. */
function nth(webhook: Webhook, path: string, count: number) {
  return webhook.received(`${count} notifications at ${path}`, () => {
    const posted = webhook.posted().filter((one) => one.path === path)[count - 1];
    return posted && Notification.parse(posted.body);
  });
}

function namesOf({ alerts }: Notification): string[] {
  return alerts.map(({ labels }) => labels.alertname ?? '').sort();
}
