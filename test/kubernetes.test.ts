import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { manifestFiles } from '../deploy/kubernetes/src/generate.ts';
import { loadConfig } from '../src/config/load.ts';
import { PROVIDERS } from '../src/providers/index.ts';
import { chartCases, expectedObjects, type KubernetesObject } from './support/deploy/chart.ts';
import { schemaErrors } from './support/deploy/kubernetes.ts';
import { MANIFESTS, manifestObjects, withoutHelm } from './support/deploy/manifests.ts';
import { configurationIn, podOf, selectorsOf } from './support/deploy/workload.ts';
import { folderOf } from './support/exporter/process.ts';
import { assertGenerated } from './support/rules/generated.ts';

/** Each set of objects that makes an exporter. */
const sets = new Map<string, KubernetesObject[]>();
for (const each of await chartCases()) sets.set(each.name, await expectedObjects(each));
const plain = await manifestObjects('*.yaml');
const monitoring = await manifestObjects('monitoring/*.yaml');
sets.set('deploy/kubernetes', [...plain, ...monitoring]);

test('manifests: Kubernetes and the Prometheus operator accept every field and value', async () => {
  assert.deepEqual(await schemaErrors([...sets.values()].flat()), []);
});

test('manifests: an invalid object is detected', async () => {
  const named = { apiVersion: 'v1', metadata: { name: 'a', labels: {}, annotations: {} } };
  const claim = { ...named, kind: 'PersistentVolumeClaim' };
  const monitor = { ...named, apiVersion: 'monitoring.coreos.com/v1', kind: 'ServiceMonitor' };
  const broken = [
    { ...named, kind: 'Service', spec: { ports: [{ port: '9464' }] } },
    { ...named, kind: 'Service', spec: { ports: [{ port: 9464, tagetPort: 'http' }] } },
    { ...named, kind: 'Service', spec: { ports: [{ name: 'http' }] } },
    { ...named, kind: 'Service', apiVersion: 'v2' },
    { ...claim, spec: { resources: { requests: { storage: 'much' } } } },
    { ...monitor, spec: { selector: {}, endpoints: [{ port: 'http', interval: 'often' }] } },
    { ...monitor, spec: { endpoints: [{ port: 'http' }] } },
  ];
  const faults = await Promise.all(broken.map((object) => schemaErrors([object])));
  for (const [index, found] of faults.entries())
    assert.notDeepEqual(found, [], JSON.stringify(broken[index]));
});

test('manifests: one replica runs without root and with minimal privileges', () => {
  for (const [name, objects] of sets) {
    const { container, volumes } = podOf(objects);
    const mounted = container.volumeMounts.map((mount) => mount.name);
    assert.deepEqual(mounted.sort(), volumes.map((volume) => volume.name).sort(), name);
    for (const { kind, automountServiceAccountToken = false } of objects) {
      assert.equal(automountServiceAccountToken, false, name);
      assert.notEqual(kind, 'Secret', `${name}: keys are only referred to`);
    }
  }
});

test('manifests: selectors match the pod or its service', () => {
  for (const [name, objects] of sets) {
    const { labels } = podOf(objects);
    const service = objects.find(({ kind }) => kind === 'Service')?.metadata.labels;
    for (const [kind, selector] of selectorsOf(objects)) {
      const selected = kind === 'ServiceMonitor' ? service : labels;
      assert.deepEqual({ ...selected, ...selector }, selected, `${name}: ${kind}`);
    }
  }
});

test('manifests: each configuration is valid and mounted where the exporter reads it', async (context) => {
  const folder = await folderOf(context);
  for (const [name, objects] of sets) {
    const text = name === 'deploy/kubernetes' ? await plainConfiguration() : configurationIn(objects);
    const { container, replicas } = podOf(objects);
    // Only the chart's default values run nothing, and the demo reads no configuration.
    assert.equal(replicas, name === 'unconfigured' ? 0 : 1, name);
    if (name === 'unconfigured') continue;
    if (name === 'demo') {
      assert.deepEqual(container.args, ['demo', '--host', '0.0.0.0']);
      continue;
    }
    const where = ['--config', '/etc/ai-billing-exporter/config.yml'];
    assert.deepEqual(container.args, ['serve', ...(text === undefined ? [] : where)], name);
    const file = text && (await lay(text, folder));
    const env = Object.fromEntries(container.env.map(({ name, value = 'a-key' }) => [name, value]));
    const { server, state, budgets } = loadConfig(file, env, PROVIDERS);
    assert.equal(server.port, container.ports[0].containerPort, name);
    assert.equal(dirname(resolve('/', state.path)), '/data', name);
    if (name === 'everything') assert.equal(server.webConfig, '/run/web/web.yml');
    if (name === 'bare') assert.equal(budgets[0]?.limit, 12_500_000_500_000_000_000n, 'no digit is lost');
  }
});

/** Writes a configuration and the keys that it names into a folder. */
async function lay(configuration: string, folder: string): Promise<string> {
  const text = configuration.replaceAll('/run/secrets', folder);
  for (const [, key = ''] of text.matchAll(/apiKeyFile: (.*)/g)) await writeFile(key, 'a-key\n');
  const file = join(folder, 'config.yml');
  await writeFile(file, text);
  return file;
}

test('manifests: match the chart with default values', async () => {
  const usual = (sets.get('keys-in-files') ?? []).filter(({ kind }) => kind !== 'ConfigMap');
  const made = plain.filter(({ kind }) => kind !== 'Namespace');
  assert.deepEqual(byKind(withoutHelm(made, 'bills')), byKind(withoutHelm(usual, 'bills')));
  const configured = configurationIn(sets.get('keys-in-files') ?? []) ?? '';
  assert.deepEqual(parse(await plainConfiguration()), parse(configured));
});

test('manifests: rules and dashboards match their sources', async () => {
  for (const [path, text] of manifestFiles())
    assertGenerated(await readFile(join(MANIFESTS, '../..', path), 'utf8'), text, path);
});

function plainConfiguration(): Promise<string> {
  return readFile(join(MANIFESTS, 'config.yml'), 'utf8');
}

function byKind(objects: readonly unknown[]): unknown[] {
  return objects
    .map((object) => JSON.stringify(object))
    .sort()
    .map((text) => JSON.parse(text));
}
