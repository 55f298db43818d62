import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fixed, fromNumber } from '../../src/core/values/money.ts';
import { DAY, HOUR, type Instant, MINUTE, startOfDay } from '../../src/core/values/time.ts';
import { SIMULATED_IDS } from '../simulators/all.ts';
import { type Scrape, scrapeOf } from '../support/exporter/exporter.ts';
import { assertNetCosts, assertNoCounterFell, assertWindows } from '../support/exposition/expected.ts';
import { createDice } from '../support/ledger/property.ts';
import { LEDGER_COUNTERS } from '../support/providers/billing-activity.ts';
import { windowsOf } from '../support/providers/told-truth.ts';
import { type ExporterProcess, startExporterProcess } from './exporter-process.ts';
import type { Figures } from './messages.ts';
import { type DeltaTotals, keyOf, startDeltaReceiver } from './receiver.ts';
import { startWorld, type World } from './world.ts';

/** A period run by one process of the exporter. */
export interface Phase {
  readonly zone: string;
  readonly days: number;
  /** What happens at its end. */
  readonly end: 'kill' | 'stop';
  /** Closes and reopens the exporter on its file this often, within the process. */
  readonly restartEveryDays?: number;
}

export interface SoakPlan {
  readonly start: Instant;
  readonly seed: number;
  readonly phases: readonly Phase[];
  /** Average time between polls. */
  readonly everyMs: number;
  /** The share of polls that meet a failing provider. */
  readonly shareFailing: number;
}

/** Resource use of a process at an instant. */
export interface Measured extends Figures {
  readonly at: Instant;
}

/** The result of a run, whose totals and counters have been checked. */
export interface SoakResult {
  readonly days: number;
  readonly polls: number;
  /** Failed feeds by reason. */
  readonly failures: ReadonlyMap<string, number>;
  readonly requests: number;
  readonly kills: number;
  readonly restarts: number;
  readonly pages: number;
  readonly refusedPushes: number;
  readonly counters: number;
  /** Of the last phase. */
  readonly measured: readonly Measured[];
}

const MEASURE_EVERY_MS = 6 * HOUR;
/** Nothing is restated or refunded later than this, except by Baseten. */
const SETTLED_MS = 3 * DAY;

const MAX_TRIES = 5;
/** A file in memory survives a killed process, and halves the run time. */
const MEMORY = '/dev/shm';

interface SoakRun {
  readonly plan: SoakPlan;
  readonly world: World;
  readonly deltas: DeltaTotals;
  readonly folder: string;
  readonly dice: () => number;
  readonly counts: {
    polls: number;
    kills: number;
    restarts: number;
    pages: number;
    readonly failures: Map<string, number>;
    measured: Measured[];
  };
  readonly onProgress: (now: Instant) => void;
  /** The newest page: no counter of a later one may be lower. */
  last: Scrape | undefined;
}

/**
 * Runs the phases of a plan on one ledger, and compares it with the providers' books.
 *
 * @param onProgress is called for each phase and every fifth day.
 */
export async function soak(
  plan: SoakPlan,
  onProgress: (now: Instant) => void = () => {},
): Promise<SoakResult> {
  const ends: (() => Promise<void>)[] = [];
  const scope = { after: (end: () => Promise<void>) => void ends.unshift(end) };
  const dice = createDice(plan.seed);
  try {
    const folder = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'soak-'));
    scope.after(() => rm(folder, { recursive: true, force: true }));
    const world = await startWorld(plan, dice);
    scope.after(() => world.close());
    const deltas = await startDeltaReceiver(scope, dice);
    const counts = {
      polls: 0,
      kills: 0,
      restarts: 0,
      pages: 0,
      failures: new Map<string, number>(),
      measured: [],
    };
    const run: SoakRun = { plan, world, deltas, folder, dice, counts, onProgress, last: undefined };
    for (const [index, phase] of plan.phases.entries()) {
      onProgress(world.clock.now());
      await runPhase(run, phase, index);
    }
    return {
      ...counts,
      days: (world.clock.now() - plan.start) / DAY,
      requests: world.requests(),
      refusedPushes: deltas.refused(),
      counters: countersOf(run.last).size,
    };
  } finally {
    for (const end of ends) await end();
  }
}

async function runPhase(run: SoakRun, phase: Phase, index: number): Promise<void> {
  const { world, deltas, folder } = run;
  const ledger = join(folder, 'ledger.db');
  const setup = { ledger, receiver: deltas.url, accounts: [...world.accounts] };
  const child = await startExporterProcess(world.clock, phase.zone, setup);
  try {
    if (index === 0) await readBaseline(run, child);
    await runDays(run, phase, child);
    if (index === run.plan.phases.length - 1) await checkFinalTotals(run, child);
    if (phase.end === 'kill') await killDuringRequest(run, child);
    else await child.end();
  } finally {
    await child.kill();
  }
}

/** The first reading is the baseline of the counters. */
async function readBaseline(run: SoakRun, child: ExporterProcess): Promise<void> {
  await pollSuccessfully(run, child);
  run.world.begin();
  await child.ask('push');
}

