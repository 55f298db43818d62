import type { Observation } from '../../core/statement/statement.ts';
import { fromInteger } from '../../core/values/money.ts';
import { DriftLog } from '../api/drift-log.ts';
import type { RangeReading } from '../api/provider.ts';
import { observe, reading } from '../api/readings.ts';
import type { Ask } from '../api/request.ts';
import { ApiKeys, type OpenRouterKey } from './schema.ts';

/** Each is three series. */
const MAX_KEYS = 1000;
const PAGE_KEYS = 100;

/** Asks for all keys: pages are skipped to by the number of keys before them. */
export async function askKeys(ask: Ask): Promise<readonly OpenRouterKey[]> {
  const keys: OpenRouterKey[] = [];
  // One more than is shown, so that there are too many of them is noticed.
  while (keys.length <= MAX_KEYS) {
    const query = keys.length > 0 ? { offset: String(keys.length) } : {};
    const { data } = (await ask({ path: '/keys', query, schema: ApiKeys })).body;
    keys.push(...data);
    if (data.length < PAGE_KEYS) break;
  }
  return keys;
}

/** Reads what each key may spend, has spent, and when it expires. */
export function readKeys(keys: readonly OpenRouterKey[]): RangeReading {
  const drift = new DriftLog();
  const byHash = new Map(keys.flatMap((key) => (key.hash === undefined ? [] : [[key.hash, key] as const])));
  const shown = drift.limit(MAX_KEYS, 'API keys', [...byHash]);
  const observations = shown.flatMap(([hash, key]) => observationsOf(hash, key));
  return reading({ observations, drift: drift.list() });
}

function observationsOf(api_key: string, key: OpenRouterKey): Observation[] {
  const { limit, limit_remaining, usage, expires_at } = key;
  const labels = { api_key };
  const isLimited = typeof limit === 'bigint' && typeof limit_remaining === 'bigint';
  return [
    ...observe('apiKeyLimit', labels, limit),
    // A limit may be reset every day, week or month; usage never is.
    ...observe('apiKeyUsed', labels, isLimited ? limit - limit_remaining : usage),
    ...observe('apiKeyExpiry', labels, expires_at ? fromInteger(BigInt(expires_at), -3) : undefined),
  ];
}
