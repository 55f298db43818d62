import { divideHalfEven, parseDecimal } from '../../core/values/money.ts';
import type { Instant } from '../../core/values/time.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../core/values/time.ts';
import { type Html, html } from './html.ts';
import type { DecimalText, Timestamp } from './status.ts';

/** An instant with its age, or a dash. The caller labels it as UTC. */
export function moment(at: Timestamp | null, now: Instant): Html {
  if (at === null) return html`<span class="quiet">&#8211;</span>`;
  const instant = Date.parse(at);
  return html`<time datetime="${at}">${instantText(instant)}</time> <span class="quiet age">${distanceText(instant, now)}</span>`;
}

/** An instant labelled as UTC. */
export function utc(at: Timestamp): Html {
  return html`<time datetime="${at}">${instantText(Date.parse(at))} UTC</time>`;
}

const HUNDREDTH = 10_000_000_000n;

/** Formats exact dollars: `-$1,234.57`, rounded half to even. */
export function dollarsText(exact: DecimalText): string {
  const cents = divideHalfEven(parseDecimal(exact), HUNDREDTH);
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${cents < 0n ? '-' : ''}$${whole}.${digits.slice(-2)}`;
}

/** `2026-11-22 02:17:05`; the caller labels it as UTC. */
export function instantText(at: Instant): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

const SPANS: readonly [unit: string, ms: number][] = [
  ['d', DAY],
  ['h', HOUR],
  ['min', MINUTE],
  ['s', SECOND],
];

/** The time between `at` and `now` in the largest unit that fits twice: `45 s ago`, `in 90 min`, `just now`. */
export function distanceText(at: Instant, now: Instant): string {
  const span = Math.abs(now - at);
  const [unit, ms] = SPANS.find(([, size]) => span >= 2 * size) ?? ['s', SECOND];
  const count = Math.floor(span / ms);
  if (count === 0) return 'just now';
  return at > now ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}
