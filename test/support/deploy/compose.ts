import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../../..');
/** The folder of `compose.yml`, to which its paths are relative. */
export const COMPOSE_FOLDER = join(ROOT, 'deploy/compose');

const Volume = z.strictObject({
  type: z.enum(['bind', 'volume']),
  source: z.string(),
  target: z.string(),
  read_only: z.boolean().default(false),
  bind: z.strictObject({ selinux: z.literal('z'), create_host_path: z.literal(false) }).optional(),
});

const Service = z.object({
  image: z.string(),
  user: z.string(),
  read_only: z.boolean().default(false),
  restart: z.string().optional(),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(Volume).default([]),
  healthcheck: z.object({ test: z.tuple([z.literal('CMD')], z.string()) }).optional(),
});

const Compose = z.object({
  name: z.string(),
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
});

/** The fields of a service that tests read. */
export type ComposeService = z.infer<typeof Service>;

const Override = z.strictObject({
  name: z.string(),
  services: z.record(
    z.string(),
    z.strictObject({
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.string()).default({}),
      volumes: z.array(Volume).default([]),
    }),
  ),
});

/** `compose.yml` with `compose.real.yml` on top, merged as Compose does: https://docs.docker.com/reference/compose-file/merge/. */
export async function readRealCompose(): Promise<z.infer<typeof Compose>> {
  const { services, ...demo } = await readCompose();
  const text = await readFile(join(COMPOSE_FOLDER, 'compose.real.yml'), 'utf8');
  const { name, services: changes } = Override.parse(parse(text));
  const merged = Object.entries(services).map(([key, service]): [string, ComposeService] => {
    const { command = service.command, environment = {}, volumes = [] } = changes[key] ?? {};
    return [
      key,
      {
        ...service,
        command,
        environment: { ...service.environment, ...environment },
        volumes: [...service.volumes, ...volumes],
      },
    ];
  });
  const unknown = Object.keys(changes).filter((key) => !(key in services));
  if (unknown.length > 0) throw new Error(`compose.real.yml changes services that do not exist: ${unknown}`);
  return { ...demo, name, services: Object.fromEntries(merged) };
}

/** `deploy/compose/compose.yml`, its anchors resolved, its variables not. */
export async function readCompose(): Promise<z.infer<typeof Compose>> {
  const text = await readFile(join(COMPOSE_FOLDER, 'compose.yml'), 'utf8');
  return Compose.parse(parse(text, { merge: true }));
}

/** `prometheus.yml`, as far as addresses are concerned. */
export async function readScrapes() {
  const Addresses = z.array(
    z.object({ static_configs: z.array(z.object({ targets: z.array(z.string()) })) }),
  );
  const Config = z.object({
    global: z.object({ scrape_interval: z.string() }),
    alerting: z.object({ alertmanagers: Addresses }),
    scrape_configs: z.array(Addresses.element.extend({ job_name: z.string() })),
  });
  const { global, alerting, scrape_configs } = Config.parse(
    parse(await readFile(join(ROOT, 'deploy/prometheus/prometheus.yml'), 'utf8')),
  );
  const targets = [...alerting.alertmanagers, ...scrape_configs]
    .flatMap(({ static_configs }) => static_configs)
    .flatMap(({ targets }) => targets);
  const jobs = scrape_configs.map(({ job_name }) => job_name);
  return { intervalSeconds: Number.parseInt(global.scrape_interval, 10), targets, jobs };
}
