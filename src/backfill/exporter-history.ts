import { Ledger } from '../core/ledger.ts';
import type { CostsAccount } from '../core/reports/labels.ts';
import { type Instant, isoDay } from '../core/values/time.ts';
import { type AccountDefaults, registerAccounts } from '../poll/open-account.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import { backUp } from '../store/backup.ts';
import { openExisting } from '../store/open.ts';
import { openReadOnly } from '../store/read-only.ts';
import { BackfillRefusal } from './question.ts';
import type { HistoryRange } from './unread.ts';

export interface ExporterHistory {
  readonly ledger: Ledger;
  readonly accounts: readonly CostsAccount[];
}

/** Opens a copy of the exporter's ledger. @throws {StoreError} if it cannot be read. */
export function openExporterHistory(
  path: string,
  accounts: readonly PolledAccount[],
  defaults: AccountDefaults,
  now: Instant,
): ExporterHistory {
  const ledger = new Ledger(openReadOnly(path));
  return { ledger, accounts: registerAccounts(ledger, accounts, defaults, now) };
}

/** Copies the ledger of an exporter that is not running. */
export async function copyLedger(path: string, copy: string): Promise<void> {
  using database = openExisting(path);
  await backUp(database, copy, true);
}

/** When the counters of a stream began. */
export interface CounterStart {
  readonly account: CostsAccount;
  readonly stream: string;
  readonly at: Instant;
}

/** When the counters of each stream began that the exporter has read. */
export function counterStarts({ ledger, accounts }: ExporterHistory): CounterStart[] {
  const baselines = ledger.baselines();
  return accounts.flatMap((account) =>
    account.streams.flatMap((stream) => {
      const start = baselines.of(account.provider, account.account, stream);
      return start ? { account, stream, at: start.at } : [];
    }),
  );
}

/**
 * Where the history of each stream ends.
 *
 * @param until the end for streams that the exporter has not read; of all, if it was asked for.
 * @throws {BackfillRefusal} if the history would overlap with what the exporter counted.
 */
export function historyRange(
  starts: readonly CounterStart[],
  { from, to, until }: { readonly from: Instant; readonly to: Instant | 'baseline'; readonly until: Instant },
): HistoryRange {
  for (const start of starts) {
    if (from >= start.at) throw overlap('--from', from, start);
    if (to !== 'baseline' && to > start.at) throw overlap('--to', to, start);
  }
  return {
    from,
    end(account, stream) {
      const start = starts.find((each) => isOf(each, account, stream));
      return to === 'baseline' && start ? start.at : until;
    },
  };
}

function isOf(
  start: CounterStart,
  { provider, name }: Pick<PolledAccount, 'provider' | 'name'>,
  stream: string,
): boolean {
  const { provider: id, account } = start.account;
  return id === provider.id && account === name && start.stream === stream;
}

function overlap(option: string, bound: Instant, { account, at }: CounterStart): BackfillRefusal {
  const since = `${new Date(at).toISOString()}, when the exporter began to count`;
  const whose = `${account.provider} ${JSON.stringify(account.account)}`;
  const remedy = option === '--to' ? 'leave it out, or choose an earlier day' : 'choose an earlier day';
  return new BackfillRefusal(`${option} ${isoDay(bound)} lies after ${since} ${whose}: ${remedy}`);
}
