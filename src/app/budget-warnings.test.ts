import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Budget, DEFAULT_BUDGET_ALERTS } from '../core/reports/budget.ts';
import type { BudgetMatches } from '../core/reports/budget-matches.ts';
import { createLog } from '../runtime/log.ts';
import { BudgetWarnings } from './budget-warnings.ts';

const MATCH = { model: ['gpt-9*', 'o*'] };
const GPT: Budget = { name: 'gpt', limit: 1n, period: 'month', match: MATCH, ...DEFAULT_BUDGET_ALERTS };
const WARNING = 'budget "gpt": no cost that was read matches model gpt-9*; is it misspelt?';

test('budget warnings: a pattern that matches nothing is logged once, and shown until it matches', () => {
  const lines: string[] = [];
  let found: BudgetMatches[] = [{ budget: GPT, unmatched: undefined }];
  const warnings = new BudgetWarnings({
    ledger: { budgetMatches: () => found },
    now: () => 0,
    log: createLog({ write: (line) => lines.push(line) }),
  });
  const check = () => {
    warnings.check();
    return [warnings.warnings(), lines.length];
  };
  assert.deepEqual(check(), [[], 0]);
  found = [{ budget: GPT, unmatched: [{ model: ['gpt-9*'] }] }];
  assert.deepEqual(check(), [[WARNING], 1]);
  assert.deepEqual(check(), [[WARNING], 1]);
  assert.equal(JSON.parse(lines[0] ?? '').warning, WARNING);
  found = [{ budget: GPT, unmatched: [] }];
  assert.deepEqual(check(), [[], 1]);
});
