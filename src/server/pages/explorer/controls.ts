import {
  SERIES_LABELS,
  SERIES_MEASURES,
  type SeriesLabel,
  type SeriesMeasure,
  STEPS,
} from '../../../core/reports/cost-series.ts';
import { DAY, isoDay } from '../../../core/values/time.ts';
import { type Html, html } from '../html.ts';
import { type ExplorerData, LABEL_NAMES, titlesOf, valueText } from './explorer-data.ts';
import { groupingOf, PRESETS, type Preset } from './explorer-state.ts';
import { linkTo, linkWithout, matchName } from './links.ts';

const PRESET_NAMES: Readonly<Record<Preset, string>> = {
  today: 'Today',
  '7d': '7 days',
  '30d': '30 days',
  this_month: 'This month',
  last_month: 'Last month',
  '90d': '90 days',
};

const MEASURE_NAMES: Readonly<Record<SeriesMeasure, string>> = {
  cost: 'Cost',
  tokens: 'Tokens',
  requests: 'Requests',
  seconds: 'Seconds',
};

/** Groupings that have a link of their own; an address may name others, and several. */
const GROUPINGS = [
  'provider',
  'account',
  'resource',
  'model',
  'tier',
  'project',
  'team',
  'environment',
] as const;

/** A step finer than this many bars would draw too many. */
const MAX_BARS = 750;

/** Everything that can be chosen: each choice is a link or a form, and works without the script. */
export function controls(data: ExplorerData): Html {
  const { state, report } = data;
  const { parameters, preset, question } = state;
  const ranges = PRESETS.map((each) => {
    const changes = { range: each, from: null, to: null, step: null };
    return choice(PRESET_NAMES[each], linkTo(parameters, changes), each === preset);
  });
  const measures = SERIES_MEASURES.map((each) =>
    choice(MEASURE_NAMES[each], linkToMeasure(parameters, each, report.by), each === question.measure),
  );
  return html`<div class="controls">
${choices('Range', ranges, customRange(data))}
${choices('Group by', groupChoices(parameters, report.by), null)}
${choices('Measure', measures, null)}
${choices('Bars', stepChoices(data), null)}
${filters(data)}
</div>
`;
}

/** Only cost has a currency, and only tokens have a type. */
function linkToMeasure(
  parameters: URLSearchParams,
  measure: SeriesMeasure,
  by: readonly SeriesLabel[],
): string {
  const stray = (['currency', 'token_type'] as const).filter(
    (label) => measure !== (label === 'currency' ? 'cost' : 'tokens'),
  );
  const changes: Record<string, string | null> = { measure, sort: null };
  for (const label of stray) changes[matchName(label)] = null;
  if (stray.some((label) => by.includes(label))) changes.by = null;
  return linkTo(parameters, changes);
}

function choices(title: string, links: readonly Html[], more: Html | null): Html {
  return html`<nav class="choices" aria-label="${title}"><span class="quiet" aria-hidden="true">${title}</span> <span class="links">${links}${more}</span></nav>`;
}

function choice(name: string, href: string, isCurrent: boolean): Html {
  return html`<a data-keep href="${href}"${isCurrent ? html` aria-current="true"` : null}>${name}</a>`;
}

function groupChoices(parameters: URLSearchParams, by: readonly SeriesLabel[]): Html[] {
  const extra = SERIES_LABELS.filter(
    (label) => by.includes(label) && label !== 'name' && !GROUPINGS.some((each) => each === label),
  );
  return [...GROUPINGS, ...extra].map((label) => {
    const grouping = groupingOf(label).join(',');
    return choice(
      LABEL_NAMES[label],
      linkTo(parameters, { by: grouping, q: null }),
      by.join(',') === grouping,
    );
  });
}

function stepChoices({ state, now }: ExplorerData): Html[] {
  const { parameters, question } = state;
  const { start, end } = question.range;
  const hours = (Math.min(end, now) - start) / (DAY / 24);
  return STEPS.filter((step) => step !== 'hour' || hours <= MAX_BARS).map((step) =>
    choice(
      { hour: 'Hours', day: 'Days', month: 'Months' }[step],
      linkTo(parameters, { step }),
      step === question.step,
    ),
  );
}

function customRange({ state }: ExplorerData): Html {
  const { parameters, question, preset } = state;
  const { start, end } = question.range;
  return html`<details class="pop" id="custom-range"><summary${preset === undefined ? html` aria-current="true"` : null}>Custom\u2026</summary>
<form method="get" class="form">${hidden(parameters, ['from', 'to', 'range', 'step'])}
<label>From <input type="date" name="from" value="${isoDay(start)}" required></label>
<label>Until, not included <input type="date" name="to" value="${isoDay(end)}" required></label>
<button>Show</button></form></details>`;
}

/** The filters as chips that a click removes, and a form that adds one. */
function filters(data: ExplorerData): Html {
  const { parameters, question } = data.state;
  const titles = titlesOf(data.accounts);
  const chips = [...question.match].flatMap(([label, patterns]) =>
    patterns.map((pattern) => {
      const name = valueText(label, pattern, titles);
      return html`<a class="chip" data-keep data-filter="${label}" href="${linkWithout(parameters, label, pattern)}" title="Remove this filter"><span class="quiet">${LABEL_NAMES[label]}</span> ${name} <span aria-hidden="true">\u00d7</span><span class="hidden">, remove</span></a>`;
    }),
  );
  const options = SERIES_LABELS.map((label) => html`<option value="${label}">${LABEL_NAMES[label]}</option>`);
  return html`<div class="choices filters"><span class="quiet">Filter</span> <span class="links">${chips}<details class="pop" id="add-filter"><summary>Add\u2026</summary>
<form method="get" class="form">${hidden(parameters, ['filter', 'value'])}
<label>Label <select name="filter">${options}</select></label>
<label>is <input name="value" placeholder="llama*" required></label>
<span class="quiet">* is any text, ? any character</span>
<button>Add</button></form></details></span></div>`;
}

/** The rest of the state, for a form that changes a part of it. */
export function hidden(parameters: URLSearchParams, changed: readonly string[]): Html[] {
  return [...parameters]
    .filter(([name]) => !changed.includes(name))
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
}
