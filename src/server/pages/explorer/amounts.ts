import type { AmountRow, SeriesMeasure, SeriesReport } from '../../../core/reports/cost-series.ts';
import { divideHalfEven, type Fixed, formatDecimal, magnitude, ONE } from '../../../core/values/money.ts';
import { DAY, HOUR, SECOND } from '../../../core/values/time.ts';
import { dollarsText } from '../format.ts';
import { type Html, html } from '../html.ts';

/** A sum of amounts of which some may be unknown. */
export interface KnownSum {
  /** The sum of the known ones. */
  readonly known: Fixed;
  /** Whether all are known. */
  readonly isWhole: boolean;
  /** Whether none is known. */
  readonly isUnknown: boolean;
}

/** A row as far as it is held, over some of its buckets or all. */
export function sumOfRow(
  { values, held }: AmountRow,
  within: (bucket: number) => boolean = () => true,
): KnownSum {
  let [known, count, unknown] = [0n, 0, 0];
  for (let bucket = 0; bucket < values.length; bucket += 1) {
    if (!within(bucket)) continue;
    count += 1;
    known += held[bucket] ?? 0n;
    if (values[bucket] === undefined) unknown += 1;
  }
  return { known, isWhole: unknown === 0 && count > 0, isUnknown: unknown === count && known === 0n };
}

/**
 * One bucket of a row. What is kept by the day only is held in the first of its hours: it belongs to the sum of the day, but no
 * hour can show it.
 */
export function amountIn(
  { values, held }: AmountRow,
  { step, buckets }: Pick<SeriesReport, 'step' | 'buckets'>,
  bucket: number,
): KnownSum {
  const isWhole = values[bucket] !== undefined;
  const isOfDay = step === 'hour' && !isWhole && (buckets[bucket] ?? 0) % DAY === 0;
  const known = isOfDay ? 0n : (held[bucket] ?? 0n);
  return { known, isWhole, isUnknown: !isWhole && known === 0n };
}

export function addSums(sums: readonly KnownSum[]): KnownSum {
  return {
    known: sums.reduce((sum, { known }) => sum + known, 0n),
    isWhole: sums.every(({ isWhole }) => isWhole),
    isUnknown: sums.length > 0 && sums.every(({ isUnknown }) => isUnknown),
  };
}

const UNITS: Readonly<Record<SeriesMeasure, string>> = {
  cost: '',
  tokens: ' tokens',
  requests: ' requests',
  seconds: ' s',
};

/** Dollars in cents, or a count: `$1,234.57`, `1,234 tokens`, `12.3 M tokens`. Never `$0.00` for what is not zero. */
export function amountText(measure: SeriesMeasure, value: Fixed): string {
  if (measure !== 'cost') return `${countText(value)}${UNITS[measure]}`;
  const isSmall = value !== 0n && magnitude(value) <= ONE / 200n;
  if (isSmall) return value > 0n ? '< $0.01' : '> -$0.01';
  return dollarsText(value);
}

/** The same without its unit, for an axis: `$500`, `200 M`. */
export function axisText(measure: SeriesMeasure, value: Fixed): string {
  const text = measure === 'cost' ? amountText(measure, value) : countText(value);
  return text.replace(/\.0+(?=$| )/, '');
}

/** Every digit: `$1234.56789`, `1234 tokens`. */
export function exactText(measure: SeriesMeasure, value: Fixed): string {
  const text = formatDecimal(value);
  if (measure !== 'cost') return `${text}${UNITS[measure]}`;
  return text.startsWith('-') ? `-$${text.slice(1)}` : `$${text}`;
}

const SCALES: readonly [suffix: string, size: bigint][] = [
  [' T', 1_000_000_000_000n],
  [' G', 1_000_000_000n],
  [' M', 1_000_000n],
];

function countText(value: Fixed): string {
  const [suffix, size] = SCALES.find(([, each]) => magnitude(value) >= each * ONE) ?? ['', 1n];
  if (size === 1n) return groupDigits(divideHalfEven(value, ONE).toString());
  const tenths = divideHalfEven(value * 10n, size * ONE).toString();
  return `${groupDigits(tenths.slice(0, -1))}.${tenths.slice(-1)}${suffix}`;
}

function groupDigits(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** An amount with all its digits for programs and in a tooltip. */
export function amount(measure: SeriesMeasure, value: Fixed): Html {
  return html`<data value="${formatDecimal(value)}" title="${exactText(measure, value)}">${amountText(measure, value)}</data>`;
}

/** The known part of a sum, marked where it is not the whole. */
export function knownAmount(measure: SeriesMeasure, sum: KnownSum): Html {
  if (sum.isUnknown) return html`<span class="unknown" title="Nothing of it has been read">unknown</span>`;
  if (sum.isWhole) return amount(measure, sum.known);
  return html`${amount(measure, sum.known)}<span class="plus" title="The known part; more of it has not been read"><span aria-hidden="true"> + ?</span><span class="hidden"> and an unknown part</span></span>`;
}

/** The known part with all its digits, for programs; empty if nothing is known. */
export function exactKnown({ known, isUnknown }: KnownSum): string {
  return isUnknown ? '' : formatDecimal(known);
}

/** Tells programs that an amount is a part only. */
export function partialMark({ isWhole }: KnownSum): Html | null {
  return isWhole ? null : html` data-partial`;
}

/** The same as plain text. */
export function knownText(measure: SeriesMeasure, { known, isWhole, isUnknown }: KnownSum): string {
  if (isUnknown) return 'unknown';
  return isWhole ? amountText(measure, known) : `${amountText(measure, known)} + ?`;
}

/** The change from `before` to `now`: `+12.3 %`; undefined where there is nothing to compare with. */
export function changeText(now: Fixed, before: Fixed): string | undefined {
  if (before <= 0n) return undefined;
  const tenths = divideHalfEven((now - before) * 1000n, before);
  if (tenths > 99_999n) return '> +9,999 %';
  return `${tenths > 0n ? '+' : ''}${tenthsText(tenths)} %`;
}

/** The share of a limit in percent. Rounded away from 100, so that 99.99 is not 100 and 100.01 is more than it. */
export function shareOfLimit(part: Fixed, limit: Fixed): string {
  const exact = part * 1000n;
  const tenths = part > limit ? (exact + limit - 1n) / limit : exact / limit;
  return `${tenthsText(tenths)} %`;
}

export function shareText(part: Fixed, whole: Fixed): string {
  return whole <= 0n ? '' : `${tenthsText(divideHalfEven(part * 1000n, whole))} %`;
}

function tenthsText(tenths: bigint): string {
  const digits = magnitude(tenths).toString().padStart(2, '0');
  return `${tenths < 0n ? '-' : ''}${groupDigits(digits.slice(0, -1))}.${digits.slice(-1)}`;
}

/** How long a balance lasts: `17 h`, `12 days`, `more than a year`. */
export function durationText(seconds: Fixed): string {
  const ms = Number(divideHalfEven(seconds, ONE)) * SECOND;
  if (ms >= 365 * DAY) return 'more than a year';
  if (ms >= 2 * DAY) return `${Math.floor(ms / DAY)} days`;
  return ms >= HOUR ? `${Math.floor(ms / HOUR)} h` : ms > 0 ? 'less than 1 h' : 'nothing left';
}
