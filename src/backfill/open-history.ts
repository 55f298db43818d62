import type { Baselines } from '../core/history/baselines.ts';
import type { History } from '../core/history/history.ts';
import type { Instant, Range } from '../core/values/time.ts';
import { type AccountDefaults, registerAccounts } from '../poll/open-account.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import type { CounterStart } from './exporter-history.ts';
import type { WorkingDirectory } from './working-directory.ts';

export interface HistoryToOpen {
  readonly from: Instant;
  readonly to: Instant | 'baseline';
  readonly accounts: readonly PolledAccount[];
  readonly defaults: AccountDefaults;
  readonly now: Instant;
  readonly starts: readonly CounterStart[];
  /** Of the exporter's ledger; undefined without one. */
  readonly baselines: Baselines | undefined;
}

/** What was read, as counters over time, and from when to when. */
export function openHistory(
  { ledger, question }: Pick<WorkingDirectory, 'ledger' | 'question'>,
  { from, to, now, starts, defaults, baselines, ...toOpen }: HistoryToOpen,
): { readonly history: History; readonly range: Range } {
  const latest = Math.max(question.end, ...starts.map(({ at }) => at));
  const range = { start: from, end: to === 'baseline' ? latest : to };
  const since = toOpen.accounts.map((account) => ({ ...account, since: from }));
  const accounts = registerAccounts(ledger, since, defaults, now);
  const history = ledger.history({ accounts, from, to: range.end, ...(baselines && { baselines }) });
  return { history, range };
}
