import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CHART, chartFiles } from '../../deploy/helm/src/generate.ts';

const CASES = join(import.meta.dirname, '../../deploy/helm/cases');

/** Values, and what Helm makes of them; the contents of the chart's files stand there by name only. */
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

/** What a release is called, where it goes, and for which cluster it is made. */
export const RELEASE = ['bills', CHART, '--namespace', 'billing', '--kube-version', '1.35.0'];

/** How each file stands in an object: so far in, and where it does not stand, this instead. */
const CONTENTS = [...chartFiles()].flatMap(([path, text]) => {
  const indent = { 'files/rules': 2, 'files/dashboards': 4 }[path.slice(0, path.lastIndexOf('/'))];
  if (indent === undefined) return [];
  const inside = text.trim().replace(/^(?=.)/gm, ' '.repeat(indent));
  return [{ inside, named: `${' '.repeat(indent)}# ${path}` }];
});

/** Takes out what the files of the chart say, each of which must be there as it is. */
export function withoutFiles(rendered: string): string {
  return CONTENTS.reduce(
    (text, { inside, named }) => text.replace(`\n${inside}\n`, () => `\n${named}\n`),
    rendered,
  );
}

/** Puts it back. */
export function withFiles(expected: string): string {
  return CONTENTS.reduce(
    (text, { inside, named }) => text.replace(`\n${named}\n`, () => `\n${inside}\n`),
    expected,
  );
}

/** An object of Kubernetes, as far as all of them are alike. */
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

/** What Helm is expected to make of a case. */
export async function expectedObjects({ expected }: ChartCase): Promise<KubernetesObject[]> {
  return objectsIn(withFiles(await readFile(expected, 'utf8')));
}
