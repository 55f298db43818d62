import { type Fixed, fromInteger } from '../../../src/core/values/money.ts';
import { HOUR, type Instant, MINUTE, type Range, startOfDay } from '../../../src/core/values/time.ts';
import { shows } from '../kit/books.ts';
import { between, roll } from '../kit/random.ts';
import { bornAt, isWatched, loadFactor, type World } from '../kit/world.ts';
import type { RunPodProduct, RunPodRow } from './rows.ts';

interface RunPodResource {
  readonly product: RunPodProduct;
  readonly id: string;
  /** Millionths of a dollar for five minutes, by component. */
  readonly micros: Readonly<Record<string, number>>;
  /** Runs only while there is work. */
  readonly bursty?: true;
}

/** Six from the beginning, two more each twelve days, then one every few minutes. */
const RESOURCES: readonly RunPodResource[] = [
  { product: 'pods', id: 'xedezhzb9la3ye', micros: { gpu: 57_500, disk: 620 } },
  { product: 'pods', id: 'cpu3c4vz1m0q2k', micros: { cpu: 5000, disk: 140 } },
  {
    product: 'serverless',
    id: 'jpnw0v75y3qoql',
    micros: { gpu: 91_200, cpu: 300, disk: 210, fee: 1900 },
    bursty: true,
  },
  { product: 'endpoints', id: '', micros: { '': 7300 }, bursty: true },
  { product: 'network-volumes', id: 'agv6w2qcg7', micros: { standard: 486 } },
  {
    product: 'clusters',
    id: 'clr4x8k2',
    micros: { gpu: 478_000, disk: 1200, networking: 8100 },
    bursty: true,
  },
  { product: 'pods', id: 'h2oq8r6b3n5tzw', micros: { gpu: 33_100, disk: 340 } },
  { product: 'network-volumes', id: 'hp91w2qcg7', micros: { high_performance: 972 } },
  { product: 'serverless', id: 'q7k2v9d4m1s8xe', micros: { gpu: 21_700, fee: 450 }, bursty: true },
];
const SLOT_MS = 5 * MINUTE;
const SLOTS = HOUR / SLOT_MS;

/** The books of a range as they show at `now`: a few rows appear up to a day and a half late, and a few are taken back. */
export function runPodHistory(world: World): (range: Range, now: Instant) => RunPodRow[] {
  const hours = new Map<Instant, readonly RunPodRow[]>();
  const rowsOfHour = (hour: Instant) => {
    const known = hours.get(hour) ?? hourOf(world, hour);
    hours.set(hour, known);
    return known;
  };
  return (range, now) => {
    const rows: RunPodRow[] = [];
    const until = Math.min(range.end, now + 1);
    for (let hour = Math.max(startOfDay(range.start), world.genesis); hour < until; hour += HOUR) {
      for (const row of rowsOfHour(hour))
        if (row.at >= range.start && row.at < until && shows(row, now)) rows.push(row);
    }
    return rows;
  };
}

function hourOf(world: World, hour: Instant): RunPodRow[] {
  return RESOURCES.flatMap((resource, index) =>
    Array.from({ length: SLOTS }, (_, slot) => hour + slot * SLOT_MS)
      .filter((at) => bornAt(world, index, 6, 1) <= at)
      .flatMap((at) => useOf(world, resource, at, index)),
  );
}

function useOf(world: World, resource: RunPodResource, at: Instant, index: number): RunPodRow[] {
  const { product, id, micros, bursty } = resource;
  const dice = (salt: number) => roll(world.seed, salt, at / SLOT_MS, index);
  const live = isWatched(world, at);
  if (bursty && dice(140) > (live ? 0.7 : 0.3 * loadFactor(at))) return [];
  const recordedAt = at + Math.floor(dice(141) * (dice(142) < 0.02 ? 36 * HOUR : MINUTE));
  const usd = Object.fromEntries(
    Object.entries(micros).map(([component, most], nth): [string, Fixed] => [
      component,
      // The amounts are those of doubles.
      fromInteger(BigInt(bursty ? between(1, most * 1000, dice(143 + nth)) : most * 1000), -9),
    ]),
  );
  const isTakenBack = dice(150) < 0.05;
  return [
    {
      ...{ at, recordedAt, product, id, usd },
      ...(isTakenBack && { refundedAt: recordedAt + MINUTE + Math.floor(dice(151) * 10 * MINUTE) }),
    },
  ];
}
