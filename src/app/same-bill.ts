import type { Account } from '../config/config.ts';
import type { Ledger } from '../core/ledger.ts';
import { containedCosts, likePairs, type SharedCosts } from '../core/reports/shared-costs.ts';
import type { Instant } from '../core/values/time.ts';
import { targetOf } from '../poll/http/url.ts';
import type { Logger } from '../runtime/log.ts';

type Pair = readonly [Account, Account];

/**
 * Warnings about accounts that read one bill with one credential, so that it counts twice. Budgets and totals are left as they are: the
 * bill may well be wanted under two names. No text holds a key.
 */
export function sharedKeyWarnings(accounts: readonly Account[]): string[] {
  return pairsOfOneKey(accounts).flatMap(([a, b]) => {
    if (areApart(a, b)) return [];
    const [whole, part] = scopeOf(a) === undefined ? [a, b] : [b, a];
    const names = `${titleOf(a)} and ${titleOf(b)} have the same key at the same address`;
    return scopeOf(a) === scopeOf(b)
      ? [`${names}: one bill is read twice, and counts twice; keep one of them`]
      : [`${names}: what ${titleOf(part)} reads is a part of what ${titleOf(whole)} reads, and counts twice`];
  });
}

/** So many accounts of one key are told of beside each: the pairs of a thousand are half a million. */
const MOST_PAIRED = 4;

function pairsOfOneKey(accounts: readonly Account[]): Pair[] {
  const groups = Map.groupBy(accounts, accessOf);
  return accounts.flatMap((a) => {
    const group = groups.get(accessOf(a)) ?? [];
    const next = group.indexOf(a) + 1;
    return group.slice(next, next + MOST_PAIRED).map((b): Pair => [a, b]);
  });
}

/** Equal for accounts with one key at one address. Compared in memory: nothing of a key is kept or shown. */
function accessOf({ baseUrl, provider, key }: Account): string {
  const { origin, basePath } = targetOf(baseUrl, provider.versionPrefix);
  return JSON.stringify([provider.id, origin, basePath, key()]);
}

/** Two parts of one bill, such as two teams. */
function areApart(a: Account, b: Account): boolean {
  const [one, other] = [scopeOf(a), scopeOf(b)];
  return one !== undefined && other !== undefined && one !== other;
}

function scopeOf({ provider, config }: Account): string | undefined {
  return provider.billScope?.(config);
}

function titleOf({ provider, name }: Account): string {
  return `${provider.id} "${name}"`;
}

/** Watches for accounts that are billed the same, whatever their keys. */
export interface SameBillWatch {
  /** Takes the accounts that are polled from now on. */
  take(accounts: readonly Account[]): void;
  /** What is read has changed. */
  changed(): void;
  /** Looks again and logs what is new, unless nothing changed or looking takes too much of the time. */
  look(): void;
  /** What is so now. */
  warnings(): readonly string[];
}

export interface SameBillOptions {
  readonly ledger: Pick<Ledger, 'accountId' | 'recentCosts'>;
  readonly now: () => Instant;
  readonly log: Logger;
}

/** Looking takes at most this share of the time. */
const SHARE = 0.01;

export function watchSameBills({ ledger, now, log }: SameBillOptions): SameBillWatch {
  let accounts: readonly Account[] = [];
  let ofKeys: readonly string[] = [];
  let ofCosts: readonly string[] = [];
  let isDirty = true;
  let notBefore = Number.NEGATIVE_INFINITY;
  const told = new Set<string>();
  const tell = (warnings: readonly string[], names: readonly string[] = warnings) => {
    for (const [index, warning] of warnings.entries()) {
      const name = names[index] ?? warning;
      if (!told.has(name)) log.warn({ warning }, 'one bill may be counted twice');
      told.add(name);
    }
  };
  const look = () => {
    if (!isDirty) return;
    isDirty = false;
    const started = performance.now();
    const found = sharedCostWarnings(accounts, ledger, now());
    ofCosts = found.map(({ warning }) => warning);
    // The figures of a warning grow by the day: what it is about is logged once.
    tell(
      ofCosts,
      found.map(({ about }) => about),
    );
    const ended = performance.now();
    notBefore = ended + (ended - started) / SHARE;
  };
  return {
    take(next) {
      accounts = next;
      isDirty = true;
      ofKeys = sharedKeyWarnings(accounts);
      tell(ofKeys);
    },
    changed() {
      isDirty = true;
    },
    look() {
      if (performance.now() >= notBefore) look();
    },
    warnings() {
      look();
      return [...ofKeys, ...ofCosts];
    },
  };
}

function sharedCostWarnings(accounts: readonly Account[], ledger: SameBillOptions['ledger'], now: Instant) {
  const costs = ledger.recentCosts(now);
  const idOf = ({ provider, name }: Account) => ledger.accountId(provider.id, name) ?? 0;
  const byId = new Map(accounts.map((account) => [idOf(account), account]));
  const ofProviders = Map.groupBy(accounts, ({ provider }) => provider.id).values();
  return [...ofProviders].flatMap((some) =>
    likePairs(costs, some.map(idOf), now).flatMap(([one, other]) => {
      const [a, b] = [byId.get(one), byId.get(other)];
      if (!a || !b || accessOf(a) === accessOf(b)) return [];
      const shared = containedCosts(costs, [one, other], now);
      return shared ? [{ about: `${titleOf(a)} ${titleOf(b)}`, warning: textOf(a, b, shared) }] : [];
    }),
  );
}

function textOf(a: Account, b: Account, { amounts, days, contained }: SharedCosts): string {
  const figures = `${amounts} amounts on ${days} ${days === 1 ? 'day' : 'days'}`;
  if (contained === 'both')
    return `${titleOf(a)} and ${titleOf(b)} cost the same to the last digit (${figures}): they may read one bill, which then counts twice`;
  const [part, whole] = contained === 'first' ? [a, b] : [b, a];
  return `all that ${titleOf(part)} costs, ${titleOf(whole)} costs too, to the last digit (${figures}): its bill may hold that of the other, which then counts twice`;
}
