import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KubernetesObject, objectsIn } from './chart.ts';

/** Where the manifests without Helm are. */
export const MANIFESTS = join(import.meta.dirname, '../../../deploy/kubernetes');

/** The objects of the files below a folder of the manifests. */
export async function manifestObjects(pattern: string): Promise<KubernetesObject[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern, { cwd: MANIFESTS, exclude: ['**/kustomization.yaml'] }))
    paths.push(path);
  const texts = await Promise.all(paths.sort().map((path) => readFile(join(MANIFESTS, path), 'utf8')));
  return texts.flatMap(objectsIn);
}

/** Labels that only a chart sets: its package, and who manages the object. */
const OF_HELM = [
  ...['helm.sh/chart', 'app.kubernetes.io/version', 'app.kubernetes.io/managed-by'],
  ...['helm.sh/resource-policy', 'checksum/config', 'namespace'],
];

/** Rendered manifests without traces of Helm: under the program's own name, without chart labels. */
export function withoutHelm(objects: readonly KubernetesObject[], release: string): unknown[] {
  const text = JSON.stringify(objects)
    .replaceAll(`${release}-ai-billing-exporter`, 'ai-billing-exporter')
    .replaceAll(`instance":"${release}"`, 'instance":"ai-billing-exporter"');
  return JSON.parse(text, (key, value) =>
    OF_HELM.includes(key) || (key === 'annotations' && Object.keys(value).length === 0) ? undefined : value,
  );
}
