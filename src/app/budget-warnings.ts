import type { Ledger } from '../core/ledger.ts';
import { matchText } from '../core/reports/budget-matches.ts';
import type { Instant } from '../core/values/time.ts';
import type { Logger } from '../runtime/log.ts';

export interface BudgetWarningsOptions {
  readonly ledger: Pick<Ledger, 'budgetMatches'>;
  readonly now: () => Instant;
  readonly log: Logger;
}

/** Warns of budgets that match nothing, and logs each finding once. */
export class BudgetWarnings {
  readonly #options: BudgetWarningsOptions;
  readonly #logged = new Set<string>();

  constructor(options: BudgetWarningsOptions) {
    this.#options = options;
  }

  warnings(): readonly string[] {
    const { ledger, now } = this.#options;
    return ledger
      .budgetMatches(now())
      .flatMap(({ budget: { name }, unmatched = [] }) =>
        unmatched.map(
          (part) =>
            `budget ${JSON.stringify(name)}: no cost that was read matches ${matchText(part)}; is it misspelt?`,
        ),
      );
  }

  /** Logs what is new. */
  check(): void {
    for (const warning of this.warnings()) {
      if (!this.#logged.has(warning)) this.#options.log.warn({ warning }, 'budget matches nothing');
      this.#logged.add(warning);
    }
  }
}
