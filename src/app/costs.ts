import type { Ledger } from '../core/ledger.ts';
import {
  type CostReport,
  type CostsAccount,
  type CostsQuestion,
  costsOf,
} from '../core/reports/cost-query.ts';
import type { Instant } from '../core/values/time.ts';
import type { FeedState } from '../poll/feed-runner.ts';

export interface CostsSource {
  readonly ledger: Ledger;
  readonly states: readonly FeedState[];
  readonly now: Instant;
}

/** What `/api/v1/costs` answers, out of the ledger, for the accounts that are polled. */
export function costsAt({ ledger, states, now }: CostsSource, question: CostsQuestion): CostReport {
  const accounts = [...Map.groupBy(states, ({ feed }) => feed.key.account)].map(accountOf);
  return costsOf({ ledger, accounts, now, ...question });
}

function accountOf([id, feeds]: [number, readonly FeedState[]]): CostsAccount {
  const { provider = '', account = '' } = feeds[0]?.feed.labels ?? {};
  const streams = feeds.flatMap(({ feed }) => feed.feed.stream?.name ?? []);
  return { id, provider, account, streams: [...new Set(streams)] };
}
