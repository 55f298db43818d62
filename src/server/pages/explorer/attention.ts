import { formatDecimal } from '../../../core/values/money.ts';
import type { Instant } from '../../../core/values/time.ts';
import { clockText, distanceText } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { FailureStatus, FeedStatus, Status } from '../status.ts';
import { accountTitle, isRunningOut, overviewNamed } from './accounts.ts';
import { amount, durationText, shareOfLimit } from './amounts.ts';
import { paceOf } from './budgets.ts';
import type { ExplorerData } from './explorer-data.ts';
import type { AccountOverview } from './overview.ts';

/** Something to look at, most urgent first. */
interface Remark {
  readonly kind: 'balance' | 'feed' | 'budget' | 'unconverted' | 'warning';
  readonly isBad: boolean;
  readonly text: Html;
}

export function remarksOf({ status, accounts, now }: ExplorerData): Remark[] {
  return [
    ...accounts.filter(isRunningOut).map((account) => balanceRemark(account, accounts)),
    ...feedRemarks(status, accounts, now),
    ...budgetRemarks(status, now),
    ...accounts.flatMap((account) => unconvertedRemarks(account, accounts)),
    ...(status.warnings ?? []).map(
      (warning): Remark => ({ kind: 'warning', isBad: false, text: html`${warning}.` }),
    ),
  ];
}

const MAX_REMARKS = 20;

/** Null if all is well. */
export function attentionSection(remarks: readonly Remark[]): Html | null {
  if (remarks.length === 0) return null;
  return html`<section class="card" id="attention">
<h2>Needs attention</h2>
<ul class="plain">
${remarks.slice(0, MAX_REMARKS).map(({ kind, isBad, text }) => html`<li class="${isBad ? 'remark bad' : 'remark'}" data-attention="${kind}">${text}</li>\n`)}${remarks.length > MAX_REMARKS ? html`<li class="quiet">and ${remarks.length - MAX_REMARKS} more</li>\n` : null}</ul>
</section>
`;
}

function balanceRemark(account: AccountOverview, all: readonly AccountOverview[]): Remark {
  const { runwaySeconds = 0n } = account;
  return {
    kind: 'balance',
    isBad: true,
    text: html`The balance of <strong>${accountTitle(account, all)}</strong> lasts ${durationText(runwaySeconds)} at the spend of the last 24 hours.`,
  };
}

function feedRemarks(
  { accounts: states }: Status,
  accounts: readonly AccountOverview[],
  now: Instant,
): Remark[] {
  return states.flatMap(({ provider, name, feeds }) => {
    const title = accountTitle(overviewNamed(accounts, provider, name), accounts);
    const failing = feeds.flatMap(({ name: feed, up, lastError }: FeedStatus) =>
      up === false && lastError ? [{ feed, ...lastError }] : [],
    );
    // One outage fails many feeds; "Feeds" below has each with its own message.
    return [...Map.groupBy(failing, ({ reason, hint }) => `${reason} ${hint}`).values()].flatMap((same) => {
      const [first] = same;
      if (!first) return [];
      const names = `${title}, ${same.map(({ feed }) => feed).join(', ')}`;
      return [{ kind: 'feed', isBad: true, text: failureText(names, same.length, first, now) } as const];
    });
  });
}

function failureText(
  names: string,
  count: number,
  { reason, message, hint, at }: FailureStatus,
  now: Instant,
): Html {
  const seen = Date.parse(at);
  return html`<strong>${names}</strong> ${count === 1 ? 'is' : 'are'} failing: <strong class="failing">${reason}</strong> ${message}<br><span class="quiet">${hint} Seen at <time datetime="${at}">${clockText(seen)}</time>, ${distanceText(seen, now)}.</span>`;
}

function budgetRemarks({ budgets }: Status, now: Instant): Remark[] {
  return budgets.flatMap((budget): Remark[] => {
    const { name, limit, spent, forecast, state } = paceOf(budget, now);
    const value = state === 'over' ? spent : state === 'forecast over' ? forecast : undefined;
    if (value === undefined) return [];
    const verb = state === 'over' ? 'is over its limit' : 'is forecast to exceed its limit';
    const text = html`The budget <strong>${name}</strong> ${verb}: ${amount('cost', value)} of ${amount('cost', limit)}, ${shareOfLimit(value, limit)}.`;
    return [{ kind: 'budget', isBad: state === 'over', text }];
  });
}

function unconvertedRemarks(account: AccountOverview, all: readonly AccountOverview[]): Remark[] {
  return account.unconverted.map(({ currency, amount: value }) => ({
    kind: 'unconverted',
    isBad: false,
    text: html`<strong>${accountTitle(account, all)}</strong> billed ${formatDecimal(value)} ${currency}, which no figure in dollars includes. Set an exchange rate in <code>currencies</code>.`,
  }));
}
