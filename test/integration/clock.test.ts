import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DAY, HOUR, type Instant, MINUTE, type Range } from '../../src/core/values/time.ts';
import { type Providers, SIMULATED_IDS, startAll } from '../simulators/all.ts';
import { type FakeClock, fakeClockAt, type SimulatedContract } from '../simulators/kit/world.ts';
import { type Exporter, type Scrape, startExporter } from '../support/exporter/exporter.ts';
import { assertNoCounterFell, assertWindows } from '../support/exposition/expected.ts';
import {
  completedBucketsOf,
  truthOrTold,
  windowsOf,
  withoutLiveMinutes,
} from '../support/providers/told-truth.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
const EVENING = Date.UTC(2026, 10, 10, 20, 30);
const SINCE = Date.UTC(2026, 10, 9);

interface Scene {
  /** The providers' clock. */
  readonly clock: FakeClock;
  readonly world: Providers;
  readonly exporter: Exporter;
  /** Sets our clock behind (or, if positive, ahead of) the providers'. */
  set(offsetMs: number): void;
  isAhead(): boolean;
}

/** All providers, and an exporter whose clock is its own. */
async function scene(context: TestContext, contract: SimulatedContract): Promise<Scene> {
  const clock = fakeClockAt(EVENING);
  const world = await withoutLiveMinutes(clock, () => startAll({ clock, contract, genesis: SINCE }));
  context.after(() => world.close());
  let offset = 0;
  const own = { now: (): Instant => clock.now() + offset, advance: (byMs: number) => clock.advance(byMs) };
  const accounts = SIMULATED_IDS.map((provider) => {
    const { url, key } = world[provider];
    return { provider, url, key, since: SINCE };
  });
  const exporter = await startExporter(context, own, accounts);
  return {
    clock,
    world,
    exporter,
    set: (next) => {
      offset = next;
    },
    isAhead: () => offset > 0,
  };
}

/**
 * Polls several times, without a failure and without a falling counter. A clock that is ahead asks for days that have not ended, which
 * is refused.
 */
async function polls(
  { exporter, clock, isAhead }: Scene,
  count: number,
  everyMs: number,
  from?: Scrape,
): Promise<Scrape> {
  let last = from;
  for (let poll = 0; poll < count; poll += 1) {
    const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
    assert.deepEqual(
      failed.filter(({ provider }) => !isAhead() || completedBucketsOf(provider) !== 'day'),
      [],
    );
    const page = await exporter.fresh();
    if (last) assertNoCounterFell(last, page);
    last = page;
    if (poll < count - 1) clock.advance(everyMs);
  }
  assert.ok(last);
  return last;
}

function assertExactTotals(page: Scrape, { clock, world }: Scene): void {
  for (const provider of SIMULATED_IDS) {
    const truth = (range: Range) => truthOrTold(world[provider], range);
    const [newest = 'today'] = windowsOf(provider);
    assertWindows(page, { provider }, clock.now(), truth, [newest, 'month_to_date']);
  }
}

const OFFSETS = { '5 minutes': 5 * MINUTE, '2 hours': 2 * HOUR };

for (const contract of CONTRACTS) {
  for (const [size, ms] of Object.entries(OFFSETS)) {
    for (const [side, offset] of [
      ['ahead of', -ms],
      ['behind', ms],
    ] as const) {
      test(`clock: totals are exact over midnight with provider clocks ${size} ${side} ours, ${contract} contract`, async (context) => {
        const here = await scene(context, contract);
        // An account without any response counts as a wrong one if Northflank has no hour yet.
        const before = await polls(here, 2, 70 * MINUTE);
        here.set(offset);
        const skewed = await polls(here, 6, 70 * MINUTE, before);
        here.set(0);
        here.clock.advance(3 * DAY);
        const page = await polls(here, 4, 10 * MINUTE, skewed);
        assertExactTotals(page, here);
      });
    }
  }
}

for (const contract of CONTRACTS) {
  test(`clock: totals are exact after our clock is set back by an hour, ${contract} contract`, async (context) => {
    const here = await scene(context, contract);
    const before = await polls(here, 3, 20 * MINUTE);
    here.set(-HOUR);
    const back = await polls(here, 3, 15 * MINUTE, before);
    await here.exporter.restart();
    const restarted = await polls(here, 2, 15 * MINUTE, back);
    here.set(0);
    here.clock.advance(3 * DAY);
    assertExactTotals(await polls(here, 4, 10 * MINUTE, restarted), here);
  });
}

/** Days of a DST change, in that zone and elsewhere. */
const SET_CLOCKS = [
  ['America/New_York', '2026-10-31T22:20:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T06:20:00Z'],
] as const;

for (const [zone, start] of SET_CLOCKS) {
  test(`clock: the day of a DST change in ${zone} is an ordinary UTC day`, async () => {
    const [there, utc] = await Promise.all([runIn(zone, start), runIn('UTC', start)]);
    assert.ok(there.length > 1000);
    assert.equal(there, utc);
  });
}

async function runIn(zone: string, start: string): Promise<string> {
  const program = fileURLToPath(new URL('../support/providers/zone-run.ts', import.meta.url));
  const child = spawn(process.execPath, [program, start], { env: { ...process.env, TZ: zone } });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  assert.equal(child.exitCode, 0, errors);
  return output;
}
