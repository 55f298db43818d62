import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { startDaemon } from '../exporter/child.ts';
import { onEnd } from '../exporter/process.ts';
import { binary } from './binaries.ts';

/** Our configuration and templates, as they are shipped. */
export const ALERTMANAGER_FOLDER = join(import.meta.dirname, '../../../deploy/alertmanager');

/** An alert as it is posted to Alertmanager. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Resolved from then on. */
  readonly endsAt?: string;
}

const Alerts = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    receivers: z.array(z.object({ name: z.string() })),
    status: z.object({ state: z.enum(['active', 'suppressed', 'unprocessed']) }),
  }),
);

/** An alert in Alertmanager; `suppressed` while another one inhibits it. */
export type KnownAlert = z.infer<typeof Alerts>[number];

/** A real Alertmanager that runs until its test ends. */
export interface Alertmanager {
  readonly url: string;
  /** Posts alerts, as Prometheus would. */
  tell(alerts: readonly PostedAlert[]): Promise<void>;
  alerts(): Promise<KnownAlert[]>;
  log(): string;
}

/** Starts an Alertmanager, alone, on a free loopback port. `config` is the text of its configuration. */
export async function startAlertmanager(context: TestContext, config: string): Promise<Alertmanager> {
  const folder = await mkdtemp(join(tmpdir(), 'alertmanager-'));
  onEnd(context, () => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'alertmanager.yml');
  await writeFile(file, config);
  const path = await binary('alertmanager');
  if (path === undefined) throw new Error('alertmanager is not available: use realServerTest');
  const daemon = await startDaemon({
    path,
    args: [
      `--config.file=${file}`,
      `--storage.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--cluster.listen-address=',
    ],
    listening: /Listening on"?.*? address=(127\.0\.0\.1:\d+)/,
  });
  onEnd(context, () => daemon.stop());
  const url = `http://${daemon.address}`;
  const ask = async (init: RequestInit = {}) => {
    const response = await fetch(`${url}/api/v2/alerts`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`Alertmanager answers ${response.status}: ${text}\n${daemon.log()}`);
    return text;
  };
  return {
    url,
    async tell(alerts) {
      const headers = { 'content-type': 'application/json' };
      await ask({ method: 'POST', headers, body: JSON.stringify(alerts) });
    },
    alerts: async () => Alerts.parse(JSON.parse(await ask())),
    log: daemon.log,
  };
}

const Receiver = z.looseObject({ name: z.string() });
type RouteTree = z.infer<typeof Node> & { readonly routes?: readonly RouteTree[] | undefined };
const Node = z.looseObject({});
const Route: z.ZodType<RouteTree> = z.looseObject({
  get routes() {
    return z.array(Route).optional();
  },
});
const Config = z.looseObject({ route: Route, receivers: z.array(Receiver) });

/**
 * Our configuration with test receivers: each severity's receiver posts to `<webhook>/<severity>`, and in the forms of the examples
 * for Slack and PagerDuty to `<webhook>/slack` and `<webhook>/pagerduty`. All waits are removed, so that tests do not wait; or with
 * `dayMs`, all times pass so much faster that this is a day.
 */
export async function shippedConfig(webhook: string, { dayMs }: { dayMs?: number } = {}): Promise<string> {
  const text = await readFile(join(ALERTMANAGER_FOLDER, 'alertmanager.yml'), 'utf8');
  const config = Config.parse(parse(text));
  const timed = (route: RouteTree): RouteTree => ({
    ...(dayMs === undefined ? { ...route, group_wait: '0s', group_interval: '1s' } : hurried(route, dayMs)),
    ...(route.routes && { routes: route.routes.map(timed) }),
  });
  const examples = Object.assign({}, ...config.receivers.map((receiver) => exampleAt(webhook, receiver)));
  const receivers = config.receivers.map(({ name }) => ({
    name,
    webhook_configs: [{ url: `${webhook}/${name}` }],
    ...(name === 'critical' || name === 'warning' || name === 'info' ? examples : {}),
  }));
  return JSON.stringify({
    ...config,
    templates: [join(ALERTMANAGER_FOLDER, '*.tmpl')],
    route: timed(config.route),
    receivers,
  });
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The route with its waits and intervals scaled. */
function hurried(route: RouteTree, dayMs: number): RouteTree {
  const scaled = Object.entries(route).map(([key, value]) => {
    const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(typeof value === 'string' ? value : '') ?? [];
    if (count === undefined) return [key, value];
    const ms = (Number(count) * (UNITS_MS[unit] ?? 0) * dayMs) / 86_400_000;
    return [key, `${Math.max(1, Math.round(ms))}ms`];
  });
  return Object.fromEntries(scaled);
}

/** The block of an example, with an address and a secret of its own. */
function exampleAt(webhook: string, receiver: z.infer<typeof Receiver>): object {
  const list = z.array(z.record(z.string(), z.unknown()));
  const of = (key: string, secret: string, own: object) => {
    if (!(key in receiver)) return {};
    const blocks = list.parse(receiver[key]).map((block) => ({ ...without(block, secret), ...own }));
    return { [key]: blocks };
  };
  return {
    ...of('slack_configs', 'api_url_file', { api_url: `${webhook}/slack` }),
    ...of('pagerduty_configs', 'routing_key_file', {
      url: `${webhook}/pagerduty`,
      routing_key: 'a'.repeat(32),
    }),
  };
}

function without(block: Readonly<Record<string, unknown>>, key: string): object {
  return Object.fromEntries(Object.entries(block).filter(([name]) => name !== key));
}
