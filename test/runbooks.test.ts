import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { GROUPS } from '../deploy/prometheus/src/groups.ts';
import { isAlert } from '../deploy/prometheus/src/rule.ts';
import { EXPOSED, type Known, unknownNames } from './support/promql.ts';

const folder = new URL('../docs/runbooks/', import.meta.url);
const names = (await readdir(folder)).sort();

/** Metrics of the exporter and of recording rules; the labels of the latter are not checked. */
const KNOWN: Known = new Map([
  ...EXPOSED,
  ...GROUPS.flatMap(({ rules }) => rules).flatMap((rule): [string, string[]][] =>
    isAlert(rule) ? [] : [[rule.record, [...new Set([...EXPOSED.values()].flat())]]],
  ),
]);

test('runbooks: every query is valid PromQL over existing metrics', async () => {
  for (const name of names) {
    const page = await readFile(new URL(name, folder), 'utf8');
    const blocks = [...page.matchAll(/^```promql\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
    for (const query of blocks.flatMap((block) => block.trim().split('\n')))
      assert.deepEqual(unknownNames(query, KNOWN), [], `${name}: ${query}`);
  }
});
