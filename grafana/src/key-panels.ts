import { METRICS } from '../../src/core/metrics/catalog.ts';
import { type Panel, USD } from './board.ts';
import type { Queries } from './promql.ts';

interface Spot {
  readonly id: number;
  readonly width: number;
}

const KEY = ['provider', 'account', 'api_key'] as const;

/** Adds the name of the key; one without a name has only its id. */
function withKeyNames({ of, withAccount }: Queries, expr: string): string {
  const by = KEY.join(', ');
  const info = of(METRICS.apiKeyInfo);
  return withAccount(`${expr} * on (${by}) group_left (name) topk by (${by}) (1, ${info}) or ${expr}`);
}

/** Today's charges by API key, under its current name. */
export function keyCosts(queries: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'table',
    title: 'API keys today',
    about:
      "Cost of each API key in the current UTC day, by the provider's own analytics, charges only. Read every ten minutes. Only Venice.ai reports it.",
    unit: USD,
    width,
    height: 7,
    labels: ['who', 'name', 'api_key'],
    sortBy: 'Today',
    queries: [{ expr: withKeyNames(queries, queries.gauge(METRICS.apiKeyCostToday, KEY)), column: 'Today' }],
    empty: 'No charge by key yet today, or no provider that reports keys.',
  };
}

/** What keys may spend, have spent, and until when they are valid. */
export function keyLimits(queries: Queries, { id, width }: Spot): Panel {
  const { gauge, latest } = queries;
  return {
    id,
    kind: 'table',
    title: 'Limits of API keys',
    about:
      'Limit and spend of each key in its period, and when it expires; `self` is the key of the exporter. Keys are read every 5 minutes, `self` hourly.',
    unit: USD,
    width,
    height: 7,
    labels: ['who', 'name', 'api_key'],
    sortBy: 'Spent',
    queries: [
      { expr: withKeyNames(queries, gauge(METRICS.apiKeyLimit, KEY)), column: 'Limit' },
      { expr: withKeyNames(queries, gauge(METRICS.apiKeyUsed, KEY)), column: 'Spent' },
      {
        expr: withKeyNames(queries, `(${latest(METRICS.apiKeyExpiry, KEY)} * 1000)`),
        column: 'Expires',
        unit: 'dateTimeFromNow',
      },
    ],
    empty: 'No key has a limit or an expiry.',
  };
}
