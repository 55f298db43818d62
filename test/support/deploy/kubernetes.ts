import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../exporter/child.ts';
import type { KubernetesObject } from './chart.ts';

const ROOT = join(import.meta.dirname, '../../..');

const OPERATOR = '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';

/** The types of our objects, and their runtime validators. */
const MODULES: Readonly<Record<string, string>> = {
  ConfigMap: 'kubernetes-models/v1',
  Deployment: 'kubernetes-models/apps/v1',
  Namespace: 'kubernetes-models/v1',
  NetworkPolicy: 'kubernetes-models/networking.k8s.io/v1',
  PersistentVolumeClaim: 'kubernetes-models/v1',
  PodDisruptionBudget: 'kubernetes-models/policy/v1',
  PrometheusRule: OPERATOR,
  Service: 'kubernetes-models/v1',
  ServiceAccount: 'kubernetes-models/v1',
  ServiceMonitor: OPERATOR,
};

/**
 * Errors in Kubernetes objects, by the published schemas of their kinds.
 *
 * The compiler finds unknown and missing fields and wrong types: it rejects an object literal with excess properties.
 * The schemas' validators find invalid quantities, durations and the like, but accept unknown fields.
 */
export async function schemaErrors(objects: readonly KubernetesObject[]): Promise<string[]> {
  const [byType, bySchema] = await Promise.all([
    faultsByType(objects),
    Promise.all(objects.map(faultsBySchema)),
  ]);
  return [...byType, ...bySchema.flat()];
}

async function faultsBySchema(object: KubernetesObject): Promise<string[]> {
  const { [object.kind]: Model } = await import(moduleOf(object));
  try {
    new Model(object).validate();
    return [];
  } catch (error) {
    return [`${object.kind} ${object.metadata.name}: ${error}`];
  }
}

async function faultsByType(objects: readonly KubernetesObject[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kubernetes-'));
  try {
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'objects.ts'), objects.map(declarationOf).join('\n'));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { code, output } = await run(process.execPath, [compiler, ...options, 'objects.ts'], {
      cwd: folder,
    });
    return code === 0 ? [] : output.trim().split('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function declarationOf(object: KubernetesObject, index: number): string {
  return `import type { I${object.kind} as T${index} } from '${moduleOf(object)}';
export const ${object.kind}${index}: T${index} = ${JSON.stringify(object, null, 2)};
`;
}

function moduleOf({ kind }: KubernetesObject): string {
  const module = MODULES[kind];
  if (module === undefined) throw new Error(`no schema is known of the kind ${kind}`);
  return module;
}
