import { PROVIDERS } from '../../src/providers/index.ts';
import { baseten } from './baseten.ts';
import type { Board } from './board.ts';
import { budgets } from './budgets.ts';
import { chargeback } from './chargeback.ts';
import { corrections } from './corrections.ts';
import { genericBoard } from './generic.ts';
import { health } from './health.ts';
import { inferenceSh } from './inference-sh.ts';
import { northflank } from './northflank.ts';
import { overview } from './overview.ts';
import { tokens } from './tokens.ts';
import { venice } from './venice.ts';

/** Providers with a dashboard of their own, for what only they have. */
const OWN: readonly Board[] = [baseten, venice, inferenceSh, northflank];

/** All dashboards. */
export const BOARDS: readonly Board[] = [
  overview,
  chargeback,
  ...PROVIDERS.map(
    (provider) => OWN.find((board) => board.provider === provider.id) ?? genericBoard(provider),
  ),
  tokens,
  budgets,
  corrections,
  health,
];
