import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { forecastTable } from './bench/forecast.ts';

test('docs/forecast.md: matches the output of `npm run bench:forecast`', async () => {
  const page = await readFile(new URL('../docs/forecast.md', import.meta.url), 'utf8');
  const table = page.split('\n').filter((line) => line.startsWith('|'));
  assert.equal(table.join('\n'), forecastTable());
});
