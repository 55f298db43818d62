import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { generatedPages } from '../docs/src/generate.ts';
import { metricsPage } from '../docs/src/metrics-page.ts';
import { withGeneratedParts } from '../docs/src/provider-tables.ts';
import { METRICS, type Metric } from '../src/core/metrics/catalog.ts';
import { assertGenerated } from './support/rules/generated.ts';

test('generated pages and tables are what the catalogue and the registry say', async () => {
  for (const [path, text] of await generatedPages())
    assertGenerated(await readFile(new URL(`../${path}`, import.meta.url), 'utf8'), text, path);
});

test('a page without the markers of a table is an error', () => {
  assert.throws(() => withGeneratedParts('text\n', { keys: '| a |' }), /markers of keys/);
});

test('docs/metrics.md: every family and its corrections are documented', () => {
  const page = metricsPage();
  for (const { name, help, corrections } of Object.values<Metric>(METRICS)) {
    assert.ok(page.includes(`### \`${name}\`\n\n${help}\n`), name);
    if (corrections)
      assert.ok(page.includes(`\`${corrections.name}\`. ${corrections.help}`), corrections.name);
  }
});
