import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { CHART, chartFiles } from '../../deploy/helm/src/generate.ts';
import { dashboardFiles } from '../../grafana/src/generate.ts';
import { chartCases, objectsIn, RELEASE, withoutFiles } from '../support/deploy/chart.ts';
import { MANIFESTS, manifestObjects, withoutHelm } from '../support/deploy/manifests.ts';
import { configurationIn } from '../support/deploy/workload.ts';
import { run } from '../support/exporter/child.ts';
import { folderOf } from '../support/exporter/process.ts';
import { realServerTest } from '../support/programs/binaries.ts';

const USUAL = 'deploy/helm/cases/keys-in-files/values.yaml';
const isUpdate = process.env.UPDATE_CHART === '1';

realServerTest(
  'chart: helm template renders the expected manifests for each case',
  ['helm'],
  async (_, pathOf) => {
    for (const { name, values, expected } of await chartCases()) {
      const { code, output } = await run(pathOf('helm'), ['template', ...RELEASE, '--values', values]);
      assert.equal(code, 0, `${name}: ${output}`);
      const made = withoutFiles(output);
      if (isUpdate) await writeFile(expected, made);
      assert.equal(made, await readFile(expected, 'utf8'), name);
    }
  },
);

realServerTest(
  'chart: sets the given user and groups, and none if they are empty',
  ['helm'],
  async (_, pathOf) => {
    const context = async (...args: string[]) => {
      const { code, output } = await run(pathOf('helm'), [
        'template',
        ...RELEASE,
        '--values',
        USUAL,
        ...args,
      ]);
      assert.equal(code, 0, output);
      return output.match(/^ +(runAsUser|runAsGroup|fsGroup): .*/gm)?.map((line) => line.trim()) ?? [];
    };
    const set = (user: string, group: string, volume: string, kind = 'set') =>
      [
        ['runAsUser', user],
        ['runAsGroup', group],
        ['fsGroup', volume],
      ].map(([name, value]) => `--${kind}=podSecurityContext.${name}=${value}`);
    assert.deepEqual(await context(), ['runAsUser: 65532', 'runAsGroup: 65532', 'fsGroup: 65532']);
    assert.deepEqual(await context(...set('null', 'null', 'null')), []);
    assert.deepEqual(await context(...set('', '', '', 'set-string')), []);
    assert.deepEqual(await context(...set('1000680000', '0', 'null')), [
      'runAsUser: 1000680000',
      'runAsGroup: 0',
    ]);
  },
);

realServerTest('chart: the notes of the default values say what is missing', ['helm'], async (_, pathOf) => {
  const notesOf = async (...args: string[]) => {
    const install = ['install', ...RELEASE.slice(0, 4), '--dry-run=client', ...args];
    const { code, output } = await run(pathOf('helm'), install);
    assert.equal(code, 0, output);
    return /^NOTES:\n([\s\S]*)/m.exec(output)?.[1] ?? '';
  };
  assert.match(
    await notesOf(),
    /installed, but not running\. It needs accounts: list them in config\.accounts/,
  );
  assert.match(await notesOf('--set=demo=true'), /simulated providers: none of its dollars are real/);
  assert.match(await notesOf('--values', USUAL), /monitors 2 account\(s\)/);
});

realServerTest('chart: helm lint finds no problem', ['helm'], async (_, pathOf) => {
  for (const { name, values } of await chartCases()) {
    const { code, output } = await run(pathOf('helm'), ['lint', '--strict', '--values', values, CHART]);
    assert.equal(code, 0, `${name}: ${output}`);
  }
});

realServerTest(
  'chart: the packaged chart contains its rules and dashboards',
  ['helm'],
  async (context, pathOf) => {
    const folder = await folderOf(context);
    const packed = await run(pathOf('helm'), ['package', CHART, '--destination', folder]);
    assert.equal(packed.code, 0, packed.output);
    const [archive = ''] = /\S+\.tgz/.exec(packed.output) ?? [];
    const { output } = await run('tar', ['-tzf', archive]);
    const inside = output.trim().split('\n');
    for (const path of chartFiles().keys())
      assert.ok(inside.includes(join('ai-billing-exporter', path)), path);
  },
);

