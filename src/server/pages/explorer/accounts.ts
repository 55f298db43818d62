import type { UnknownReason } from '../../../core/reports/cost-query.ts';
import type { Window } from '../../../core/reports/windows.ts';
import { formatDecimal, ONE } from '../../../core/values/money.ts';
import { DAY, type Instant, SECOND } from '../../../core/values/time.ts';
import { dayText } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { Status } from '../status.ts';
import { amount, durationText } from './amounts.ts';
import type { AccountOverview } from './overview.ts';

/** The provider's title; with the account's name where a provider has several. */
export function accountTitle(
  { provider, title, account }: Pick<AccountOverview, 'provider' | 'title' | 'account'>,
  all: readonly AccountOverview[],
): string {
  const isOnly = all.filter((each) => each.provider === provider).length < 2;
  return isOnly ? title : `${title} ${account}`;
}

/** The overview of an account that the status names; a stand-in with its ids if it was added since. */
export function overviewNamed(
  all: readonly AccountOverview[],
  provider: string,
  account: string,
): Pick<AccountOverview, 'provider' | 'title' | 'account'> & Partial<AccountOverview> {
  return (
    all.find((each) => each.provider === provider && each.account === account) ?? {
      provider,
      title: provider,
      account,
    }
  );
}

/** Less than this left is worth a look. */
const SHORT_RUNWAY_DAYS = 7;

export function isRunningOut({ runwaySeconds }: AccountOverview): boolean {
  const limit = (BigInt(SHORT_RUNWAY_DAYS * DAY) / BigInt(SECOND)) * ONE;
  return runwaySeconds !== undefined && runwaySeconds < limit;
}

/** Prepaid credit and how long it lasts; null if no provider reports any. */
export function balancesSection(accounts: readonly AccountOverview[]): Html | null {
  const prepaid = accounts.filter(({ balances }) => balances.length > 0);
  if (prepaid.length === 0) return null;
  return html`<section class="card" id="balances">
<h2>Balances</h2>
<ul class="plain">
${prepaid.map((account) => balanceItem(account, accounts))}</ul>
</section>
`;
}

function balanceItem(account: AccountOverview, all: readonly AccountOverview[]): Html {
  const { balances, runwaySeconds } = account;
  const amounts = balances.map(
    ({ currency, usd }) =>
      html`<span class="nowrap">${amount('cost', usd)}${currency === 'USD' ? null : html` <span class="quiet">in ${currency}</span>`}</span> `,
  );
  const lasts =
    runwaySeconds === undefined
      ? html`<span class="quiet">runway unknown</span>`
      : html`<span${isRunningOut(account) ? html` class="failing"` : null} title="At the spend of the last 24 hours">lasts ${durationText(runwaySeconds)}</span>`;
  return html`<li data-balance="${account.provider}" data-runway-seconds="${runwaySeconds === undefined ? '' : formatDecimal(runwaySeconds)}"><p class="line"><strong>${accountTitle(account, all)}</strong> ${lasts}</p><p class="line">${amounts}</p></li>
`;
}

const WINDOW_NAMES: Record<Window, string> = {
  today: 'today',
  yesterday: 'yesterday',
  month_to_date: 'month to date',
  last_month: 'last month',
};

/** What no figure of the page includes, and why; null if everything is known. */
export function unknownSection(
  { accounts: states }: Status,
  accounts: readonly AccountOverview[],
  now: Instant,
): Html | null {
  const lines = states.flatMap(({ provider, name, incomplete }) => {
    const overview = overviewNamed(accounts, provider, name);
    const byReason = Map.groupBy(incomplete, ({ reason }) => reason);
    return [...byReason].map(([reason, windows]) => {
      const names = windows.map(({ window }) => WINDOW_NAMES[window]).join(', ');
      return html`<li data-unknown="${provider}"><strong>${accountTitle(overview, accounts)}</strong>: ${names}. ${REASON_TEXTS[reason](overview.since === undefined ? '' : dayText(overview.since, now))}</li>
`;
    });
  });
  if (lines.length === 0) return null;
  return html`<section class="card" id="unknown">
<h2>What is unknown</h2>
<ul class="plain">
${lines}</ul>
</section>
`;
}

const REASON_TEXTS: Record<UnknownReason, (since: string) => string> = {
  before_since: (since) => `The account is read only since ${since}; what it cost before is unknown.`,
  nothing_read: () => 'Nothing has been read yet.',
  not_read_whole: () => 'Not read completely yet, or billed only after the day has ended.',
};

/** What was refunded or restated; null if nothing was. */
export function correctionsSection(accounts: readonly AccountOverview[], now: Instant): Html | null {
  const corrected = accounts.filter(({ takenBack }) => takenBack.length > 0);
  if (corrected.length === 0) return null;
  return html`<section class="card" id="corrections">
<h2>Refunds and corrections</h2>
<ul class="plain">
${corrected.map((account) => correctionItem(account, accounts, now))}</ul>
</section>
`;
}

const MAX_CORRECTIONS = 3;

function correctionItem(account: AccountOverview, all: readonly AccountOverview[], now: Instant): Html {
  const { takenBack, countedSince } = account;
  const sum = takenBack.reduce((total, { usd }) => total + usd, 0n);
  const items = takenBack
    .slice(0, MAX_CORRECTIONS)
    .map(
      ({ resource, model, usd }) =>
        html`<li class="line"><span class="id">${[model, resource].filter(Boolean).join(' \u00b7 ') || 'without a model'}</span> ${amount('cost', usd)}</li>`,
    );
  const more = takenBack.length - MAX_CORRECTIONS;
  return html`<li data-corrections="${account.provider}" data-usd="${formatDecimal(sum)}"><p class="line"><strong>${accountTitle(account, all)}</strong> <span>${amount('cost', sum)}${
    countedSince === undefined ? null : html` <span class="quiet">since ${dayText(countedSince, now)}</span>`
  }</span></p><ul class="plain small">${items}${more > 0 ? html`<li class="quiet">and ${more} more</li>` : null}</ul></li>
`;
}
