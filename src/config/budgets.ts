import { type Budget, matcherOf } from '../core/reports/budget.ts';
import type { Sections } from './schema.ts';
import type { Document } from './yaml/document.ts';
import { reportDuplicateNames } from './yaml/issues.ts';

/** An account as budgets name it. */
interface NamedBudget {
  readonly provider: string;
  readonly account: string;
}

/** The configured budgets; one that is about no account at all is a mistake, for it would show 0 for ever. */
export function budgetsOf(
  configured: Sections['budgets'],
  accounts: readonly NamedBudget[],
  { problems }: Document,
): Budget[] {
  reportDuplicateNames(configured, ['budgets'], problems);
  for (const [index, { match }] of configured.entries()) {
    if (accounts.length === 0 || accounts.some(matcherOf(match))) continue;
    const known = accounts.map(({ provider, account }) => `${provider} "${account}"`).join(', ');
    problems.add(['budgets', index, 'match'], `matches no account; the accounts are ${known}`);
  }
  return configured.map(({ limitUsd, ...budget }) => ({ ...budget, limit: limitUsd }));
}
