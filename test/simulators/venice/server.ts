import { MINUTE, SECOND } from '../../../src/core/values/time.ts';
import { openBooks } from '../kit/books.ts';
import { keyOf, meter } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { Service, SimulatedCall, Simulator } from '../kit/service.ts';
import { openSimulator } from '../kit/simulator.ts';
import { type SimulatorOptions, worldOf } from '../kit/world.ts';
import { analyticsOf } from './analytics.ts';
import { balanceOf } from './balance.ts';
import { balancesAt } from './balances.ts';
import { veniceHistory } from './history.ts';
import { keysOf } from './keys.ts';
import { limitsOf } from './limits.ts';
import { failure, PAYMENT_REQUIRED, SUNSET, throttled } from './replies.ts';
import { costing, entriesOf, type VeniceRow } from './rows.ts';
import { usageHistory } from './usage-history.ts';
import { usageLegacy } from './usage-legacy.ts';

/** Not published; generous. */
const PER_MINUTE = 1000;
/** Answers keys of type INFERENCE, too. */
const ANY_KEY = '/api/v1/api_keys/rate_limits';

export interface VeniceOptions extends SimulatorOptions {
  /** A key of type INFERENCE, which billing refuses. */
  readonly inferenceKey?: string;
  /** Not published; 15 minutes when absent. */
  readonly cursorTtlMs?: number;
  readonly emptyPages?: 'never' | 'sometimes' | 'always';
  /** The seed's endpoint as it was in July 2026: with a warning, its headers and so many requests a minute. */
  readonly legacyPerMinute?: number;
}

/** The billing endpoints below `/api/v1` on loopback: `usage-history`, or the seed's `usage`; `usage-analytics`, `balance`, the keys and the rate limits of the one that asks. */
export async function startVenice(options: VeniceOptions = {}): Promise<Simulator<VeniceRow>> {
  const world = worldOf(options);
  const key = options.key ?? 'demo-venice-admin';
  const books = openBooks(world.generate ? veniceHistory(world) : () => []);
  const history = {
    books,
    seed: world.seed,
    secret: `${world.seed} ${key}`,
    cursorTtlMs: options.cursorTtlMs ?? 15 * MINUTE,
    emptyPages: options.emptyPages ?? 'sometimes',
  };
  const legacyRate =
    options.legacyPerMinute === undefined ? undefined : meter(options.legacyPerMinute, MINUTE);
  const analytics = analyticsOf(books);
  const purse = balancesAt(books, world);
  const balance = balanceOf(purse, world.contract);

  const routes: Readonly<Record<string, (call: SimulatedCall) => Reply>> = {
    '/api/v1/billing/usage-analytics': analytics,
    '/api/v1/billing/balance': balance,
    [ANY_KEY]: limitsOf(purse),
    '/api/v1/api_keys': keysOf(books, world),
    ...(world.contract === 'current' && {
      '/api/v1/billing/usage-history': (call) => usageHistory(call, history),
    }),
    ...(world.contract === 'seed' && {
      '/api/v1/billing/usage': (call) =>
        legacyRate?.count(call.now).exhausted
          ? throttledLegacy(call)
          : usageLegacy(call, books, world.genesis, legacyRate !== undefined),
    }),
  };
  const retired = world.contract === 'current' ? '/api/v1/billing/usage' : undefined;
  const service = guarded(key, options.inferenceKey, (call) => {
    if (call.path === retired) return SUNSET;
    return routes[call.path];
  });
  return openSimulator(service, { world, options, key, books, entriesOf, costing });
}

function throttledLegacy(call: SimulatedCall): Reply {
  const { headers } = throttled(60, 'reset', call);
  return failure(429, 'Rate limit exceeded', { ...headers, 'retry-after': '60' });
}

/** Keys, limits and the lockout around the routes; a route that is a reply needs no key. */
function guarded(
  key: string,
  inferenceKey: string | undefined,
  routeOf: (call: SimulatedCall) => Reply | ((call: SimulatedCall) => Reply) | undefined,
): Service {
  const rate = meter(PER_MINUTE, MINUTE);
  const lockout = lockoutOf();
  return {
    refuse: (status) => failure(status, `Request failed with status ${status}`),
    throttle: throttled,
    answer: (call) => {
      if (lockout.holds(call.now)) return failure(429, TOO_MANY_FAILURES);
      const route = routeOf(call);
      if (typeof route === 'object') return route;
      const refused = unauthorized(call, key, inferenceKey);
      if (refused) return refused;
      const { remaining, resetAt, exhausted } = rate.count(call.now);
      if (exhausted) return throttled(Math.ceil((resetAt - call.now) / SECOND), 'reset', call);
      const reply = route?.(call) ?? failure(404, 'Not found');
      const limits = {
        'x-ratelimit-limit-requests': String(rate.limit),
        'x-ratelimit-remaining-requests': String(remaining),
        'x-ratelimit-reset-requests': String(Math.ceil(resetAt / SECOND)),
        'x-venice-version': '20260821.193530',
      };
      return { ...reply, headers: { ...limits, ...reply.headers } };
    },
    finish: (reply, call) => {
      if (reply.status >= 400) lockout.failed(call.now);
      return reply;
    },
  };
}

function unauthorized(call: SimulatedCall, key: string, inferenceKey: string | undefined): Reply | undefined {
  if (call.headers.authorization === undefined) return PAYMENT_REQUIRED;
  const given = keyOf(call, 'Bearer');
  if (given === key) return undefined;
  if (given !== undefined && given === inferenceKey && call.path === ANY_KEY) return undefined;
  if (given !== undefined && given === inferenceKey) return failure(401, 'Admin API key required');
  return failure(401, 'Authentication failed');
}

const TOO_MANY_FAILURES =
  'Too many failed attempts (> 20) resulting in a non-success status code. Please wait 30s and try again.';

/** More than 20 failures within 30 s lock the caller out for 30 s. */
function lockoutOf() {
  let failures: number[] = [];
  let until = Number.NEGATIVE_INFINITY;
  return {
    holds: (now: number) => now < until,
    failed: (now: number) => {
      if (now < until) return;
      failures = [...failures.filter((at) => at > now - 30 * SECOND), now];
      if (failures.length > 20) until = now + 30 * SECOND;
    },
  };
}
