import type { Account } from '../config/config.ts';
import type { LedgerState } from '../core/ledger/state.ts';
import { containedCosts, likePairs, recentCosts, type SharedCosts } from '../core/reports/shared-costs.ts';
import type { Instant } from '../core/values/time.ts';
import { targetOf } from '../poll/http/url.ts';
import type { Logger } from '../runtime/log.ts';

type Pair = readonly [Account, Account];

/**
 * Warnings about accounts that read the same bill with the same key, which is then counted twice. Budgets and totals are not corrected:
 * the bill may be wanted under two names. No text contains a key.
 */
export function sharedKeyWarnings(accounts: readonly Account[]): string[] {
  return pairsOfOneKey(accounts).flatMap(([a, b]) => {
    if (areDisjoint(a, b)) return [];
    const [whole, part] = scopeOf(a) === undefined ? [a, b] : [b, a];
    const names = `${titleOf(a)} and ${titleOf(b)} use the same key at the same address`;
    return scopeOf(a) === scopeOf(b)
      ? [`${names}: the same bill is counted twice; remove one of them`]
      : [`${names}: ${titleOf(part)} is part of ${titleOf(whole)} and is counted twice`];
  });
}

/** Each account is reported with so many others of its key: the pairs of a thousand accounts are half a million. */
const MAX_PAIRED = 4;

function pairsOfOneKey(accounts: readonly Account[]): Pair[] {
  const groups = Map.groupBy(accounts, accessOf);
  return accounts.flatMap((a) => {
    const group = groups.get(accessOf(a)) ?? [];
    const next = group.indexOf(a) + 1;
    return group.slice(next, next + MAX_PAIRED).map((b): Pair => [a, b]);
  });
}

/** Equal for accounts with the same key at the same address. Compared in memory: no key is kept or shown. */
function accessOf({ baseUrl, provider, key }: Account): string {
  const { origin, basePath } = targetOf(baseUrl, provider.versionPrefix);
  return JSON.stringify([provider.id, origin, basePath, key()]);
}

/** Two distinct parts of one bill, such as two teams. */
function areDisjoint(a: Account, b: Account): boolean {
  const [one, other] = [scopeOf(a), scopeOf(b)];
  return one !== undefined && other !== undefined && one !== other;
}

function scopeOf({ provider, config }: Account): string | undefined {
  return provider.billScope?.(config);
}

export function titleOf({ provider, name }: Account): string {
  return `${provider.id} "${name}"`;
}

export interface DuplicateBillingOptions {
  readonly state: LedgerState;
  readonly now: () => Instant;
  readonly log: Logger;
}

/** Searching takes at most this share of the time. */
const SHARE = 0.01;

/** Watches for accounts that read the same bill, with the same key or not, and logs each finding once. */
export class DuplicateBillingWatch {
  readonly #options: DuplicateBillingOptions;
  readonly #logged = new Set<string>();
  #accounts: readonly Account[] = [];
  #keyWarnings: readonly string[] = [];
  #costWarnings: readonly string[] = [];
  #isStale = true;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: DuplicateBillingOptions) {
    this.#options = options;
  }

  update(accounts: readonly Account[]): void {
    this.#accounts = accounts;
    this.#isStale = true;
    this.#keyWarnings = sharedKeyWarnings(accounts);
    for (const warning of this.#keyWarnings) this.#logOnce(warning, warning);
  }

  /** Marks the findings as stale: what is read has changed. */
  invalidate(): void {
    this.#isStale = true;
  }

  /** Searches again if anything changed, unless searching would take too much of the time. */
  check(): void {
    if (performance.now() >= this.#notBefore) this.#search();
  }

  warnings(): readonly string[] {
    this.#search();
    return [...this.#keyWarnings, ...this.#costWarnings];
  }

  #search(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const startedAt = performance.now();
    const found = sharedCostWarnings(this.#accounts, this.#options);
    this.#costWarnings = found.map(({ warning }) => warning);
    // The figures of a warning grow every day: its accounts are logged once.
    for (const { pair, warning } of found) this.#logOnce(pair, warning);
    const endedAt = performance.now();
    this.#notBefore = endedAt + (endedAt - startedAt) / SHARE;
  }

  #logOnce(key: string, warning: string): void {
    if (!this.#logged.has(key)) this.#options.log.warn({ warning }, 'possible duplicate billing');
    this.#logged.add(key);
  }
}

function sharedCostWarnings(accounts: readonly Account[], options: DuplicateBillingOptions) {
  const { state } = options;
  const now = options.now();
  const costs = recentCosts(state, now);
  const idOf = ({ provider, name }: Account) => state.accountOf(provider.id, name)?.id ?? 0;
  const byId = new Map(accounts.map((account) => [idOf(account), account]));
  const byProvider = Map.groupBy(accounts, ({ provider }) => provider.id).values();
  return [...byProvider].flatMap((ofProvider) =>
    likePairs(costs, ofProvider.map(idOf), now).flatMap(([one, other]) => {
      const [a, b] = [byId.get(one), byId.get(other)];
      if (!a || !b || accessOf(a) === accessOf(b)) return [];
      const shared = containedCosts(costs, [one, other], now);
      return shared ? [{ pair: `${titleOf(a)} ${titleOf(b)}`, warning: textOf(a, b, shared) }] : [];
    }),
  );
}

function textOf(a: Account, b: Account, { amounts, days, contained }: SharedCosts): string {
  const figures = `${amounts} amounts on ${days} ${days === 1 ? 'day' : 'days'}`;
  if (contained === 'both')
    return `${titleOf(a)} and ${titleOf(b)} have identical costs (${figures}): they may read the same bill and count it twice`;
  const [part, whole] = contained === 'first' ? [a, b] : [b, a];
  return `every cost of ${titleOf(part)} also appears in ${titleOf(whole)} (${figures}): the larger bill may include the smaller one, which is then counted twice`;
}
