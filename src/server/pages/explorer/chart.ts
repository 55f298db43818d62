import { extent, max } from 'd3-array';
import { scaleBand, scaleLinear } from 'd3-scale';
import { stack, stackOffsetDiverging } from 'd3-shape';
import type { SeriesReport } from '../../../core/reports/cost-series.ts';
import { fromNumber, toNumber } from '../../../core/values/money.ts';
import { type Html, html } from '../html.ts';
import { amountIn, axisText, knownText } from './amounts.ts';
import type { Bucket } from './buckets.ts';
import type { Layer } from './explorer-data.ts';

/** In pixels; widths are percentages, so that text keeps its size on any screen. */
const HEIGHT = 260;
const TOP = 12;
/** Names below the bars. */
const BASE = 24;
/** An unknown amount on top of a known one: no height would be right. */
const UNKNOWN_HEIGHT = 10;
const MAX_TICKS = 14;

export interface ChartInput {
  readonly report: SeriesReport;
  readonly buckets: readonly Bucket[];
  readonly layers: readonly Layer[];
  readonly names: readonly string[];
  readonly title: string;
}

/** Bars by time, stacked by group. Pixels are the only floating-point numbers. */
export function chartFigure(input: ChartInput): Html {
  const { report, buckets, layers, title } = input;
  const bars = stacked(report, layers);
  const [low = 0, high = 0] = extent(bars.flat(2));
  // If nothing is known, no scale would mean anything.
  const isEmpty = low === high;
  const y = scaleLinear([low, isEmpty ? low + 1 : high], [HEIGHT - BASE, TOP]).nice(5);
  const x = scaleBand(buckets.keys(), [0, 100]).paddingInner(buckets.length > 60 ? 0.12 : 0.24);
  const ticks = isEmpty ? [0] : y.ticks(5);
  return html`<div class="chart" data-chart>
<svg class="axis" width="64" height="${HEIGHT}" aria-hidden="true">${ticks.map(
    (tick) => html`<text x="58" y="${px(y(tick) + 4)}">${axisText(report.measure, fromNumber(tick))}</text>`,
  )}</svg>
<svg class="plot" width="100%" height="${HEIGHT}" role="img" aria-labelledby="chart-title chart-summary">
<title id="chart-title">${title}</title>
<desc id="chart-summary">${summary(input)}</desc>
<defs><pattern id="unknown-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="2" height="6"/></pattern></defs>
${ticks.map((tick) => html`<line class="${tick === 0 ? 'zero' : 'grid'}" x1="0" x2="100%" y1="${px(y(tick))}" y2="${px(y(tick))}"/>`)}
${buckets.map((bucket, index) => bar(input, bucket, index, { x: x(index) ?? 0, width: x.bandwidth(), y, bars }))}
${tickNames(buckets, x.step())}
</svg>
</div>
`;
}

/** By layer and bucket, where its part of the bar begins and ends. Negative parts are stacked below zero. */
function stacked(report: SeriesReport, layers: readonly Layer[]): [number, number][][] {
  const keys = layers.keys().toArray();
  const rows = report.buckets.map((_, bucket) =>
    layers.map((layer) => toNumber(amountIn(layer, bucket).known)),
  );
  const stacks = stack<number[], number>()
    .keys(keys)
    .value((row, key) => row[key] ?? 0)
    .offset(stackOffsetDiverging)(rows);
  return stacks.map((layer) => layer.map(([low, high]): [number, number] => [low, high]));
}

interface Place {
  readonly x: number;
  readonly width: number;
  readonly y: (value: number) => number;
  readonly bars: readonly (readonly [number, number][])[];
}

function bar(input: ChartInput, bucket: Bucket, index: number, place: Place): Html {
  const { report } = input;
  const { x, width, y, bars } = place;
  const whole = report.total.values[index];
  const parts = bars.map((layer, color) => {
    const [low = 0, high = 0] = layer[index] ?? [];
    if (high === low) return null;
    const top = y(high);
    return html`<rect class="${colorClass(input.layers, color)}" x="${percent(x)}" width="${percent(width)}" y="${px(top)}" height="${px(Math.max(0.5, y(low) - top))}"/>`;
  });
  const isKnown = parts.some((part) => part !== null);
  const top = y(max(bars.map((layer) => layer[index]?.[1] ?? 0)) ?? 0);
  const unknown = isKnown
    ? { y: px(top - UNKNOWN_HEIGHT), height: px(UNKNOWN_HEIGHT) }
    : { y: px(TOP), height: px(HEIGHT - BASE - TOP) };
  return html`<g class="bucket${bucket.isOpen ? ' open' : ''}" data-bucket="${bucket.id}"${whole === undefined ? html` data-unknown` : null}><title>${tooltip(input, bucket, index)}</title><rect class="hit" x="${percent(x)}" width="${percent(width)}" y="0" height="${HEIGHT}"/>${parts}${
    whole === undefined
      ? html`<rect class="gap" fill="url(#unknown-hatch)" x="${percent(x)}" width="${percent(width)}" y="${unknown.y}" height="${unknown.height}"/>`
      : null
  }</g>
`;
}

/** The class of a color; what is left over is grey. */
export function colorClass(layers: readonly Layer[], index: number): string {
  return layers[index]?.labels === undefined ? 'c-other' : `c${index + 1}`;
}

/** A line for each group, as plain text: browsers show it on hover, the script in a box. */
function tooltip({ report, layers, names }: ChartInput, bucket: Bucket, index: number): string {
  const { measure, total } = report;
  const lines = layers.flatMap((layer, place) =>
    layer.values[index] === 0n ? [] : [`${names[place]}: ${knownText(measure, amountIn(layer, index))}`],
  );
  const head = `${bucket.name}${bucket.isOpen ? ' (so far)' : ''}: ${knownText(measure, amountIn(total, index))}`;
  return [head, ...lines].join('\n');
}

function tickNames(buckets: readonly Bucket[], stepPercent: number): Html[] {
  const every = Math.max(1, Math.ceil(buckets.length / MAX_TICKS));
  return buckets.flatMap(({ tick }, index) => {
    const back = buckets.length - 1 - index;
    if (back % every !== 0) return [];
    const isMinor = (back / every) % 2 === 1 && buckets.length > 5;
    const center = index * stepPercent + stepPercent * 0.4;
    return [
      html`<text class="tick${isMinor ? ' minor' : ''}" x="${percent(center)}" y="${HEIGHT - 6}">${tick}</text>`,
    ];
  });
}

function summary({ report, buckets, layers, names }: ChartInput): string {
  const unknown = report.total.values.filter((value) => value === undefined).length;
  const groups = layers.map((_, index) => names[index]).join(', ');
  const first = `${buckets.length} bars by ${report.step}, from ${buckets[0]?.name ?? ''} to ${buckets.at(-1)?.name ?? ''}, stacked by ${groups || 'nothing'}.`;
  const rest = unknown > 0 ? ` ${unknown} of them have an unknown part, which is hatched.` : '';
  return `${first}${rest} The table below has every number.`;
}

function px(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}

function percent(value: number): string {
  return `${value.toFixed(3).replace(/\.?0+$/, '')}%`;
}
