import { DAY, type Instant, startOfMonth } from '../../../src/core/values/time.ts';
import type { SimulatedFault } from './faults.ts';

/** The current time: the wall clock in the demo, a fake clock in tests. */
export interface Clock {
  now(): Instant;
}

/** A clock that only moves by calls. */
export interface FakeClock extends Clock {
  set(at: Instant): void;
  advance(byMs: number): void;
}

export function fakeClockAt(start: Instant): FakeClock {
  let at = start;
  return {
    now: () => at,
    set: (next) => {
      at = next;
    },
    advance: (byMs) => {
      at += byMs;
    },
  };
}

/** `seed`: as the API was documented when the exporter was asked for. `current`: as it has been since. */
export type SimulatedContract = 'seed' | 'current';

export interface SimulatorOptions {
  /** The same seed and clock give the same bill. 1 when absent. */
  readonly seed?: number;
  /** The wall clock when absent. */
  readonly clock?: Clock;
  /** `current` when absent. */
  readonly contract?: SimulatedContract;
  /** False: no bill but what a test books by hand. True when absent. */
  readonly generate?: boolean;
  /** The day generated history begins: two months before the current one when absent. */
  readonly genesis?: Instant;
  /** When live time began, if the world has existed before; the clock's time when absent. */
  readonly opened?: Instant;
  /** 0, a free one, when absent. */
  readonly port?: number;
  /** The key that is accepted; a harmless one when absent. */
  readonly key?: string;
  /** Requests an hour, of a provider that limits them; the provider's own limit when absent. */
  readonly perHour?: number;
  /** What fails by itself, and when. */
  readonly weather?: (now: Instant) => SimulatedFault | undefined;
}

/** What every generator is a pure function of. */
export interface World {
  readonly seed: number;
  readonly clock: Clock;
  readonly contract: SimulatedContract;
  readonly generate: boolean;
  readonly genesis: Instant;
  /** The start of live time: from here on new things appear within minutes. */
  readonly opened: Instant;
}

export function worldOf(options: SimulatorOptions): World {
  const clock = options.clock ?? { now: () => Date.now() };
  const opened = options.opened ?? clock.now();
  return {
    seed: options.seed ?? 1,
    clock,
    contract: options.contract ?? 'current',
    generate: options.generate ?? true,
    genesis: options.genesis ?? startOfMonth(opened, -2),
    opened,
  };
}

const NEWCOMER_EVERY_MS = 4 * 60_000;

/**
 * When the item at `index` of a catalogue first appears: the first `founders` with the world, the next `settlers` every twelve days,
 * the others one by one in live time.
 */
export function bornAt(world: World, index: number, founders: number, settlers: number): Instant {
  if (index < founders) return world.genesis;
  if (index < founders + settlers) return world.genesis + (index - founders + 1) * 12 * DAY;
  return world.opened + (index - founders - settlers + 1) * NEWCOMER_EVERY_MS;
}

/** Whether the minute is live: after the world was opened, events are far more frequent. */
export function isWatched(world: World, minute: Instant): boolean {
  return minute >= world.opened;
}

/** Thousandths of a day's spend that fall into each UTC hour. */
const HOURS = [
  18, 15, 13, 12, 13, 17, 25, 36, 48, 58, 64, 66, 63, 65, 68, 66, 62, 57, 52, 46, 41, 37, 31, 27,
] as const;
const HOUR_MS = 3_600_000;
const WHOLE = BigInt(HOURS.reduce((sum, share) => sum + share, 0) * HOUR_MS);

/** The part of a day's `total` that was spent `elapsedMs` after midnight. */
export function spentBy(total: bigint, elapsedMs: number): bigint {
  if (elapsedMs >= DAY) return total;
  if (elapsedMs <= 0) return 0n;
  const hour = Math.floor(elapsedMs / HOUR_MS);
  const before = HOURS.slice(0, hour).reduce<number>((sum, share) => sum + share, 0) * HOUR_MS;
  return (total * BigInt(before + (HOURS[hour] ?? 0) * (elapsedMs - hour * HOUR_MS))) / WHOLE;
}

/** How busy the hour that holds `at` is: 1 on average. */
export function loadFactor(at: Instant): number {
  return ((HOURS[Math.floor(at / HOUR_MS) % 24] ?? 0) * 24 * HOUR_MS) / Number(WHOLE);
}
