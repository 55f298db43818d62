import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { z } from 'zod';
import { billOfMaterials } from '../deploy/npm/sbom.ts';

const root = join(import.meta.dirname, '..');
const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(root, path), 'utf8'));

/** Licenses that only require their text to be distributed with the program. */
const WELCOME = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];

const Licences = z.array(z.object({ license: z.object({ id: z.string() }) })).length(1);
const Component = z.object({ purl: z.string(), licenses: Licences.optional() });
const Package = z.object({ name: z.string(), version: z.string() });
const Bom = z.object({
  metadata: z.object({ component: Package.extend({ purl: z.string() }) }),
  components: z.array(Component),
});
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ name: z.string().optional(), version: z.string(), dev: z.boolean().default(false) }),
  ),
});

const text = await billOfMaterials();
const { components } = Bom.parse(JSON.parse(text));

test('SBOM: is valid CycloneDX', async () => {
  const schemas = 'node_modules/@cyclonedx/cyclonedx-library/res/schema';
  // Formats of a later draft of JSON Schema, which are not checked.
  const ajv = new Ajv({ strict: false, formats: { 'iri-reference': true, 'idn-email': true } });
  formats.default(ajv);
  for (const name of ['spdx', 'jsf-0.82']) {
    const schema = z.looseObject({}).parse(await json(`${schemas}/${name}.SNAPSHOT.schema.json`));
    ajv.addSchema(schema, `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const schema = z.looseObject({}).parse(await json(`${schemas}/bom-1.5.SNAPSHOT.schema.json`));
  const isValid = ajv.compile(schema);
  assert.ok(isValid(JSON.parse(text)), ajv.errorsText(isValid.errors));
  assert.ok(
    !isValid({ ...JSON.parse(text), serialNumber: 'one' }),
    'an invalid bill of materials is detected',
  );
});

test('SBOM: lists each installed package once, and no other', async () => {
  const { packages } = Lock.parse(await json('package-lock.json'));
  const installed = Object.entries(packages).flatMap(([path, { name, version, dev }]) =>
    path === '' || dev ? [] : [`${name ?? path.split('node_modules/').at(-1)}@${version}`],
  );
  const listed = components.map(({ purl }) => decodeURIComponent(purl.replace('pkg:npm/', '')));
  assert.deepEqual(listed.sort(), [...new Set(installed)].sort());
});

test('SBOM: every package has a license that permits redistribution', () => {
  const unwelcome = components.filter(({ licenses = [] }) => {
    const [first] = licenses;
    return first === undefined || !WELCOME.includes(first.license.id);
  });
  assert.deepEqual(unwelcome, []);
});

test('SBOM: describes this program, and is reproducible per commit', async () => {
  assert.equal(await billOfMaterials(), text);
  const { name, version } = Package.parse(await json('package.json'));
  const { metadata } = Bom.parse(JSON.parse(text));
  assert.deepEqual(metadata.component, { name, version, purl: `pkg:npm/${name}@${version}` });
});
