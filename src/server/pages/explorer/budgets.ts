import { type Fixed, formatDecimal, parseDecimal } from '../../../core/values/money.ts';
import type { Instant } from '../../../core/values/time.ts';
import { daysText, distanceText } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { BudgetStatus } from '../status.ts';
import { amount, shareOfLimit } from './amounts.ts';

/** A budget with its amounts as numbers. */
export interface BudgetPace {
  readonly name: string;
  readonly limit: Fixed;
  readonly spent: Fixed | undefined;
  readonly forecast: Fixed | undefined;
  /** What an even pace would have spent by now. */
  readonly expected: Fixed;
  readonly state: 'over' | 'forecast over' | 'within' | 'unknown';
}

export function paceOf(budget: BudgetStatus, now: Instant): BudgetPace {
  const limit = parseDecimal(budget.limitUsd);
  const [start, end] = [Date.parse(budget.start), Date.parse(budget.end)];
  const spent = budget.spentUsd === null ? undefined : parseDecimal(budget.spentUsd);
  const forecast = budget.forecastUsd === null ? undefined : parseDecimal(budget.forecastUsd);
  const passed = Math.min(Math.max(0, now - start), end - start);
  return {
    name: budget.name,
    limit,
    spent,
    forecast,
    expected: (limit * BigInt(passed)) / BigInt(end - start),
    state: stateOf(limit, spent, forecast),
  };
}

function stateOf(limit: Fixed, spent: Fixed | undefined, forecast: Fixed | undefined): BudgetPace['state'] {
  if (spent === undefined) return 'unknown';
  if (spent > limit) return 'over';
  return forecast !== undefined && forecast > limit ? 'forecast over' : 'within';
}

/** The budgets with their pace; null if none is configured. */
export function budgetsSection(budgets: readonly BudgetStatus[], now: Instant): Html | null {
  if (budgets.length === 0) return null;
  return html`<section class="card" id="budgets">
<h2>Budgets</h2>
<ul class="plain">
${budgets.map((budget) => budgetItem(budget, now))}</ul>
</section>
`;
}

const STATE_TEXTS: Readonly<Record<BudgetPace['state'], string>> = {
  over: 'over the limit',
  'forecast over': 'forecast over the limit',
  within: 'within the limit',
  unknown: 'not known yet',
};

function budgetItem(budget: BudgetStatus, now: Instant): Html {
  const pace = paceOf(budget, now);
  const { name, limit, spent, forecast, expected, state } = pace;
  const [start, end] = [Date.parse(budget.start), Date.parse(budget.end)];
  const share =
    spent === undefined ? null : html` <span class="percent">${shareOfLimit(spent, limit)}</span>`;
  return html`<li class="budget" data-budget="${name}" data-spent="${spent === undefined ? '' : formatDecimal(spent)}" data-state="${state}">
<p class="line"><strong>${name}</strong> <span class="state ${state === 'within' ? 'ok' : state === 'unknown' ? 'untried' : 'failing'}">${STATE_TEXTS[state]}</span></p>
<p class="line"><span>${money(spent)} of ${amount('cost', limit)}</span>${share}</p>
${paceBar(pace)}
<p class="quiet small">Even pace by now: ${amount('cost', expected)}. Forecast: ${money(forecast)}${
    forecast === undefined ? null : html` (${shareOfLimit(forecast, limit)})`
  }. ${daysText({ start, end }, now)}, ends ${distanceText(end, now)}.</p>
</li>
`;
}

/** Spent against the limit, with marks for the even pace and the forecast. */
function paceBar({ limit, spent = 0n, forecast, expected, state }: BudgetPace): Html {
  const at = (value: Fixed) => {
    const thousandths = value <= 0n ? 0n : value >= limit ? 1000n : (value * 1000n) / limit;
    return `${Number(thousandths) / 10}%`;
  };
  const color = state === 'over' ? 'bad' : 'c1';
  return html`<svg class="pace" width="100%" height="12" aria-hidden="true"><rect class="track" y="2" width="100%" height="8" rx="2"/><rect class="${color}" y="2" width="${at(spent)}" height="8" rx="2"/>${
    forecast === undefined
      ? null
      : html`<line class="forecast" x1="${at(forecast)}" x2="${at(forecast)}" y1="0" y2="12"/>`
  }<line class="expected" x1="${at(expected)}" x2="${at(expected)}" y1="0" y2="12"/></svg>`;
}

function money(value: Fixed | undefined): Html {
  return value === undefined ? html`<span class="unknown">not known yet</span>` : amount('cost', value);
}
