import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { PROVIDERS } from '../../src/providers/index.ts';
import { type RequestCount, requestCount, runsOf, UNITS } from '../bench/requests.ts';
import { SIMULATED_IDS } from '../simulators/all.ts';

/** A day of more polls takes long: `npm run bench -- requests` counts those, too. */
const MOST_RUNS = 250;

const text = await readFile(new URL('../../docs/performance.md', import.meta.url), 'utf8');
const [, section = ''] = /## Requests to providers\n(.*?)\n## /s.exec(text) ?? [];
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

function rowOf({ title, perDay, most, limit }: RequestCount): string[] {
  if (!limit) return [title, String(perDay), '', ''];
  const unit = UNITS[limit.perMs] ?? '';
  const each = `${unit === 'hour' ? 'an' : 'a'} ${unit}`;
  return [title, String(perDay), `${most} ${each}`, `${limit.requests} ${each}`];
}

test('requests: docs/performance.md lists every provider', () => {
  assert.deepEqual(
    rows.map(([title]) => title),
    PROVIDERS.map(({ title }) => title),
  );
});

for (const id of SIMULATED_IDS) {
  const provider = PROVIDERS.find((one) => one.id === id);
  if (!provider || runsOf(provider).length > MOST_RUNS) continue;
  test(`requests: a day of ${id} takes as many as documented, and stays below its limit`, async (context) => {
    const count = await requestCount(id);
    context.diagnostic(rowOf(count).join(' | '));
    assert.deepEqual(
      rows.find(([title]) => title === count.title),
      rowOf(count),
    );
    assert.ok(count.perDay > 0 && (count.most ?? 0) <= (count.limit?.requests ?? 0));
  });
}
