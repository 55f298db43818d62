import type { Store } from '../../src/core/ledger/records.ts';
import type { AccountSettings } from '../../src/core/ledger/settings.ts';
import { Ledger } from '../../src/core/ledger.ts';
import type { Charge, ResourceFacts, Statement } from '../../src/core/statement/statement.ts';
import { fromInteger, type Usd } from '../../src/core/values/money.ts';
import { DAY, HOUR, type Instant, type Range, startOfDay, startOfMonth } from '../../src/core/values/time.ts';
import { DEFAULT_RATES } from '../../src/providers/index.ts';

/** One account of Baseten with so many deployments, each with a bill of its own. */
export interface Bill {
  readonly now: Instant;
  readonly settings: AccountSettings;
  readonly resources: readonly ResourceFacts[];
}

export const FEED = 'usage';
/** 2026-11-22T09:30Z: in the middle of a day and of a month. */
export const NOW: Instant = Date.UTC(2026, 10, 22, 9, 30);

export function billOf(deployments: number, now: Instant = NOW): Bill {
  const stream = { settleMs: 31 * DAY, reachMs: 31 * DAY, lagMs: 2 * HOUR };
  return {
    now,
    settings: {
      provider: 'baseten',
      name: 'production',
      since: undefined,
      maxSeries: Number.MAX_SAFE_INTEGER,
      rates: DEFAULT_RATES,
      streams: [{ name: FEED, granularities: ['day'], ...stream }],
    },
    resources: Array.from({ length: deployments }, (_, index) => ({
      resource: idOf(index),
      name: `${modelOf(index)}-production`,
      kind: 'deployment',
      environment_name: index % 3 === 0 ? 'production' : 'staging',
      instance_type: 'H100:8x208x1872',
    })),
  };
}

/** Eight letters and digits, as Baseten's ids are. */
function idOf(index: number): string {
  return (((index + 1) * 2_654_435_761) % 2 ** 32).toString(36).padStart(8, 'q').slice(-8);
}

function modelOf(index: number): string {
  return `llama-3.3-70b-instruct-${index % 500}`;
}

/** What every deployment cost in each bucket, deployment by deployment as Baseten lists it. `revision` moves the amounts. */
export function chargesOf({ resources }: Bill, buckets: readonly Instant[], revision = 0): Charge[] {
  return resources.flatMap(({ resource }, index) => {
    const model = modelOf(index);
    const charge = (at: Instant): Charge => {
      const value = amountOf(index, at, revision);
      return { at, measure: 'cost', resource, model, tier: 'dedicated', detail: 'USD', value };
    };
    return buckets.map(charge);
  });
}

/** From a tenth of a cent to nine dollars. */
function amountOf(index: number, at: Instant, revision: number): Usd {
  const micros = ((index + 7) * (Math.floor(at / DAY) % 97) * 7919 + revision) % 9_000_000;
  return fromInteger(BigInt(micros) + 1_000n, -6);
}

/** Buckets of a day each. */
export function daysOf({ start, end }: Range): Instant[] {
  return Array.from({ length: Math.round((end - start) / DAY) }, (_, index) => start + index * DAY);
}

/** A statement of whole days with these charges. */
export function statementOf(range: Range, asOf: Instant, charges: readonly Charge[]): Statement {
  return { stream: FEED, granularity: 'day', range, asOf, charges, omittedTiers: [] };
}

/** A ledger that exposes about so many series: six of cost and one of its resource for each deployment, some of the account. */
export function ledgerOf(
  store: Store,
  series: number,
  now = NOW,
): { ledger: Ledger; bill: Bill; account: number } {
  const bill = billOf(Math.floor((series - 4) / 7), now);
  const ledger = new Ledger(store);
  const account = ledger.openAccount(bill.settings, bill.settings.since ?? 0);
  const today = startOfDay(now);
  const lastMonth = startOfMonth(now, -1);
  const charges = chargesOf(bill, [lastMonth, startOfMonth(now), today - DAY, today]);
  const statement = statementOf({ start: lastMonth, end: today + DAY }, now, charges);
  ledger.apply({ account, feed: FEED }, statement, bill.resources, now);
  ledger.recordPoll(
    { account, feed: FEED },
    { at: now, observations: undefined, reconciliation: undefined, state: undefined, notes: undefined },
  );
  return { ledger, bill, account };
}
