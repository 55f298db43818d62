import { baseten } from './baseten.ts';
import type { Board } from './board.ts';
import { budgets } from './budgets.ts';
import { corrections } from './corrections.ts';
import { health } from './health.ts';
import { inferenceSh } from './inference-sh.ts';
import { northflank } from './northflank.ts';
import { overview } from './overview.ts';
import { tokens } from './tokens.ts';
import { venice } from './venice.ts';

/** All dashboards. */
export const BOARDS: readonly Board[] = [
  overview,
  baseten,
  venice,
  inferenceSh,
  northflank,
  tokens,
  budgets,
  corrections,
  health,
];
