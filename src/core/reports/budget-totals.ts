import type { PeriodTotalRow, SeriesRow } from '../ledger/records.ts';
import { OVERFLOW } from '../ledger/series-key.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { Fixed, Usd } from '../values/money.ts';
import { DAY, type Instant } from '../values/time.ts';
import { type Labels, matcherOf, type SpendScope } from './budget.ts';
import { netCosts, type Period } from './net-cost.ts';

/** A total, and by how much a commit moved it. */
export interface TotalDelta extends Omit<PeriodTotalRow, 'value'> {
  readonly delta: Fixed;
}

/** The days that a forecast looks back on, and a few more. */
const KEPT_MS = 70 * DAY;

/** What scopes of spend cost by period and stream, kept up to date by every commit. Loads nothing by itself: a start does not wait for past days. */
export class BudgetTotals {
  readonly scopes: readonly SpendScope[];
  readonly #state: LedgerState;
  readonly #matchers: ReadonlyMap<SpendScope, ReturnType<typeof matcherOf>>;
  readonly #memberships = new Map<number, Membership>();
  readonly #loaded = new Map<string, LoadedTotals>();

  constructor(state: LedgerState, scopes: readonly SpendScope[]) {
    this.#state = state;
    this.scopes = scopes;
    this.#matchers = new Map(scopes.map((scope) => [scope, matcherOf(scope.match)]));
  }

  /**
   * Net dollars of a stream in a period, which is {@link load loaded} first. Undefined if some of them were folded into the overflow
   * series, which has lost the labels that the scope asks for.
   */
  of(scope: SpendScope, stream: number, period: Period): Usd | undefined {
    if (!this.isLoaded(period)) this.load(period);
    const totals = this.#loaded.get(keyOf(period));
    if (totals?.uncertain.get(scope)?.get(stream)) return undefined;
    return totals?.certain.get(scope)?.get(stream) ?? 0n;
  }

  isLoaded(period: Period): boolean {
    return this.#loaded.has(keyOf(period));
  }

  load(period: Period): void {
    const totals: LoadedTotals = { ...period, certain: new Map(), uncertain: new Map() };
    for (const [row, usd] of netCosts(this.#state, period)) this.#add(totals, row, usd);
    this.#loaded.set(keyOf(period), totals);
    if (period.kind === 'day') this.#evictDays(period.start - KEPT_MS);
  }

  update(deltas: readonly TotalDelta[]): void {
    for (const { series, delta, ...period } of deltas) {
      const totals = this.#loaded.get(keyOf(period));
      const row = this.#state.series.get(series);
      if (totals && row) this.#add(totals, row, delta);
    }
  }

  #evictDays(before: Instant): void {
    for (const [key, { kind, start }] of this.#loaded)
      if (kind === 'day' && start < before) this.#loaded.delete(key);
  }

  #add({ certain, uncertain }: LoadedTotals, row: SeriesRow, amount: Usd): void {
    const membership = this.#membershipOf(row);
    for (const scope of membership.certain) addTo(certain, scope, row.stream, amount);
    for (const scope of membership.uncertain) addTo(uncertain, scope, row.stream, amount);
  }

  #membershipOf(row: SeriesRow): Membership {
    const known = this.#memberships.get(row.id);
    if (known) return known;
    const { provider = '', name = '' } = this.#accountOf(row) ?? {};
    const { resource, model, tier, detail } = row;
    const account = { provider, account: name };
    const labels = { ...account, resource, model, tier, currency: detail };
    const matching = (each: Labels) => this.scopes.filter((scope) => this.#matchers.get(scope)?.(each));
    const certain = matching(labels);
    const uncertain =
      resource === OVERFLOW ? matching(account).filter((each) => !certain.includes(each)) : [];
    const membership = { certain, uncertain };
    this.#memberships.set(row.id, membership);
    return membership;
  }

  #accountOf({ stream }: SeriesRow) {
    return this.#state.accounts.get(this.#state.streams.get(stream)?.account ?? 0);
  }
}

/** Dollars of scopes by stream. */
type TotalsByScope = Map<SpendScope, Map<number, Usd>>;

interface LoadedTotals extends Period {
  readonly certain: TotalsByScope;
  readonly uncertain: TotalsByScope;
}

/** The scopes that a series belongs to, and those that it may belong to in part. */
interface Membership {
  readonly certain: readonly SpendScope[];
  readonly uncertain: readonly SpendScope[];
}

function addTo(totals: TotalsByScope, scope: SpendScope, stream: number, amount: Usd): void {
  const byStream = totals.get(scope) ?? new Map<number, Usd>();
  totals.set(scope, byStream.set(stream, (byStream.get(stream) ?? 0n) + amount));
}

function keyOf({ kind, start }: Period): string {
  return `${kind} ${start}`;
}
