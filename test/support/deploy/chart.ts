import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CHART, chartFiles } from '../../../deploy/helm/src/generate.ts';

const CASES = join(import.meta.dirname, '../../../deploy/helm/cases');

/** Values and the manifests rendered from them; the contents of the chart's files are replaced by their names. */
export interface ChartCase {
  readonly name: string;
  /** The path of the values. */
  readonly values: string;
  /** The path of what is expected. */
  readonly expected: string;
}

export async function chartCases(): Promise<ChartCase[]> {
  const names = (await readdir(CASES)).sort();
  return names.map((name) => ({
    name,
    values: join(CASES, name, 'values.yaml'),
    expected: join(CASES, name, 'expected.yaml'),
  }));
}

/** Name, namespace and cluster version of the release. */
export const RELEASE = ['bills', CHART, '--namespace', 'billing', '--kube-version', '1.35.0'];

/** The indent of each file in its object, and the placeholder for its contents. */
const CONTENTS = [...chartFiles()].flatMap(([path, text]) => {
  const indent = { 'files/rules': 2, 'files/dashboards': 4 }[path.slice(0, path.lastIndexOf('/'))];
  if (indent === undefined) return [];
  const inside = text.trim().replace(/^(?=.)/gm, ' '.repeat(indent));
  return [{ inside, named: `${' '.repeat(indent)}# ${path}` }];
});

/** Replaces the contents of the chart's files by placeholders; each file must be present. */
export function withoutFiles(rendered: string): string {
  return CONTENTS.reduce(
    (text, { inside, named }) => text.replace(`\n${inside}\n`, () => `\n${named}\n`),
    rendered,
  );
}

/** Restores the contents. */
export function withFiles(expected: string): string {
  return CONTENTS.reduce(
    (text, { inside, named }) => text.replace(`\n${named}\n`, () => `\n${inside}\n`),
    expected,
  );
}

/** The fields that all Kubernetes objects share. */
export const KubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
});
export type KubernetesObject = z.infer<typeof KubernetesObject>;

/** The objects of a file, read as Kubernetes reads it: YAML 1.1. */
export function objectsIn(text: string): KubernetesObject[] {
  const documents = parseAllDocuments(text, { version: '1.1', strict: true });
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS();
    return value === null ? [] : [KubernetesObject.parse(value)];
  });
}

/** The expected manifests of a case. */
export async function expectedObjects({ expected }: ChartCase): Promise<KubernetesObject[]> {
  return objectsIn(withFiles(await readFile(expected, 'utf8')));
}
