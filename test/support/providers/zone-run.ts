/**
 * Run as a program, in whatever zone `TZ` names, over thirty hours in which clocks are set there: polls all simulated providers from the instant given on, holds
 * each page against the truth, and writes what the ledger showed.
 */
import assert from 'node:assert/strict';
import { DAY, HOUR, type Range, startOfDay, startOfMonth } from '../../../src/core/values/time.ts';
import { SIMULATED_IDS, startAll } from '../../simulators/all.ts';
import { fakeClockAt } from '../../simulators/kit/world.ts';
import { startExporter } from '../exporter/exporter.ts';
import { assertWindows, ledgerLines } from '../exposition/expected.ts';
import { completedBucketsOf, truthOrTold, withoutLiveMinutes } from './told-truth.ts';

const start = Date.parse(process.argv[2] ?? '');
const EVERY_MS = 6 * HOUR;
const POLLS = 6;
const zoneAt = (at: number) => new Date(at).getTimezoneOffset();
assert.equal(zoneAt(start) === zoneAt(start + POLLS * EVERY_MS), process.env.TZ === 'UTC', 'clocks are set');

const clock = fakeClockAt(start);
const since = startOfDay(start) - DAY;
const world = await withoutLiveMinutes(clock, () => startAll({ clock, genesis: since }));
const ends: (() => unknown)[] = [() => world.close()];
try {
  const accounts = SIMULATED_IDS.map((provider) => {
    const { url, key } = world[provider];
    return { provider, url, key, since };
  });
  const exporter = await startExporter({ after: (end) => void ends.unshift(end) }, clock, accounts);
  for (let polls = 0; polls < POLLS; polls += 1) {
    const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
    assert.deepEqual(failed, []);
    const page = await exporter.fresh();
    for (const provider of SIMULATED_IDS) {
      const truth = (range: Range) => truthOrTold(world[provider], range);
      const now = clock.now();
      // A day that has just ended is not told yet, and of a month nothing on its first day.
      const told = startOfDay(now) === startOfMonth(now) ? 'yesterday' : 'month_to_date';
      const window = completedBucketsOf(provider) === 'day' ? told : 'today';
      assertWindows(page, { provider }, now, truth, [window]);
    }
    process.stdout.write(`${ledgerLines(page).join('\n')}\n`);
    clock.advance(EVERY_MS);
  }
} finally {
  for (const end of ends) await end();
}
