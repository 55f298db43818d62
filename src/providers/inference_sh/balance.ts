import type { Note, Reading } from '../../core/statement/statement.ts';
import { SECOND } from '../../core/values/time.ts';
import { isRefusal, mostTelling, type PollError } from '../api/errors.ts';
import { defineFeed, type FeedContext } from '../api/provider.ts';
import { singleReader } from '../api/readers.ts';
import type { Ask, Request } from '../api/request.ts';
import { unknownFieldsOf } from '../api/unknown-fields.ts';
import type { Config } from './config.ts';
import { askUnwrapped } from './envelope.ts';
import { Balance, Billing } from './schema.ts';

// https://inference.sh/docs/api/rest/billing

/** What came of asking for something that a key may be refused. */
type BalancePage<Body> = { readonly body: Body } | { readonly refusal: PollError };

/** The balance calculated anew; the cached one, and its currency. */
interface Balances {
  readonly fresh: BalancePage<Balance>;
  readonly cached: BalancePage<Billing>;
}

/** What is left of what was paid in advance. */
export const balance = defineFeed<Config, Balances>({
  name: 'balance',
  schedule: '*/10 * * * *',
  jitterMs: 30 * SECOND,
  optional: true,
  plan: ({ now }) => [{ start: now, end: now }],
  async *ask(ask) {
    const fresh = await unlessRefused(ask, { path: '/billing/balance', schema: Balance });
    const cached = await unlessRefused(ask, { path: '/billing', schema: Billing });
    if ('refusal' in fresh && 'refusal' in cached) throw mostTelling(fresh.refusal, cached.refusal);
    yield { fresh, cached };
  },
  reader: (_, context) => singleReader((balances) => readBalance(balances, context)),
});

async function unlessRefused<Body>(ask: Ask, request: Request<Body>): Promise<BalancePage<Body>> {
  try {
    return { body: (await askUnwrapped(ask, request)).body };
  } catch (error) {
    if (isRefusal(error)) return { refusal: error };
    throw error;
  }
}

const CACHED: Note = {
  topic: 'balance',
  text: 'as GET /billing has it cached: the account may not read GET /billing/balance',
  isWarning: false,
};

function readBalance({ fresh, cached }: Balances, { usdOf }: FeedContext<Config>): Reading {
  const billing = 'body' in cached ? cached.body : undefined;
  const known = 'body' in fresh ? fresh.body : billing;
  const currency = billing?.currency || 'USD';
  // Null is not zero: nothing is known of a balance.
  const amount = known?.balance ?? undefined;
  const value = amount === undefined ? undefined : usdOf(amount, currency);
  return {
    resources: [],
    observations: value === undefined ? [] : [{ metric: 'balance', labels: { currency }, value }],
    drift: [
      ...('body' in fresh ? unknownFieldsOf(Balance, fresh.body) : []),
      ...(billing ? unknownFieldsOf(Billing, billing) : []),
    ],
    notes: 'body' in fresh ? [] : [CACHED],
  };
}
