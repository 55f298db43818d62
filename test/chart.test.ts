import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { CHART, chartFiles } from '../deploy/helm/src/generate.ts';
import { valuesSchema } from '../deploy/helm/src/values.ts';
import { assertGenerated, assertGeneratedFiles } from './support/rules/generated.ts';
import { manifestOf } from './support/rules/manifest.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFile(path, 'utf8');
const { version } = manifestOf(new Map([['package.json', await read(join(root, 'package.json'))]]));

test('chart: contains rules, dashboards and schema as generated, and nothing else', async () => {
  const files = chartFiles();
  for (const [path, text] of files) assertGenerated(await read(join(CHART, path)), text, path);
  const present: string[] = [];
  for await (const path of glob('files/*/*', { cwd: CHART })) present.push(path);
  const made = [...files.keys()].filter((path) => path.startsWith('files/'));
  assertGeneratedFiles(present, made);
});

test('chart: has the version of the program', async () => {
  const { version: own, appVersion } = parse(await read(join(CHART, 'Chart.yaml')));
  assert.deepEqual([own, appVersion], [version, version]);
});

test('chart: values.yaml lists and documents every value', async () => {
  const text = await read(join(CHART, 'values.yaml'));
  const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(valuesSchema());
  assert.ok(fits(parse(text)), JSON.stringify(fits.errors));
  const lines = text.split('\n');
  const silent = lines.filter(
    (line, index) => /^( {2})?\w+:/.test(line) && !/^\s*#/.test(lines[index - 1] ?? ''),
  );
  assert.deepEqual(silent, []);
});
