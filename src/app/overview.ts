import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Ledger } from '../core/ledger.ts';
import type { Instant } from '../core/values/time.ts';
import type { FeedState } from '../poll/feed-runner.ts';
import { PROVIDERS } from '../providers/index.ts';
import type { AccountOverview } from '../server/pages/explorer/overview.ts';
import { accountsOf } from './status.ts';

/** Accounts per turn of the event loop: each takes up to 0.1 ms. */
const ACCOUNTS_PER_TURN = 50;

/** What the page shows of each account beside its costs and feeds. */
export async function overviewOf(
  ledger: Ledger,
  states: readonly FeedState[],
  now: Instant,
): Promise<AccountOverview[]> {
  const remarks = ledger.remarks(now);
  const overview: AccountOverview[] = [];
  for (const { id, provider, account, streams } of accountsOf(states)) {
    if (overview.length % ACCOUNTS_PER_TURN === ACCOUNTS_PER_TURN - 1) await nextTurn();
    // An account may have been removed in the meantime.
    if (!ledger.isOpen(id)) continue;
    const { balances, runwaySeconds } = ledger.balance(id, now);
    overview.push({
      provider,
      title: PROVIDERS.find(({ id: known }) => known === provider)?.title ?? provider,
      account,
      since: ledger.since(id, streams[0], now),
      countedSince: ledger.countedSince(id),
      forecast: ledger.accountMonth(id, now).forecast,
      balances: balances.map(({ labels, value }) => ({ currency: labels.currency ?? '', usd: value })),
      runwaySeconds,
      takenBack: remarks.get(id)?.takenBack ?? [],
      unconverted: remarks.get(id)?.unconverted ?? [],
    });
  }
  return overview;
}
