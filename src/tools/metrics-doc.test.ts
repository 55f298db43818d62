import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { METRICS, type Metric } from '../core/metrics/catalog.ts';
import { metricsPage } from './metrics-doc.ts';

test('docs/metrics.md: up to date with the catalogue (`npm run docs`)', async () => {
  const written = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  assert.equal(written, metricsPage());
});

test('docs/metrics.md: every family and its corrections are documented', () => {
  const page = metricsPage();
  for (const { name, help, corrections } of Object.values<Metric>(METRICS)) {
    assert.ok(page.includes(`### \`${name}\`\n\n${help}\n`), name);
    if (corrections)
      assert.ok(page.includes(`\`${corrections.name}\`. ${corrections.help}`), corrections.name);
  }
});
