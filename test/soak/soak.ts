import { loadavg } from 'node:os';
import process from 'node:process';
import { DAY } from '../../src/core/values/time.ts';
import { tableOf } from '../bench/figure.ts';
import { figuresOf } from './figures.ts';
import { longPlan } from './plans.ts';
import { soak } from './run.ts';

/** `npm run soak [-- DAYS [SEED]]`: simulates two weeks and DAYS more, and prints the result. */
const [days = '46', seed = String(Math.floor(Math.random() * 2 ** 32))] = process.argv.slice(2);
const plan = longPlan(Number(seed), Number(days));
const begun = performance.now();
console.error(`${days} days after two weeks, seed ${seed}`);
const result = await soak(plan, (now) => {
  console.error(`day ${((now - plan.start) / DAY).toFixed(1)} after ${minutes()} min`);
});
const figures = figuresOf(result);
console.log(
  `Node.js ${process.version}, seed ${seed}, ${minutes()} minutes, load average ${loadavg()[1]?.toFixed(1)}\n`,
);
console.log(tableOf(figures));
process.exit(figures.every(({ target }) => target?.met ?? true) ? 0 : 1);

function minutes(): string {
  return ((performance.now() - begun) / 60_000).toFixed(1);
}
