import { SeriesAnswers } from '../../../src/app/series-answers.ts';
import type { Charge } from '../../../src/core/statement/statement.ts';
import { DAY, type Instant } from '../../../src/core/values/time.ts';
import { type ExplorerSource, loadData } from '../../../src/server/pages/explorer/explorer-data.ts';
import { explorerPage } from '../../../src/server/pages/explorer/explorer-page.ts';
import { parseState } from '../../../src/server/pages/explorer/explorer-state.ts';
import type { AccountOverview } from '../../../src/server/pages/explorer/overview.ts';
import type { AccountStatus, FeedStatus, Status } from '../../../src/server/pages/status.ts';
import { openBench, settings, statement, utc } from '../ledger/ledger.ts';

/** A Monday, the last day of its month. */
export const NOW = utc('2026-11-30T10:30');
export const OCTOBER = utc('2026-10-01');

/** An account of the page and what it costs. */
export interface ExplorerAccount {
  readonly provider: string;
  readonly title?: string;
  readonly account?: string;
  /** The first day that is read; undefined: nothing was read. */
  readonly since: Instant | undefined;
  readonly charges: readonly Charge[];
  readonly more?: Partial<AccountOverview>;
}

export const FEED_STATUS: FeedStatus = {
  name: 'usage',
  up: true,
  lastSuccess: '2026-11-30T10:29:56.000Z',
  lastError: null,
  off: null,
  dataFrom: '2026-10-01T00:00:00.000Z',
  dataThrough: '2026-11-30T10:00:00.000Z',
  schedule: '*/10 * * * *',
  isPolling: false,
  nextRun: '2026-11-30T10:40:00.000Z',
  notBefore: null,
  reconciliation: null,
  history: null,
  notes: [],
};

/** A charge on each day from `first` to today. */
export function daily(first: Instant, charge: (day: Instant) => readonly Charge[], now = NOW): Charge[] {
  const charges: Charge[] = [];
  for (let day = first; day <= now; day += DAY) charges.push(...charge(day));
  return charges;
}

/** The page's source over a real ledger that has read these accounts by the day. */
export function sourceOf(
  accounts: readonly ExplorerAccount[],
  status: Partial<Status> = {},
  now = NOW,
): ExplorerSource {
  const [first, ...others] = accounts.map(({ provider, account = 'prod', since = OCTOBER }) =>
    settings({ granularities: ['day'] }, { provider, name: account, since }),
  );
  const bench = openBench(first ?? settings());
  const ids = first ? [bench.account, ...others.map((each) => bench.open(each))] : [];
  for (const [index, { since, charges }] of accounts.entries()) {
    const [account, end] = [ids[index] ?? 0, now - (now % DAY) + DAY];
    if (since === undefined) continue;
    const read = statement('day', { start: since, end }, now, charges);
    bench.ledger.apply({ account, feed: 'usage' }, read, [], now);
  }
  while (bench.ledger.preloadHistory(now));
  const asked = accounts.map(({ provider, account = 'prod' }, index) => {
    return { id: ids[index] ?? 0, provider, account, streams: ['usage'] };
  });
  const answers = new SeriesAnswers({
    ask: (question) => bench.ledger.series(question, asked, now),
    version: () => 1,
    now: () => now,
  });
  return {
    now: () => now,
    series: (question) => answers.answer(question),
    status: () => ({
      version: '1.2.3',
      startedAt: '2026-11-20T00:00:00.000Z',
      budgets: [],
      accounts: asked.map(({ id, provider, account }): AccountStatus => {
        const incomplete = (['today', 'month_to_date'] as const).flatMap((window) => {
          const reason = bench.ledger.windowState(id, window, now).incomplete;
          return reason ? [{ window, reason }] : [];
        });
        const costs = { todayUsd: null, monthToDateUsd: null, incomplete };
        return { provider, name: account, ...costs, requestBudget: NO_BUDGET, feeds: [FEED_STATUS] };
      }),
      ...status,
    }),
    overview: async () =>
      accounts.map(({ provider, title = provider, account = 'prod', more = {} }, index) => ({
        provider,
        title,
        account,
        since: bench.ledger.since(ids[index] ?? 0, 'usage', now),
        countedSince: bench.ledger.countedSince(ids[index] ?? 0),
        forecast: bench.ledger.accountMonth(ids[index] ?? 0, now).forecast,
        balances: [],
        runwaySeconds: undefined,
        takenBack: [],
        unconverted: [],
        ...more,
      })),
  };
}

const NO_BUDGET = { remaining: null, notBefore: null } as const;

/** The HTML of an address. */
export async function pageOf(source: ExplorerSource, address = ''): Promise<string> {
  const state = parseState(new URLSearchParams(address), source.now());
  if ('error' in state) throw new Error(state.error);
  return explorerPage(await loadData(source, state));
}

/** The text of HTML without tags, entities decoded. */
export function textOf(html: string): string {
  return html
    .replace(/<title>[^<]*<\/title>|<style>[^<]*<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replace(/\s+/g, ' ')
    .trim();
}

/** The first element with this opening tag, to its end; elements of the same name must not be nested in it. */
export function elementOf(html: string, name: string, attribute: string): string {
  const start = html.search(new RegExp(`<${name}\\b[^>]*${attribute}`));
  if (start < 0) throw new Error(`no ${name} with ${attribute}`);
  return html.slice(start, html.indexOf(`</${name}>`, start));
}
