import type { Note, Reading } from '../../core/statement/statement.ts';
import { isRefusal, mostTelling, type PollError } from '../api/errors.ts';
import type { FeedContext } from '../api/provider.ts';
import { observeUsd, reading } from '../api/readings.ts';
import type { Ask, Request } from '../api/request.ts';
import type { InferenceShConfig } from './config.ts';
import { unwrapped } from './envelope.ts';
import { Balance, Billing } from './schema.ts';

// https://inference.sh/docs/api/rest/billing

/** What came of asking for something that a key may be refused. */
type BalancePage<Body> = { readonly body: Body } | { readonly refusal: PollError };

/** The balance as just calculated; the cached one, and its currency. */
export interface Balances {
  readonly fresh: BalancePage<Balance>;
  readonly cached: BalancePage<Billing>;
}

/** Asks for both balances; one of them is enough. */
export async function* askBalance(ask: Ask): AsyncGenerator<Balances> {
  const fresh = await unlessRefused(ask, { path: '/billing/balance', schema: Balance });
  const cached = await unlessRefused(ask, { path: '/billing', schema: Billing });
  if ('refusal' in fresh && 'refusal' in cached) throw mostTelling(fresh.refusal, cached.refusal);
  yield { fresh, cached };
}

async function unlessRefused<Body>(ask: Ask, request: Request<Body>): Promise<BalancePage<Body>> {
  try {
    return { body: (await ask(unwrapped(request))).body };
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

/** Reads what is left of what was paid in advance. */
export function readBalance({ fresh, cached }: Balances, context: FeedContext<InferenceShConfig>): Reading {
  const billing = 'body' in cached ? cached.body : undefined;
  const known = 'body' in fresh ? fresh.body : billing;
  return reading({
    observations: observeUsd(
      'balance',
      { amount: known?.balance, currency: billing?.currency || 'USD' },
      context,
    ),
    notes: 'body' in fresh ? [] : [CACHED],
  });
}
