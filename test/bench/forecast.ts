import { expectedSpend } from '../../src/core/reports/forecast.ts';
import { fromInteger, toNumber, type Usd } from '../../src/core/values/money.ts';
import { DAY, HOUR } from '../../src/core/values/time.ts';
import { between, pick, roll } from '../simulators/kit/random.ts';
import { median } from './figure.ts';
import { hoursOf, SPEND_PATTERNS, type SpendPattern } from './forecast-histories.ts';

/** Histories of each kind. */
const HISTORIES = 200;
const USUAL_CENTS = 10_000;
/** The first day that is read, 28 to 34 before the month. */
const MONDAY = Date.UTC(2026, 5, 1);

/** The period whose end is forecast, in days from {@link MONDAY}, and when. */
interface Moment {
  readonly first: number;
  readonly length: number;
  readonly day: number;
  readonly hour: number;
}

const MOMENTS: Readonly<Record<string, (seed: number) => Moment>> = {
  'month, day 3': (seed) => inMonth(seed, 3),
  'month, day 10': (seed) => inMonth(seed, 10),
  'month, day 20': (seed) => inMonth(seed, 20),
  'week, Wednesday noon': () => ({ first: 35, length: 7, day: 37, hour: 12 }),
  'day, noon': (seed) => {
    const day = 35 + Math.floor(7 * roll(seed, 23));
    return { first: day, length: 1, day, hour: 12 };
  },
};

/** `docs/forecast.md` shows it: median and 90th percentile of the error of each, in percent of the period's true total. */
export function forecastTable(): string {
  const heads = Object.keys(MOMENTS).flatMap((moment) => [moment, 'linear']);
  const rows = SPEND_PATTERNS.map((kind, index) => {
    const cells = Object.values(MOMENTS).flatMap((momentOf) => cellsOf(kind, index, momentOf));
    return [kind.name, ...cells];
  });
  const lines = [['history', ...heads], ['---', ...heads.map(() => '---')], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf(kind: SpendPattern, index: number, momentOf: (seed: number) => Moment): string[] {
  const seeds = Array.from({ length: HISTORIES }, (_, history) => 1000 * (index + 1) + history);
  const errors = seeds.flatMap((seed) => errorsOf(kind, seed, momentOf(seed)) ?? []);
  return [spreadOf(errors.map(({ ours }) => ours)), spreadOf(errors.map(({ linear }) => linear))];
}

function inMonth(seed: number, dayOfMonth: number): Moment {
  const first = between(28, 34, roll(seed, 20));
  const length = pick([28, 30, 31], roll(seed, 21)) ?? 30;
  return { first, length, day: first + dayOfMonth - 1, hour: Math.floor(24 * roll(seed, 22)) };
}

/** Errors in percent of the true total of the period; undefined where nothing is spent in it. */
function errorsOf(kind: SpendPattern, seed: number, moment: Moment): Errors | undefined {
  const { first, length, day, hour } = moment;
  const shape = kind.shape({ seed, day });
  const born = kind.ageDays === undefined ? 0 : day - kind.ageDays;
  const centsOf = (at: number) => (at < born ? 0 : Math.round(USUAL_CENTS * shape(at)));
  const today = Math.round(centsOf(day) * (hoursOf(kind, seed)[hour - 1] ?? 0));

  const total = sumOf(first, first + length, centsOf);
  const spent = sumOf(first, day, centsOf) + today;
  const elapsed = day + hour / 24 - Math.max(first, born);
  const linear = spent + (spent / elapsed) * (first + length - day - hour / 24);
  const ours = spent + expectedCents({ born, today, centsOf }, moment);
  const percentOf = (forecast: number) => Math.abs((100 * (forecast - total)) / total);
  return total === 0 ? undefined : { ours: percentOf(ours), linear: percentOf(linear) };
}

interface Errors {
  readonly ours: number;
  readonly linear: number;
}

interface Spend {
  readonly born: number;
  readonly today: number;
  readonly centsOf: (day: number) => number;
}

function expectedCents({ born, today, centsOf }: Spend, { first, length, day, hour }: Moment): number {
  const days = Array.from({ length: day - born }, (_, index) => ({
    start: MONDAY + (born + index) * DAY,
    usd: usdOf(centsOf(born + index)),
  }));
  const through = MONDAY + day * DAY + hour * HOUR;
  const expected = expectedSpend({ days, today: usdOf(today), through }, MONDAY + (first + length) * DAY);
  return 100 * toNumber(expected ?? 0n);
}

function usdOf(cents: number): Usd {
  return fromInteger(BigInt(cents), -2);
}

function sumOf(from: number, to: number, centsOf: (day: number) => number): number {
  let sum = 0;
  for (let day = from; day < to; day += 1) sum += centsOf(day);
  return sum;
}

/** The median and the 90th percentile. */
function spreadOf(errors: readonly number[]): string {
  const sorted = errors.toSorted((a, b) => a - b);
  const ninth = sorted[Math.ceil(0.9 * sorted.length) - 1] ?? Number.NaN;
  return `${percent(median(sorted))} / ${percent(ninth)}`;
}

function percent(value: number): string {
  return value > 999 ? '> 999' : value.toFixed(value < 9.95 ? 1 : 0);
}

if (import.meta.main) console.log(forecastTable());
