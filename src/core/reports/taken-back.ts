import { addTo } from '../values/maps.ts';
import type { Fixed, Usd } from '../values/money.ts';
import type { PublishInput } from './windows.ts';

/** Refunds and restatements: by how much later statements lowered the costs of a resource and model since the counters began. */
export interface TakenBack {
  readonly resource: string;
  readonly model: string;
  readonly usd: Usd;
}

/** An amount in a currency without an exchange rate: no total in dollars includes it. */
export interface UnconvertedMoney {
  readonly currency: string;
  /** Net units of the currency since the counters began. */
  readonly amount: Fixed;
}

/** Corrections and unconverted money of each account, as the counters show them; accounts without any are absent. */
export interface AccountRemarks {
  /** Largest first. */
  readonly takenBack: readonly TakenBack[];
  readonly unconverted: readonly UnconvertedMoney[];
}

/** One pass over all series. */
export function remarksOf({ state, accounts }: PublishInput): ReadonlyMap<number, AccountRemarks> {
  const remarks = new Map<number, { takenBack: Map<string, Usd>; unconverted: Map<string, Fixed> }>();
  for (const row of state.series.values()) {
    const isCorrected = row.measure === 'cost' && row.corrections > 0n;
    const net = row.total - row.corrections;
    if (!isCorrected && (row.measure !== 'unconverted' || net === 0n)) continue;
    const account = state.streams.get(row.stream)?.account;
    if (account === undefined || !accounts.has(account)) continue;
    const known = remarks.get(account) ?? { takenBack: new Map(), unconverted: new Map() };
    remarks.set(account, known);
    // No label contains the separator: see `cleanLabel`.
    if (isCorrected) addTo(known.takenBack, `${row.resource}\0${row.model}`, row.corrections);
    else addTo(known.unconverted, row.detail, net);
  }
  return new Map(
    [...remarks].map(([account, { takenBack, unconverted }]) => [
      account,
      {
        takenBack: [...takenBack]
          .map(([key, usd]) => {
            const [resource = '', model = ''] = key.split('\0');
            return { resource, model, usd };
          })
          .sort((a, b) => (a.usd === b.usd ? 0 : a.usd > b.usd ? -1 : 1)),
        unconverted: [...unconverted].map(([currency, amount]) => ({ currency, amount })),
      },
    ]),
  );
}
