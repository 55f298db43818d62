import type { SeriesReport } from '../../../core/reports/cost-series.ts';
import { globMatcher } from '../../../core/values/glob.ts';
import { countOf, daysText, dayText } from '../format.ts';
import { type Html, html } from '../html.ts';
import { accountTitle, overviewNamed } from './accounts.ts';
import { exactKnown, knownAmount, partialMark } from './amounts.ts';
import { bucketsOf } from './buckets.ts';
import { type ChartInput, chartFigure, colorClass } from './chart.ts';
import { chartTable } from './chart-table.ts';
import { controls } from './controls.ts';
import { type ExplorerData, rowName, titlesOf } from './explorer-data.ts';
import { linkToValue } from './links.ts';
import type { AccountOverview } from './overview.ts';

/** The chart with everything that can be chosen. */
export function explorerSection(data: ExplorerData): Html {
  const { report, now, accounts, state, layers, whole } = data;
  const titles = titlesOf(accounts);
  const names = layers.map(({ labels, rows }) =>
    labels ? rowName(report.by, labels, titles) : rows > 0 ? countOf(rows, 'other') : 'Others',
  );
  const measure = { cost: 'Cost', tokens: 'Tokens', requests: 'Requests', seconds: 'Seconds' }[
    report.measure
  ];
  const title = `${measure} by ${report.step}, ${daysText(report.range, now)}`;
  const input = { report, layers, names, title, buckets: bucketsOf(report, now) };
  return html`<section class="explorer" id="explorer">
<header><h2>${title}</h2> <p class="sum" data-sum="${exactKnown(whole)}"${partialMark(whole)}>${knownAmount(report.measure, whole)}</p></header>
${controls(data)}
<figure>
${input.buckets.length > 0 ? chartFigure(input) : html`<p class="empty">This range has not begun yet.</p>`}
${legend(input, state.parameters)}
${sinceNote(data)}${limitsNote(report, accounts)}</figure>
${chartTable(input, state.parameters)}
</section>
`;
}

function legend(input: ChartInput, parameters: URLSearchParams): Html {
  const { report, layers, names } = input;
  const label = report.by[0];
  const items = layers.map((layer, index) => {
    const name = names[index] ?? '';
    const text =
      label && layer.labels
        ? html`<a data-keep href="${linkToValue(parameters, label, layer.labels[0] ?? '')}">${name}</a>`
        : html`<span>${name}</span>`;
    return html`<li><svg width="12" height="12" aria-hidden="true"><rect class="${colorClass(layers, index)}" width="12" height="12" rx="2"/></svg> ${text} <span class="quiet">${knownAmount(report.measure, layer.sum)}</span></li>
`;
  });
  const hasUnknown = report.total.values.includes(undefined);
  const unknown = html`<li><svg width="12" height="12" aria-hidden="true"><rect class="gap" fill="url(#unknown-hatch)" width="12" height="12" rx="2"/></svg> <span>Unknown</span></li>
`;
  const open = html`<li><svg class="open" width="12" height="12" aria-hidden="true"><rect class="c1" width="12" height="12" rx="2"/></svg> <span>Not over yet</span></li>
`;
  return html`<ul class="legend">
${items}${hasUnknown ? unknown : null}${input.buckets.some(({ isOpen }) => isOpen) ? open : null}</ul>
`;
}

/** Where bars are hatched because nothing before an account's first day is read. */
function sinceNote({ report, accounts, now }: ExplorerData): Html | null {
  const { match, range } = report;
  const [isProvider, isAccount] = (['provider', 'account'] as const).map((label) =>
    globMatcher(match.get(label) ?? ['*']),
  );
  const late = accounts.filter(
    ({ provider, account, since }) => since > range.start && isProvider?.(provider) && isAccount?.(account),
  );
  if (late.length === 0) return null;
  const byDay = Map.groupBy(late, ({ since }) => dayText(since, now));
  const texts = [...byDay].map(([day, some]) => {
    const names = some.map((account) => accountTitle(account, accounts));
    return `${names.length === accounts.length ? 'all accounts' : names.join(', ')} since ${day}`;
  });
  return html`<p class="rest quiet">Unknown where nothing has been read: ${texts.join('; ')}. Set <code>since</code> to read more.</p>
`;
}

/** Where bars are hatched because their step is finer than what is kept. */
function limitsNote({ limits, step }: SeriesReport, accounts: readonly AccountOverview[]): Html | null {
  if (limits.length === 0) return null;
  const all = limits.map(({ provider, account, finestStep }) => {
    return `${accountTitle(overviewNamed(accounts, provider, account), accounts)} (by ${finestStep})`;
  });
  return html`<p class="rest quiet">Not kept by ${step}: ${[...new Set(all)].join(', ')}. Their amounts are in the sums, but not in the bars.</p>
`;
}
