import { HOUR, MINUTE } from '../../src/core/values/time.ts';
import type { SoakPlan } from './run.ts';

/** Three short phases over a month end, one of them with a DST change. */
export function shortPlan(seed: number): SoakPlan {
  return {
    start: Date.UTC(2026, 9, 31, 20, 30),
    seed,
    everyMs: 40 * MINUTE,
    shareFailing: 0.4,
    phases: [
      { zone: 'Pacific/Auckland', days: 0.22, end: 'kill' },
      // Clocks are set back on 1 November at 06:00 UTC.
      { zone: 'America/New_York', days: 0.22, end: 'kill' },
      { zone: 'Asia/Kolkata', days: 0.22, end: 'stop', restartEveryDays: 0.1 },
    ],
  };
}

/** Two weeks of short phases, then a long one in which memory, files and the ledger must not grow. */
export function longPlan(seed: number, days: number): SoakPlan {
  const zones = ['Asia/Kolkata', 'Pacific/Auckland', 'America/New_York'];
  const phases = [0, 1, 2, 3, 4, 5, 6].map((index) => {
    return { zone: zones[index % zones.length] ?? 'UTC', days: 2, end: 'kill' } as const;
  });
  return {
    // Clocks are set on 8 March in New York, on 4 April in Auckland.
    start: Date.UTC(2026, 1, 25, 4, 7),
    seed,
    everyMs: HOUR,
    shareFailing: 0.2,
    phases: [...phases, { zone: 'Pacific/Auckland', days, end: 'stop', restartEveryDays: 8 }],
  };
}
