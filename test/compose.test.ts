import assert from 'node:assert/strict';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  COMPOSE_FOLDER,
  type ComposeService,
  readCompose,
  readRealCompose,
  readScrapes,
} from './support/deploy/compose.ts';
import { manifestOf } from './support/rules/manifest.ts';

const root = join(import.meta.dirname, '..');
const { name, services, volumes } = await readCompose();
const real = await readRealCompose();
const named = Object.entries(services);
const text = await readFile(join(COMPOSE_FOLDER, 'compose.yml'), 'utf8');
const OWN = 'ai-billing-exporter';

test('compose: every image is pinned to a version, ours to the current one', async () => {
  const { version } = manifestOf(
    new Map([['package.json', await readFile(join(root, 'package.json'), 'utf8')]]),
  );
  for (const [name, { image }] of named) {
    assert.match(image, /^[\w./-]+:v?\d+\.\d+\.\d+$/, name);
    if (image.startsWith(OWN)) assert.equal(image, `${OWN}:${version}`, name);
  }
});

test('compose: no service runs as root, writes to its root file system or listens beyond this machine', () => {
  for (const [name, service] of named) {
    assert.match(service.user, /^[1-9]\d*:\d+$/, name);
    assert.deepEqual(
      [service.read_only, service.cap_drop, service.security_opt, service.restart],
      [true, ['ALL'], ['no-new-privileges:true'], 'unless-stopped'],
      name,
    );
    for (const port of service.ports) assert.match(port, /^127\.0\.0\.1:\$\{[A-Z]+_PORT:-(\d+)\}:\1$/, name);
  }
});

test('compose: every service has a health check, ours from its image', () => {
  const withoutLiveMinutes = named.filter(([, { healthcheck }]) => healthcheck === undefined);
  assert.deepEqual(
    withoutLiveMinutes.map(([name]) => name),
    ['exporter'],
  );
});

test('compose: bind mounts exist, are read-only and readable with SELinux; writable paths are volumes', async () => {
  const mounts = Object.values(real.services).flatMap((service) => service.volumes);
  for (const { type, source, read_only, bind } of mounts) {
    if (type === 'volume') continue;
    assert.equal(read_only, true, source);
    assert.equal(bind?.selinux, 'z', source);
    if (source.startsWith('../../grafana/')) continue; // the test below
    // Created by the user from the example next to it.
    const path = source.replace('ai-billing-exporter.yml', 'ai-billing-exporter.example.yml');
    await access(join(COMPOSE_FOLDER, path));
  }
  const used = mounts.flatMap(({ type, source }) => (type === 'volume' ? [source] : []));
  assert.deepEqual(used.sort(), Object.keys(volumes).sort());
});

test('compose: Grafana provisions dashboards from where they are mounted', async () => {
  const mounts = services.grafana?.volumes ?? [];
  const targetOf = (source: string) => mounts.find((mount) => mount.source === source)?.target;
  const provisioning = join(root, 'grafana/provisioning');
  assert.equal(targetOf('../../grafana/provisioning'), '/etc/grafana/provisioning');
  const found: string[] = [];
  for (const kind of ['datasources', 'dashboards'])
    for (const name of await readdir(join(provisioning, kind)))
      found.push(await readFile(join(provisioning, kind, name), 'utf8'));
  assert.deepEqual(found.join().match(/(?<=\bpath: ).*/g), [targetOf('../../grafana/dashboards')]);
  assert.deepEqual(found.join().match(/(?<=\burl: ).*/g), ['http://prometheus:9090']);
});

test('compose: every variable has a default, listed in the example', async () => {
  const example = await readFile(join(COMPOSE_FOLDER, '.env.example'), 'utf8');
  const set = new Map(
    Array.from(example.matchAll(/^(\w+)=(.*)$/gm), ([, name = '', value]) => [name, value]),
  );
  assert.match(example, /^#COMPOSE_FILE=compose\.yml:compose\.real\.yml$/m);
  const read = Array.from(
    text.matchAll(/\$\{(\w+):-([^}]*)\}/g),
    ([, name = '', value]) => [name, value] as const,
  );
  assert.deepEqual(new Map([...read].sort()), new Map([...set].sort()));
  assert.doesNotMatch(text, /\$\{\w+\}/);
});

