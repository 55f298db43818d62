import { divideHalfEven, type Usd } from '../../core/values/money.ts';
import type { Instant, Range } from '../../core/values/time.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../core/values/time.ts';
import { type Html, html } from './html.ts';

const HUNDREDTH = 10_000_000_000n;

/** Formats exact dollars: `-$1,234.57`, rounded half to even. */
export function dollarsText(exact: Usd): string {
  const cents = divideHalfEven(exact, HUNDREDTH);
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${cents < 0n ? '-' : ''}$${whole}.${digits.slice(-2)}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Nov 30`, with the year if it is not that of `now`. The page says once that all times are UTC. */
export function dayText(at: Instant, now: Instant): string {
  const date = new Date(at);
  const year = date.getUTCFullYear();
  const day = `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}`;
  return year === new Date(now).getUTCFullYear() ? day : `${day}, ${year}`;
}

/** `November 2026` in short: `Nov 2026`. */
export function monthText(at: Instant): string {
  const date = new Date(at);
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** `10:30`. */
export function clockText(at: Instant): string {
  return new Date(at).toISOString().slice(11, 16);
}

/** `Nov 30, 10:30`. */
export function instantText(at: Instant, now: Instant): string {
  return `${dayText(at, now)}, ${clockText(at)}`;
}

/** A range of whole days, both included: `Oct 1 – Nov 30`. */
export function daysText({ start, end }: Range, now: Instant): string {
  const [first, last] = [dayText(start, now), dayText(Math.max(start, end - DAY), now)];
  return first === last ? first : `${first} \u2013 ${last}`;
}

/** An instant for people and programs. */
export function time(at: Instant, now: Instant): Html {
  return html`<time datetime="${new Date(at).toISOString()}">${instantText(at, now)}</time>`;
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

/** `1 feed`, `2 feeds`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
