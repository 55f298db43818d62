import type { AccountRow, Commit, SeriesRow } from './ledger/records.ts';
import type { AccountSettings } from './ledger/settings.ts';
import type { LedgerState } from './ledger/state.ts';
import { UnexposedSeries } from './ledger/zero-hold.ts';
import { buildSnapshot } from './metrics/build-snapshot.ts';
import { SampleCache } from './metrics/sample-cache.ts';
import type { Family } from './metrics/snapshot.ts';
import type { Reports } from './reports/reports.ts';
import type { PublishInput } from './reports/windows.ts';

export interface Published {
  readonly version: number;
  readonly families: Family[];
}

/** Counts publications, and knows what each of them shows for the first time. */
export class Publication {
  readonly #samples = new SampleCache();
  readonly #unexposed: UnexposedSeries;
  #version = 0;

  /** @param accounts those that are configured. */
  constructor(state: LedgerState, accounts: ReadonlyMap<number, AccountSettings>) {
    const next = (id: number) => (accounts.has(id) ? this.#version + 1 : Number.POSITIVE_INFINITY);
    this.#unexposed = new UnexposedSeries(state, next);
  }

  /** @returns beside it the accounts that show their known 0 for the first time, as they are from now on. */
  publish(input: PublishInput, reports: Reports): { published: Published; zeros: AccountRow[] } {
    this.#version += 1;
    const { families, newZeros } = buildSnapshot({
      ...input,
      cache: this.#samples,
      budgets: () => reports.budgets(input),
      budgetMatches: () => reports.budgetMatches(input),
      dailySpend: (stream) => reports.dailySpend(input, stream),
    });
    const zeros = newZeros.map((row) => ({ ...row, zeroShown: true }));
    return { published: { version: this.#version, families }, zeros };
  }

  /** The series that a publication showed, as they are once it was delivered. */
  exposedIn(version: number): SeriesRow[] {
    return this.#unexposed.exposedIn(version);
  }

  follow({ series = [], resources = [] }: Commit): void {
    this.#unexposed.add(series);
    this.#samples.evictResources(resources);
  }

  /** An account was opened or deactivated: what nobody has seen of it is in no publication before the next. */
  postpone(account: number): void {
    this.#unexposed.postpone(account);
  }

  /** The state was read again. */
  reload(): void {
    this.#unexposed.reload();
  }
}
