import { DAY, isoDay } from '../../../core/values/time.ts';
import { type Html, html } from '../html.ts';
import { amountIn, knownAmount, partialMark } from './amounts.ts';
import type { Bucket } from './buckets.ts';
import type { ChartInput } from './chart.ts';
import { linkTo } from './links.ts';

/** The numbers behind the chart: for screen readers, for copying, and for the days to be opened. */
export function chartTable(
  { report, buckets, layers, names, title }: ChartInput,
  parameters: URLSearchParams,
): Html {
  const { measure } = report;
  const rows = buckets.map((bucket, index) => {
    const cells = [...layers, report.total].map((row) => {
      const sum = amountIn(row, report, index);
      return html`<td class="number"${partialMark(sum)}>${knownAmount(measure, sum)}</td>`;
    });
    return html`<tr><th scope="row">${bucketName(bucket, parameters)}</th>${cells}</tr>
`;
  });
  return html`<details id="chart-data">
<summary>Numbers behind the chart</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Numbers behind the chart">
<table class="data">
<caption class="hidden">${title}</caption>
<thead><tr><th scope="col">${report.step === 'hour' ? 'Hour' : report.step === 'day' ? 'Day' : 'Month'}</th>${[...names, 'Total'].map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>
${rows.toReversed()}</tbody>
</table>
</div>
</details>
`;
}

/** A day or month opens as a range of its own; an hour is the finest there is. */
function bucketName({ start, end, name, isOpen }: Bucket, parameters: URLSearchParams): Html {
  const text = isOpen ? html`${name} <span class="quiet">so far</span>` : html`${name}`;
  if (end - start < DAY) return text;
  const changes = { from: isoDay(start), to: isoDay(end), range: null, step: null };
  return html`<a data-keep href="${linkTo(parameters, changes)}">${text}</a>`;
}
