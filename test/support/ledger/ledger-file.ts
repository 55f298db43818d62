import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { HOUR } from '../../../src/core/values/time.ts';
import { cost, openBench, settings, statement, utc } from './ledger.ts';

/** The first hour in the ledger file of a test. */
export const AT = utc('2026-11-20T10:00');

/** A temporary folder, removed after the test. */
export function temporaryFolder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'ledger-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A closed ledger of two accounts, `prod` and `dev`, whose counters have moved. */
export function ledgerFile(context: TestContext, hours = 40): string {
  const path = join(temporaryFolder(context), 'ledger.db');
  const bench = openBench(settings(), { path });
  const dev = bench.open(settings({}, { name: 'dev' }));
  for (let index = 0; index < hours; index += 1) {
    const start = AT + index * HOUR;
    const range = { start, end: start + HOUR };
    const lines = Array.from({ length: 20 }, (_, each) => cost(start, `resource-${each}`, index + each));
    bench.apply(statement('hour', range, range.end, lines));
    const own = [cost(start, `dev-resource`, 3)];
    bench.ledger.apply(
      { account: dev, feed: 'usage' },
      statement('hour', range, range.end, own),
      [],
      range.end,
    );
  }
  const told = { family: 'ai_billing_cost_usd_total', createdAt: AT, total: 1, at: AT };
  for (const name of ['prod', 'dev'])
    bench.ledger.deliveries('a').remember([{ ...told, labels: ['test', name, '', '', '', 'USD'] }]);
  bench.ledger.close();
  return path;
}

export function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