async function runDays(
  run: SoakRun,
  { days, restartEveryDays = Number.POSITIVE_INFINITY }: Phase,
  child: ExporterProcess,
) {
  const { clock } = run.world;
  run.counts.measured = [];
  const until = clock.now() + days * DAY;
  let nextRestart = clock.now() + restartEveryDays * DAY;
  for (let step = 0; clock.now() < until; step += 1) {
    await stepOf(run, child, step);
    if (clock.now() < nextRestart) continue;
    nextRestart += restartEveryDays * DAY;
    await child.ask('restart');
    run.counts.restarts += 1;
  }
}

/** Advances the clock, changes bills and faults, then polls, scrapes and pushes. */
async function stepOf(run: SoakRun, child: ExporterProcess, step: number): Promise<void> {
  const { plan, world, dice, counts } = run;
  const before = world.clock.now();
  world.clock.advance(Math.round(plan.everyMs * (0.5 + dice())));
  if (dice() < 0.3) world.act();
  world.changeWeather();
  const { failed = [] } = await child.ask('poll');
  for (const reason of failed) counts.failures.set(reason, (counts.failures.get(reason) ?? 0) + 1);
  counts.polls += 1;
  if (step % 3 === 0) await child.ask('push');
  if (step % 7 === 0) await checkPage(run, child);
  else await child.ask('scrape');
  await hourly(run, child, before);
}

/** The exporter's hourly maintenance, and periodic measurements. */
async function hourly(
  { world, counts, onProgress }: SoakRun,
  child: ExporterProcess,
  before: Instant,
): Promise<void> {
  const passed = (everyMs: number) =>
    Math.floor(before / everyMs) !== Math.floor(world.clock.now() / everyMs);
  if (passed(HOUR)) await child.ask('maintain');
  if (passed(5 * DAY)) onProgress(world.clock.now());
  if (!passed(MEASURE_EVERY_MS)) return;
  const { figures } = await child.ask('figures');
  if (figures) counts.measured.push({ at: world.clock.now(), ...figures });
}

/** Compares the page with the previous one. */
async function checkPage(run: SoakRun, child: ExporterProcess): Promise<Scrape> {
  const { text = '' } = await child.ask('page');
  const page = scrapeOf(text, 'text');
  if (run.last) assertNoCounterFell(run.last, page);
  run.last = page;
  run.counts.pages += 1;
  return page;
}

/** Polls until all feeds succeed: on a busy machine a response may take longer than the timeout. */
async function pollSuccessfully(run: SoakRun, child: ExporterProcess): Promise<void> {
  run.world.calm();
  for (let tries = 1; ; tries += 1) {
    const { failed = [] } = await child.ask('poll');
    run.counts.polls += 1;
    if (failed.length === 0) return;
    assert.ok(tries < MAX_TRIES, `${failed} failed failed without a fault`);
    run.world.clock.advance(MINUTE);
  }
}

/** Lets everything settle, then compares metrics and pushed deltas with the books. */
async function checkFinalTotals(run: SoakRun, child: ExporterProcess): Promise<void> {
  const { world, deltas } = run;
  deltas.calm();
  await pollSuccessfully(run, child);
  world.clock.set(startOfDay(world.clock.now()) + SETTLED_MS + 20 * MINUTE);
  for (let polls = 0; polls < 4; polls += 1) {
    await pollSuccessfully(run, child);
    world.clock.advance(10 * MINUTE);
  }
  await pollSuccessfully(run, child);
  assertExactTotals(run, await checkPage(run, child));
  await child.ask('push');
  assertDeltaTotals(deltas.totals(), countersOf(await checkPage(run, child)));
}

function assertExactTotals({ plan, world }: SoakRun, page: Scrape): void {
  const now = world.clock.now();
  const everything = { start: plan.start - 90 * DAY, end: now + DAY };
  for (const id of SIMULATED_IDS) {
    assertWindows(page, { provider: id }, now, (range) => world.truth(id, range), windowsOf(id));
    assertNetCosts(page, { provider: id }, world.baseline(id, everything), world.truth(id, everything));
  }
}

function assertDeltaTotals(info: ReadonlyMap<string, Fixed>, shown: ReadonlyMap<string, number>): void {
  const off = [...new Set([...info.keys(), ...shown.keys()])].filter((key) => {
    const value = shown.get(key) ?? 0;
    const gap = (info.get(key) ?? 0n) - fromNumber(value);
    // Each delta is a double: allow for rounding.
    return Math.abs(Number(gap)) > Math.abs(Number(fromNumber(value))) * 1e-12;
  });
  assert.deepEqual(off, [], 'deltas add up to the counters');
}

function countersOf(page: Scrape | undefined): ReadonlyMap<string, number> {
  const samples = [...(page?.families.values() ?? [])].flatMap((family) => family.samples);
  const own = samples.filter(({ name, value }) => LEDGER_COUNTERS.has(name) && value !== 0);
  return new Map(own.map(({ name, labels, value }) => [keyOf(name, labels), value]));
}

/** Kills the process during a poll or a push. */
async function killDuringRequest({ world, counts, dice }: SoakRun, child: ExporterProcess): Promise<void> {
  world.calm();
  world.clock.advance(10 * MINUTE);
  const asked = child.ask(dice() < 0.5 ? 'poll' : 'push').catch(() => undefined);
  await sleep(dice() * 80);
  await child.kill();
  await asked;
  counts.kills += 1;
}
