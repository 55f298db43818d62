import { roll } from '../simulators/kit/random.ts';

/** A kind of spend. */
export interface SpendPattern {
  readonly name: string;
  readonly shape: Shape;
  /** The days that the account was there before the day of the forecast; absent: always. */
  readonly ageDays?: number;
  /** The spend of a day is even; else it is even, in ten hours or in one hour. */
  readonly isEven?: true;
}

/** A simulated history, and the day of its forecast. */
export interface Scenario {
  readonly seed: number;
  readonly day: number;
}

/** The cost of a day, relative to a typical day. Day 0 is a Monday. */
type Shape = (scenario: Scenario) => (day: number) => number;

/** Days of a history. */
const LENGTH = 80;

/** Additions and multiplications only, so that every machine computes the same. */
export const SPEND_PATTERNS: readonly SpendPattern[] = [
  { name: 'steady', shape: () => () => 1, isEven: true },
  { name: 'steady, in some hours of the day', shape: () => () => 1 },
  { name: 'noise of 10 %', shape: noise(0.1) },
  { name: 'noise of 30 %', shape: noise(0.3) },
  { name: 'quiet weekends', shape: quietWeekends },
  { name: 'one spike of 10 to 50 days, in the last ten days', shape: once(10, 50) },
  { name: 'quiet weekends and one such spike', shape: quietWeekendsAndSpike },
  { name: 'spikes of 5 to 20 days, on 3 % of days', shape: spikes },
  { name: 'a batch of 20 days, every week', shape: weeklyBatch },
  { name: 'growth of 2 % a day', shape: growth },
  { name: 'a random walk of 5 % a day', shape: walk },
  { name: 'a lasting step to 300 % or 33 %, 1 to 10 days ago', shape: step },
  { name: 'spend on 30 % of days', shape: intermittent },
  { name: 'one refund of 3 to 10 days, in the last ten days', shape: once(-10, -3) },
  { name: 'an account 3 days old, noise of 10 %', shape: noise(0.1), ageDays: 3 },
];

/** The share of a day's spend by the end of each of its 24 hours. */
export function hoursOf({ isEven }: SpendPattern, seed: number): readonly number[] {
  const length = isEven ? 24 : ([24, 10, 1][Math.floor(3 * roll(seed, 1))] ?? 24);
  const first = Math.floor(24 * roll(seed, 2));
  let spent = 0;
  return Array.from({ length: 24 }, (_, hour) => {
    if ((hour - first + 24) % 24 < length) spent += 1;
    return spent / length;
  });
}

function noise(part: number): Shape {
  return ({ seed }) =>
    (day) =>
      Math.max(0, 1 + part * normal(seed, day));
}

function quietWeekends(scenario: Scenario) {
  const quiet = 0.1 + 0.2 * roll(scenario.seed, 3);
  return overNoise(scenario, (day) => (day % 7 < 5 ? 1 : quiet));
}

function quietWeekendsAndSpike(scenario: Scenario) {
  const [level, spike] = [quietWeekends(scenario), once(10, 50)(scenario)];
  return (day: number) => level(day) * spike(day);
}

function once(low: number, high: number): Shape {
  return (scenario) => {
    const at = scenario.day - 1 - Math.floor(10 * roll(scenario.seed, 4));
    const height = low + (high - low) * roll(scenario.seed, 5);
    return overNoise(scenario, (day) => (day === at ? height : 1));
  };
}

function spikes(scenario: Scenario) {
  return overNoise(scenario, (day) =>
    roll(scenario.seed, 6, day) < 0.03 ? 5 + 15 * roll(scenario.seed, 7, day) : 1,
  );
}

function weeklyBatch(scenario: Scenario) {
  const weekday = Math.floor(7 * roll(scenario.seed, 8));
  return overNoise(scenario, (day) => (day % 7 === weekday ? 20 : 1));
}

function growth(scenario: Scenario) {
  const levels = levelsOf(() => 1.02);
  return overNoise(scenario, (day) => levels[day] ?? 0);
}

function walk({ seed }: Scenario) {
  const levels = levelsOf((day) => Math.max(0.1, 1 + 0.05 * normal(seed, day)));
  return (day: number) => levels[day] ?? 0;
}

function step(scenario: Scenario) {
  const at = scenario.day - 1 - Math.floor(10 * roll(scenario.seed, 9));
  const height = roll(scenario.seed, 10) < 0.5 ? 3 : 1 / 3;
  return overNoise(scenario, (day) => (day < at ? 1 : height));
}

function intermittent({ seed }: Scenario) {
  return (day: number) => (roll(seed, 11, day) < 0.3 ? 0.2 + 3 * roll(seed, 12, day) : 0);
}

function overNoise(scenario: Scenario, level: (day: number) => number) {
  const around = noise(0.1)(scenario);
  return (day: number) => level(day) * around(day);
}

function levelsOf(change: (day: number) => number): readonly number[] {
  const levels = [1];
  for (let day = 1; day < LENGTH; day += 1) levels.push((levels[day - 1] ?? 1) * change(day));
  return levels;
}

/** The sum of twelve uniform numbers approximates a normal distribution. */
function normal(seed: number, day: number): number {
  let sum = -6;
  for (let dice = 0; dice < 12; dice += 1) sum += roll(seed, 13, day, dice);
  return sum;
}
