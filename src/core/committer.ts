import { type Commit, type Store, StoreError } from './ledger/records.ts';
import type { AccountSettings } from './ledger/settings.ts';
import { LedgerState } from './ledger/state.ts';
import { Publication } from './publication.ts';
import { Reports } from './reports/reports.ts';

/** What the ledger is made of. */
export interface LedgerParts {
  readonly store: Store;
  readonly state: LedgerState;
  /** Accounts that are configured; others are kept in the ledger and not shown. */
  readonly accounts: Map<number, AccountSettings>;
  readonly reports: Reports;
  readonly publication: Publication;
}

export function openParts(store: Store): LedgerParts {
  const state = new LedgerState(store);
  const accounts = new Map<number, AccountSettings>();
  const publication = new Publication(state, accounts);
  return { store, state, accounts, reports: new Reports(state, store), publication };
}

/** Writes commits, and keeps in step with the store what is in memory. */
export class Committer {
  readonly #parts: LedgerParts;
  /** Memory is ahead of the store: a transaction was rolled back, and the store could not be read again yet. */
  #isAhead = false;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /**
   * Writes a commit and applies it, in this order:
   * 1. the store: what it refuses changes nothing in memory;
   * 2. reports, a first time: they need the period totals that the commit replaces;
   * 3. the state: all that follows reads it;
   * 4. reports, a second time: they move by what was applied;
   * 5. the publication: it reads the rows that it has yet to show.
   *
   * An empty one is not written.
   *
   * @throws what the store throws when nothing was written.
   */
  commit(change: Commit): void {
    if (Object.values(change).every((rows) => Array.isArray(rows) && rows.length === 0)) return;
    const { store, state, reports, publication } = this.#parts;
    if (this.#isAhead) {
      this.#reload();
      throw new StoreError('the ledger was read again: the commit was built on what is not stored');
    }
    store.commit(change);
    const followReports = reports.follow(change);
    state.applyCommit(change);
    followReports();
    publication.follow(change);
  }

  transaction(work: () => void): void {
    this.assertCurrent();
    try {
      this.#parts.store.together(work);
    } catch (error) {
      this.#reload();
      throw error;
    }
  }

  /** Nothing is shown of a state that is ahead of the store, and nothing is built on it. */
  assertCurrent(): void {
    if (this.#isAhead) this.#reload();
  }

  #reload(): void {
    const { state, accounts, reports, publication } = this.#parts;
    this.#isAhead = true;
    state.reload();
    this.#isAhead = false;
    for (const id of accounts.keys()) if (!state.accounts.has(id)) accounts.delete(id);
    reports.reload();
    publication.reload();
  }
}
