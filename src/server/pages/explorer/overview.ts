import type { AccountRemarks } from '../../../core/reports/taken-back.ts';
import type { Fixed, Usd } from '../../../core/values/money.ts';
import type { Instant } from '../../../core/values/time.ts';

/** What the page shows of an account that is neither a cost by bucket nor the state of a feed. */
export interface AccountOverview extends AccountRemarks {
  readonly provider: string;
  /** How the provider writes its own name. */
  readonly title: string;
  readonly account: string;
  /** Nothing before this is read. */
  readonly since: Instant;
  /** When its counters began; undefined before the first reading. */
  readonly countedSince: Instant | undefined;
  /** Expected net dollars of the current month, from `since` on; undefined with too little data. */
  readonly forecast: Usd | undefined;
  readonly balances: readonly { readonly currency: string; readonly usd: Usd }[];
  /** How many seconds the balances last; undefined if that is unknown. */
  readonly runwaySeconds: Fixed | undefined;
}