realServerTest('manifests: kubectl parses every manifest without change', ['kubectl'], async (_, pathOf) => {
  for (const [folder, files] of [
    ['', '*.yaml'],
    ['monitoring', 'monitoring/*.yaml'],
  ] as const) {
    const { code, output } = await run(pathOf('kubectl'), ['kustomize', join(MANIFESTS, folder)]);
    assert.equal(code, 0, output);
    // Names of generated ConfigMaps contain a hash of their content.
    const text = output.replaceAll(/\bai-billing-exporter-\w{10}\b/g, 'ai-billing-exporter');
    const made = objectsIn(text).filter(({ kind }) => kind !== 'ConfigMap');
    const namespace = folder === '' ? 'ai-billing' : 'monitoring';
    for (const { kind, metadata } of made)
      if (kind !== 'Namespace') assert.equal(metadata.namespace, namespace, kind);
    assert.deepEqual(sorted(withoutHelm(made, '')), sorted(withoutHelm(await manifestObjects(files), '')));
  }
});

realServerTest(
  'manifests: kubectl builds a ConfigMap from the configuration and from each dashboard',
  ['kubectl'],
  async (_, pathOf) => {
    const plain = await run(pathOf('kubectl'), ['kustomize', MANIFESTS]);
    const configuration = await readFile(join(MANIFESTS, 'config.yml'), 'utf8');
    assert.equal(configurationIn(objectsIn(plain.output)), configuration);
    const named = objectsIn(plain.output).find(({ kind }) => kind === 'ConfigMap')?.metadata.name ?? 'none';
    assert.match(named, /^ai-billing-exporter-\w+$/);
    assert.ok(
      JSON.stringify(objectsIn(plain.output)).includes(`"configMap":{"name":"${named}"}`),
      'it is mounted',
    );

    const monitoring = await run(pathOf('kubectl'), ['kustomize', join(MANIFESTS, 'monitoring')]);
    const maps = objectsIn(monitoring.output).filter(({ kind }) => kind === 'ConfigMap');
    const held = maps.flatMap(({ data, metadata }) => {
      assert.equal(metadata.labels.grafana_dashboard, '1');
      return Object.entries(z.record(z.string(), z.string()).parse(data));
    });
    assert.deepEqual(new Map(held.sort()), new Map([...dashboardFiles()].sort()));
  },
);

function sorted(objects: readonly unknown[]): string[] {
  return objects.map((object) => stringify(object, { sortMapEntries: true })).sort();
}

/** Invalid values, as an argument of Helm, and Helm's error. */
const REFUSED: readonly (readonly [argument: string, message: RegExp])[] = [
  ['--set=config.accounts=null', /\/config\/accounts': got null, want array/],
  ['--set=demo=true', /the demo uses neither accounts nor keys/],
  ['--set=replicas=2', /'replicas' not allowed/],
  ['--set=keys.env[0].value=a-key-in-the-values', /'value' not allowed/],
  ['--set=config.accounts[0].apiKy=x', /\/config\/accounts\/0': additional properties 'apiKy' not allowed/],
  ['--set=config.accounts[0].provider=venise', /\/config\/accounts\/0\/provider': value must be 'venice'/],
  ['--set=config.budgets[0].period=year', /\/config\/budgets\/0\/period/],
  [
    '--set=config.state.path=/var/lib/ledger.db',
    /config\.state\.path is \/var\/lib\/ledger\.db, but only \/data/,
  ],
  ['--set=config.server.listen=:0', /config\.server\.listen must name a port/],
  ['--set=persistence.accessMode=ReadWriteMany', /\/persistence\/accessMode/],
  ['--set=podDisruptionBudget.maxUnavailable=2', /\/podDisruptionBudget\/maxUnavailable/],
  ['--set=terminationGracePeriodSeconds=5', /\/terminationGracePeriodSeconds/],
  ['--set=image.tag=has space', /\/image\/tag/],
  ['--set=podSecurityContext.runAsUser=0', /\/podSecurityContext\/runAsUser/],
  ['--set=podSecurityContext.runAsUsers=1', /'runAsUsers' not allowed/],
];

realServerTest('chart: rejects values that cannot work, with the reason', ['helm'], async (_, pathOf) => {
  for (const [argument, message] of REFUSED) {
    const { code, output } = await run(pathOf('helm'), ['template', ...RELEASE, '--values', USUAL, argument]);
    assert.equal(code, 1, argument);
    assert.match(output, message, argument);
  }
});
