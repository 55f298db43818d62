import { DAY, type Instant, MINUTE, type Range, SECOND, startOfDay } from '../../../src/core/values/time.ts';
import { shows } from '../kit/books.ts';
import { between, pick, roll } from '../kit/random.ts';
import { bornAt, isWatched, loadFactor, type World } from '../kit/world.ts';
import type { InferenceShRow } from './rows.ts';

/** Tasks a minute while somebody watches. */
const LIVE_TASKS = 3;

interface SimulatedApp {
  readonly app: string;
  readonly gpu?: string;
  /** A cent is 1e6 microcents. */
  readonly cents: number;
  readonly tier: 'cloud' | 'private';
}

/** Three from the beginning, one more each twelve days, then one every few minutes. */
const APPS: readonly SimulatedApp[] = [
  { app: 'infsh/flux-2', gpu: 'A100', cents: 9, tier: 'cloud' },
  { app: 'acme/product-shots', gpu: 'H100', cents: 21, tier: 'cloud' },
  { app: 'infsh/echo', cents: 1, tier: 'private' },
  { app: 'infsh/wan-video', gpu: 'H100', cents: 48, tier: 'cloud' },
  { app: 'acme/captions', gpu: 'L4', cents: 3, tier: 'private' },
  { app: 'acme/upscale-x4', gpu: 'A100', cents: 6, tier: 'cloud' },
  { app: 'infsh/music-gen', gpu: 'L4', cents: 7, tier: 'cloud' },
  { app: 'acme/night-batch', gpu: 'A100', cents: 12, tier: 'private' },
];

/** Billing records of a range as they show at `now`: a few appear late, one in fifty is refunded within a day. */
export function inferenceShHistory(world: World): (range: Range, now: Instant) => InferenceShRow[] {
  const days = new Map<Instant, readonly InferenceShRow[]>();
  const rowsOfDay = (day: Instant) => {
    const known = days.get(day);
    if (known) return known;
    const rows: InferenceShRow[] = [];
    for (let minute = day; minute < day + DAY; minute += MINUTE) rows.push(...rowsOfMinute(world, minute));
    days.set(day, rows);
    return rows;
  };
  return (range, now) => {
    const rows: InferenceShRow[] = [];
    const until = Math.min(range.end, now + 1);
    for (let day = Math.max(startOfDay(range.start), world.genesis); day < until; day += DAY) {
      for (const row of rowsOfDay(day))
        if (row.at >= range.start && row.at < until && shows(row, now)) rows.push(row);
    }
    return rows;
  };
}

function rowsOfMinute(world: World, minute: Instant): InferenceShRow[] {
  const live = isWatched(world, minute);
  const expected = live ? LIVE_TASKS : 0.5 * loadFactor(minute);
  const tasks = Array.from({ length: Math.ceil(expected) }, (_, nth) => nth);
  return tasks
    .filter((nth) => roll(world.seed, 70, minute / MINUTE, nth) < expected - nth)
    .flatMap((nth) => task(world, minute, nth, live));
}

function task(world: World, minute: Instant, nth: number, live: boolean): InferenceShRow[] {
  const dice = (salt: number) => roll(world.seed, salt, minute / MINUTE, nth);
  const at = minute + Math.floor(dice(71) * MINUTE);
  const known = APPS.filter((_, index) => bornAt(world, index, 3, 2) <= at);
  const kind = pick(known, dice(72));
  if (!kind) return [];
  const refund = live ? { odds: 0.1, within: 10 * MINUTE } : { odds: 0.02, within: 0.9 * DAY };
  return [
    {
      at,
      task: `task-${minute / MINUTE}-${nth}`,
      app: kind.app,
      microcents: BigInt(between(400_000, 1_600_000, dice(73)) * kind.cents),
      seconds: between(2, 90, dice(74)),
      tier: kind.tier,
      type: kind.gpu ? 'gpu' : 'cpu',
      ...(kind.gpu && { model: kind.gpu }),
      recordedAt: at + Math.floor(dice(75) * (dice(76) < 0.05 ? 40 * MINUTE : 4 * SECOND)),
      ...(dice(77) < refund.odds && { refundedAt: at + MINUTE + Math.floor(dice(78) * refund.within) }),
    },
  ];
}
