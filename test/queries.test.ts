import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { GROUPS } from '../deploy/prometheus/src/groups.ts';
import { isAlert } from '../deploy/prometheus/src/rule.ts';
import { EXPOSED, type Known, unknownNames } from './support/programs/promql.ts';

const root = join(import.meta.dirname, '..');

/** The exported metrics, and the recording rules with any label. */
const KNOWN: Known = new Map([
  ...EXPOSED,
  ...GROUPS.flatMap(({ rules }) => rules).flatMap((rule): [string, string[]][] =>
    isAlert(rule) ? [] : [[rule.record, [...new Set([...EXPOSED.values()].flat())]]],
  ),
]);

test('runbooks: every line of a query block is PromQL about known metrics', async () => {
  const queries = await queriesOf('docs/runbooks/*.md', (page) => blocksOf(page).flatMap(linesOf));
  assert.ok(queries.length > 60, `${queries.length} queries`);
  assertKnown(queries);
});

test('documentation: every query block is PromQL about known metrics', async () => {
  const queries = await queriesOf('{README.md,docs/*.md,src/providers/*/README.md}', blocksOf);
  assert.ok(queries.length > 40, `${queries.length} queries`);
  assertKnown(queries);
});

test('README: every query of the table is PromQL about known metrics', async () => {
  const queries = await queriesOf('README.md', tableQueriesOf);
  assert.ok(queries.length >= 10, `${queries.length} queries`);
  assertKnown(queries);
});

test('a query block that is not PromQL, or names an unknown metric, is found', () => {
  const found = (text: string) => blocksOf(`\`\`\`promql\n${text}\n\`\`\`\n`).map((query) => query.trim());
  assert.deepEqual(found('sum(\n  up\n)'), ['sum(\n  up\n)']);
  assert.deepEqual(tableQueriesOf('| a | `sum(up)` |\n| `b` | c |\n'), ['sum(up)']);
  assert.throws(() => assertKnown([{ path: 'a.md', query: 'sum(' }]), /a\.md/);
  assert.throws(() => assertKnown([{ path: 'a.md', query: 'ai_billing_gone' }]), /a\.md/);
});

interface DocumentedQuery {
  readonly path: string;
  readonly query: string;
}

async function queriesOf(
  pattern: string,
  queriesIn: (page: string) => readonly string[],
): Promise<DocumentedQuery[]> {
  const found: DocumentedQuery[] = [];
  for await (const path of glob(pattern, { cwd: root })) {
    const page = await readFile(join(root, path), 'utf8');
    found.push(...queriesIn(page).map((query) => ({ path, query })));
  }
  return found;
}

/** Fenced blocks of PromQL, also those indented in a list. */
function blocksOf(page: string): string[] {
  return [...page.matchAll(/^( *)```promql\n([\s\S]*?)^\1```$/gm)].map(([, , block = '']) => block);
}

function linesOf(block: string): string[] {
  return block.trim().split('\n');
}

/** The queries of a table with questions in the first column and queries in the second. */
function tableQueriesOf(page: string): string[] {
  return [...page.matchAll(/^\| [^|]+ \| `([^`]+)` \|$/gm)].map(([, query = '']) => query);
}

function assertKnown(queries: readonly DocumentedQuery[]): void {
  for (const { path, query } of queries) {
    assert.deepEqual(unknownIn(query), [], `${path}: ${query}`);
  }
}

function unknownIn(query: string): readonly string[] {
  try {
    return unknownNames(query, KNOWN);
  } catch (error) {
    return [String(error)];
  }
}
