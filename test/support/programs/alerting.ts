import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { THRESHOLDS } from '../../../deploy/prometheus/src/thresholds.ts';
import { type Alertmanager, shippedConfig, startAlertmanager } from './alertmanager.ts';
import { type Prometheus, type ScrapeTarget, startPrometheus } from './prometheus.ts';
import { startWebhook, type Webhook } from './webhook.ts';

const RULES = join(import.meta.dirname, '../../../deploy/prometheus/rules');

/** Prometheus with our rules, Alertmanager with our configuration, and a webhook that receives its notifications. */
export interface Alerting {
  readonly prometheus: Prometheus;
  readonly alertmanager: Alertmanager;
  readonly webhook: Webhook;
}

/** How the chain differs from the shipped configuration. */
export interface AlertingOptions {
  readonly targets: readonly ScrapeTarget[];
  /** Replaces every `for`, and the time that a budget must be above a threshold; `keep_firing_for` is removed. */
  readonly holdFor: string;
  /** Further changes to the text of a rule file. */
  readonly edit?: (rules: string) => string;
  readonly intervalMs?: number;
}

/** Starts the whole chain from a scrape to a notification; it ends with its test. */
export async function startAlerting(context: TestContext, options: AlertingOptions): Promise<Alerting> {
  const webhook = await startWebhook(context);
  const alertmanager = await startAlertmanager(context, await shippedConfig(webhook.url));
  const prometheus = await startPrometheus(context, {
    targets: options.targets,
    intervalMs: options.intervalMs ?? 200,
    rules: await rulesWithoutDelay(context, options),
    alertmanagers: [new URL(alertmanager.url).host],
  });
  return { prometheus, alertmanager, webhook };
}

/** Copies of the rule files without their delays. */
export async function rulesWithoutDelay(
  context: TestContext,
  { holdFor, edit = (text) => text }: Pick<AlertingOptions, 'holdFor' | 'edit'>,
): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rules-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const names = (await readdir(RULES)).filter((name) => name.endsWith('.yml'));
  for (const name of names) {
    const text = await readFile(join(RULES, name), 'utf8');
    const impatient = text
      .replace(/^( +)for: .*$/gm, `$1for: ${holdFor}`)
      .replaceAll(`[${THRESHOLDS.budgetReachedFor}]`, `[${holdFor}]`)
      .replace(/^ +keep_firing_for: .*\n/gm, '')
      .replace(/^ +interval: .*\n/gm, '');
    await writeFile(join(folder, name), edit(impatient));
  }
  return names.map((name) => join(folder, name));
}

/** The body that Alertmanager posts to a webhook. */
export const Notification = z.object({
  receiver: z.string(),
  status: z.enum(['firing', 'resolved']),
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});

export type Notification = z.infer<typeof Notification>;

/** One alert of a notification, and its receiver. */
export type NotifiedAlert = Notification['alerts'][number] & { readonly receiver: string };

/** Waits for the notification that an alert fires or is resolved. */
export function waitForNotification(
  webhook: Webhook,
  alertname: string,
  status: NotifiedAlert['status'],
): Promise<NotifiedAlert> {
  return webhook.received(`that ${alertname} is ${status}`, ({ body }) => {
    const { data } = Notification.safeParse(body);
    const alert = data?.alerts.find(
      ({ labels, ...each }) => labels.alertname === alertname && each.status === status,
    );
    return data && alert && { ...alert, receiver: data.receiver };
  });
}