test('compose: configured addresses are those of services', async () => {
  const { targets } = await readScrapes();
  const alertmanager = await readFile(join(root, 'deploy/alertmanager/alertmanager.yml'), 'utf8');
  const webhooks = Array.from(
    alertmanager.matchAll(/ url: http:\/\/([^/]+)\//g),
    ([, address = '']) => address,
  );
  assert.equal(webhooks.length, 4);
  for (const address of [...targets, ...webhooks]) {
    const [host = '', port = ''] = address.split(':');
    if (host === 'localhost') continue;
    const found = named.filter(([name]) => name === host);
    assert.ok(found.length > 0, address);
    for (const [, service] of found)
      assert.ok(JSON.stringify([service.ports, service.command]).includes(port), address);
  }
});

test('compose: runs the demo by default, and real accounts with an override that has its own volumes', () => {
  assert.equal(services.exporter?.command[0], 'demo');
  assert.equal(real.services.exporter?.command[0], 'serve');
  // Volumes are named after the project.
  assert.notEqual(real.name, name);
  const bound = (service: ComposeService | undefined) =>
    service?.volumes.flatMap(({ type, source }) => (type === 'bind' ? [source] : []));
  assert.deepEqual(bound(services.exporter), []);
  assert.deepEqual(bound(real.services.exporter), ['./ai-billing-exporter.yml', './secrets/exporter']);
});

test('compose: the demo keeps its ledger, and sends its history into the series that are scraped', async () => {
  const { command = [], volumes: mounts = [] } = services.exporter ?? {};
  const valuesOf = (option: string) =>
    command.flatMap((each) => (each.startsWith(`--${option}=`) ? [each.slice(option.length + 3)] : []));
  const { targets, jobs } = await readScrapes();
  const target = targets.find((each) => each.startsWith('exporter:'));
  assert.deepEqual(valuesOf('label'), [`job=${jobs[0]}`, `instance=${target}`]);
  assert.deepEqual(valuesOf('remote-write'), ['http://prometheus:9090/api/v1/write']);
  assert.ok(valuesOf('state')[0]?.startsWith(`${mounts[0]?.target}/`));
});

test('compose: Grafana opens on the Overview, to edit in the demo and to read otherwise', async () => {
  const { GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: home = '', ...settings } =
    services.grafana?.environment ?? {};
  const dashboards = services.grafana?.volumes.find(({ source }) => source === '../../grafana/dashboards');
  assert.equal(home, `${dashboards?.target}/ai-billing-overview.json`);
  await access(join(root, 'grafana/dashboards/ai-billing-overview.json'));
  assert.equal(settings.GF_AUTH_ANONYMOUS_ORG_ROLE, 'Editor');
  assert.equal(real.services.grafana?.environment.GF_AUTH_ANONYMOUS_ORG_ROLE, 'Viewer');
});

test('compose: Grafana queries no finer than Prometheus scrapes', async () => {
  const source = await readFile(join(root, 'grafana/provisioning/datasources/prometheus.yml'), 'utf8');
  const { intervalSeconds } = await readScrapes();
  assert.equal(/ timeInterval: (.*)/.exec(source)?.[1], `${intervalSeconds}s`);
});

test('compose: Prometheus scrapes often enough to see a new series at 0', async () => {
  const { intervalSeconds } = await readScrapes();
  const documented = /\| `newSeriesZero` \| `(\d+)m` \|/.exec(
    await readFile(join(root, 'docs/configuration.md'), 'utf8'),
  );
  assert.ok(intervalSeconds * 2 <= Number(documented?.[1]) * 60);
});

test('compose: alerts that Alertmanager inhibits exist in the rules', async () => {
  const alertmanager = await readFile(join(root, 'deploy/alertmanager/alertmanager.yml'), 'utf8');
  const folder = join(root, 'deploy/prometheus/rules');
  const files = (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8'));
  const rules = (await Promise.all(files)).join();
  for (const name of new Set(alertmanager.match(/\bAiBilling\w+/g)))
    assert.ok(rules.includes(`alert: ${name}\n`), name);
});

test('compose: the exporter sends its history to Prometheus, into the series that are scraped', async () => {
  const example = await readFile(join(COMPOSE_FOLDER, 'ai-billing-exporter.example.yml'), 'utf8');
  const Written = z.object({
    history: z.object({
      remoteWrite: z.object({ url: z.string(), labels: z.record(z.string(), z.string()) }),
    }),
  });
  const { url, labels } = Written.parse(parse(example)).history.remoteWrite;
  const { targets } = await readScrapes();
  assert.equal(url, 'http://prometheus:9090/api/v1/write');
  assert.deepEqual(labels, { job: 'ai-billing', instance: 'exporter:9464' });
  assert.ok(targets.includes(labels.instance ?? ''));
  const scraping = await readFile(join(root, 'deploy/prometheus/prometheus.yml'), 'utf8');
  assert.match(scraping, new RegExp(`job_name: ${labels.job}\\n`));
  assert.ok(services.prometheus?.command.includes('--web.enable-remote-write-receiver'));
  const [, retention] = /retention\.time=\$\{PROMETHEUS_RETENTION:-(\d+d)\}/.exec(text) ?? [];
  assert.equal(/out_of_order_time_window: (\d+d)/.exec(scraping)?.[1], retention);
});
