import { balances } from './balances.ts';
import { budgets } from './budgets.ts';
import { exporter } from './exporter.ts';
import { feeds } from './feeds.ts';
import { quality } from './quality.ts';
import { recordings } from './recordings.ts';
import type { Group } from './rule.ts';
import { spend } from './spend.ts';
import { totals } from './totals.ts';

/** All rule groups. */
export const GROUPS: readonly Group[] = [
  recordings,
  budgets,
  spend,
  balances,
  exporter,
  feeds,
  quality,
  totals,
];
