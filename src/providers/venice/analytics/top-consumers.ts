import type { Reading } from '../../../core/statement/statement.ts';
import { type Fixed, ONE, type Usd } from '../../../core/values/money.ts';
import type { Instant } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import type { FeedContext } from '../../api/provider.ts';
import { observe, sum, sumOfAll } from '../../api/readings.ts';
import type { Analytics } from './schema.ts';

type UsdContext = Pick<FeedContext<unknown>, 'usdOf'>;

/** A key or a model, and what it was charged, before any rate. */
interface TopConsumer {
  readonly id: string;
  readonly name: string;
  readonly usd: Fixed;
  readonly diem: Fixed;
}

/**
 * The provider lists every key and model (`topKeyNames` and `topModels` alone end at fifty). An account may have 500 keys; what
 * comes behind so many joins its `Other`.
 */
const MAX_CONSUMERS = 1000;
const OTHER = 'Other';
/** The key of the provider's `Other`: it has no id, like the web app. */
const OTHER_KEY = 'other';
const WEB_APP = 'web_app';

/** What keys and models were charged on a day that ends at `until`. */
export function topConsumersOf(
  { byKey, byModel }: Analytics,
  until: Instant,
  context: UsdContext,
): Pick<Reading, 'observations' | 'drift'> {
  const drift = new DriftLog();
  const keys = topOf(byKey.map(keyOf), OTHER_KEY);
  const models = topOf(byModel.map(modelOf), OTHER);
  const all = [
    ...keys.flatMap((key) => observe('apiKeyCostToday', { api_key: key.id }, usdOfBoth(key, context))),
    ...keys.flatMap(({ id, name }) => observe('apiKeyInfo', { api_key: id, name }, ONE)),
    ...models.flatMap((model) => observe('modelCostToday', { model: model.id }, usdOfBoth(model, context))),
  ];
  // Charges are positive here, unlike in the ledger.
  if (keys.some(isNegative)) drift.add('unknown_value', 'negative amount of a key');
  if (models.some(isNegative)) drift.add('unknown_value', 'negative amount of a model');
  return { observations: all.map((observation) => ({ ...observation, until })), drift: drift.list() };
}

function keyOf({ apiKeyId, description, totalUsd, totalDiem }: Analytics['byKey'][number]): TopConsumer {
  const name = description ?? '';
  const id = apiKeyId ?? (name === OTHER ? OTHER_KEY : WEB_APP);
  return { id, name, usd: totalUsd, diem: totalDiem };
}

function modelOf({ modelName, totalUsd, totalDiem }: Analytics['byModel'][number]): TopConsumer {
  return { id: modelName, name: modelName, usd: totalUsd, diem: totalDiem };
}

/** One of each id, the highest spend first, what is beyond the bound within the last one. */
function topOf(rows: readonly TopConsumer[], other: string): TopConsumer[] {
  const named = [...Map.groupBy(rows, ({ id }) => id).values()].flatMap(summed);
  const sorted = named.filter(({ id }) => id !== other).sort((a, b) => Number(spendOf(b) - spendOf(a)));
  const rest = [...named.filter(({ id }) => id === other), ...sorted.slice(MAX_CONSUMERS)];
  return [
    ...sorted.slice(0, MAX_CONSUMERS),
    ...summed(rest).map((all) => ({ ...all, id: other, name: OTHER })),
  ];
}

function summed(rows: readonly TopConsumer[]): TopConsumer[] {
  const [first] = rows;
  if (!first) return [];
  return [{ ...first, usd: sum(rows.map(({ usd }) => usd)), diem: sum(rows.map(({ diem }) => diem)) }];
}

function spendOf({ usd, diem }: TopConsumer): Fixed {
  return usd + diem;
}

function usdOfBoth({ usd, diem }: TopConsumer, { usdOf }: UsdContext): Usd | undefined {
  return sumOfAll([usd === 0n ? 0n : usdOf(usd, 'USD'), diem === 0n ? 0n : usdOf(diem, 'DIEM')]);
}

function isNegative({ usd, diem }: TopConsumer): boolean {
  return usd < 0n || diem < 0n;
}
