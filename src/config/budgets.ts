import { type Budget, matcherOf } from '../core/reports/budget.ts';
import type { Sections } from './schema.ts';
import type { Document } from './yaml/document.ts';
import { reportDuplicateNames } from './yaml/issues.ts';

/** An account as budgets match it. */
interface MatchedAccount {
  readonly provider: string;
  readonly account: string;
}

/** The configured budgets. A budget that matches no account is a mistake: it would always show 0. */
export function budgetsOf(
  configured: Sections['budgets'],
  accounts: readonly MatchedAccount[],
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
