import { parseDecimal } from '../../core/values/money.ts';
import type { Instant } from '../../core/values/time.ts';
import { distanceText, dollarsText } from './format.ts';
import { type Html, html } from './html.ts';
import type { BudgetStatus, DecimalText } from './status.ts';

/** The table of budgets; null if none is configured. */
export function budgetsSection(budgets: readonly BudgetStatus[], now: Instant): Html | null {
  if (budgets.length === 0) return null;
  return html`<section class="budgets">
<header><h2>Budgets</h2></header>
<table>
<thead><tr><th>Budget</th><th>Period, UTC</th><th>Spent of limit</th><th>Forecast</th></tr></thead>
<tbody>
${budgets.map((budget) => budgetRow(budget, now))}
</tbody>
</table>
</section>
`;
}

function budgetRow(budget: BudgetStatus, now: Instant): Html {
  const { name, period, start, end, limitUsd, spentUsd, forecastUsd } = budget;
  const ends = html`<time datetime="${end}">${distanceText(Date.parse(end), now)}</time>`;
  return html`<tr>
<td>${name}</td>
<td data-label="Period, UTC"><div>${period} <span class="quiet">from ${start.slice(0, 10)}, ends ${ends}</span></div></td>
<td data-label="Spent of limit"><div>${amount(spentUsd)} of ${amount(limitUsd)} ${share(spentUsd, limitUsd)}</div></td>
<td data-label="Forecast"><div>${amount(forecastUsd)} ${share(forecastUsd, limitUsd)}</div></td>
</tr>
`;
}

function amount(exact: DecimalText | null): Html {
  if (exact === null) return html`<span class="quiet" title="Not enough data yet">not known yet</span>`;
  return html`<span title="$${exact}">${dollarsText(exact)}</span>`;
}

/** In whole percent, rounded down: 100 % is the limit. Anything above it is red and labelled. */
function share(exact: DecimalText | null, limit: DecimalText): Html | null {
  if (exact === null) return null;
  const [part, whole] = [parseDecimal(exact), parseDecimal(limit)];
  const percent = `${(part * 100n) / whole} %`;
  if (part <= whole) return html`<span class="quiet">${percent}</span>`;
  return html`<strong class="failing">${percent}, over the limit</strong>`;
}
