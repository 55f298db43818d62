import type { Reading } from '../../core/statement/statement.ts';
import { isRefusal, mostTelling, PollError } from '../api/errors.ts';
import type { FeedContext } from '../api/provider.ts';
import { note, observeUsd, reading } from '../api/readings.ts';
import type { Ask, Request } from '../api/request.ts';
import type { InferenceShConfig } from './config.ts';
import { unwrapped } from './envelope.ts';
import { Balance, Billing } from './schema.ts';

// https://inference.sh/docs/api/rest/billing

/** Either may be refused to a key. */
export interface Balances {
  /** As just calculated. */
  readonly fresh: Balance | PollError;
  /** As last calculated, with its currency. */
  readonly cached: Billing | PollError;
}

/** Asks for both balances; one of them is enough. */
export async function askBalance(ask: Ask): Promise<Balances> {
  const fresh = await bodyOrRefusal(ask, { path: '/billing/balance', schema: Balance });
  const cached = await bodyOrRefusal(ask, { path: '/billing', schema: Billing });
  if (fresh instanceof PollError && cached instanceof PollError) throw mostTelling(fresh, cached);
  return { fresh, cached };
}

async function bodyOrRefusal<Body>(ask: Ask, request: Request<Body>): Promise<Body | PollError> {
  try {
    return (await ask(unwrapped(request))).body;
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

const CACHED = 'as GET /billing has it cached: the account may not read GET /billing/balance';

/** Reads what is left of what was paid in advance. */
export function readBalance({ fresh, cached }: Balances, context: FeedContext<InferenceShConfig>): Reading {
  const billing = cached instanceof PollError ? undefined : cached;
  const known = fresh instanceof PollError ? billing : fresh;
  const balance = { amount: known?.balance, currency: billing?.currency || 'USD' };
  return reading({
    observations: observeUsd('balance', balance, context),
    notes: fresh instanceof PollError ? [note('balance', CACHED)] : [],
  });
}
