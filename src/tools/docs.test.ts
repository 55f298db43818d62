import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { assertGenerated } from '../../test/support/rules/generated.ts';
import { METRICS, type Metric } from '../core/metrics/catalog.ts';
import { generatedPages } from './docs.ts';
import { metricsPage } from './metrics-doc.ts';
import { withGeneratedParts } from './provider-tables.ts';

test('generated pages and tables are what the catalogue and the registry say', async () => {
  for (const [path, text] of await generatedPages())
    assertGenerated(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8'), text, path);
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
