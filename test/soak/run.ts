import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fixed, fromNumber } from '../../src/core/values/money.ts';
import { DAY, HOUR, type Instant, MINUTE, startOfDay } from '../../src/core/values/time.ts';
import { assertNets, assertNoneFell, assertWindows } from '../support/expected.ts';
import { type Scrape, scrapeOf } from '../support/exporter.ts';
import { createDice } from '../support/property.ts';
import { LASTING_COUNTERS } from '../support/spending.ts';
import { type Lab, startLab } from './labs.ts';
import { keyOf, type Sums, startSums } from './receiver.ts';
import type { Figures } from './words.ts';
import { IDS, startWorld, type World } from './world.ts';

/** A stretch of time that one process of the exporter lives through. */
export interface Life {
  readonly zone: string;
  readonly days: number;
  /** What happens at its end. */
  readonly end: 'kill' | 'stop';
  /** The exporter is closed and opened again over its file so often, within the process. */
  readonly restartEveryDays?: number;
}

export interface SoakPlan {
  readonly start: Instant;
  readonly seed: number;
  readonly lives: readonly Life[];
  /** From poll to poll, on the average. */
  readonly everyMs: number;
  /** How many of the polls meet a provider that fails. */
  readonly shareFailing: number;
}

/** What a process took at an instant. */
export interface Measured extends Figures {
  readonly at: Instant;
}

/** What was lived through. That the totals are exact and no counter fell was checked on the way. */
export interface Soaked {
  readonly days: number;
  readonly polls: number;
  /** Of feeds, by the reason. */
  readonly failures: ReadonlyMap<string, number>;
  readonly requests: number;
  readonly kills: number;
  readonly restarts: number;
  readonly pages: number;
  readonly refusedPushes: number;
  readonly counters: number;
  /** Of the last life. */
  readonly measured: readonly Measured[];
}

const MEASURE_EVERY_MS = 6 * HOUR;
/** Nothing is restated or refunded so long after it was billed, but by Baseten. */
const SETTLED_MS = 3 * DAY;

const MOST_TRIES = 5;
/** What a killed process has written is there without a disk, too, and is written in half the time. */
const MEMORY = '/dev/shm';

interface Course {
  readonly plan: SoakPlan;
  readonly world: World;
  readonly sums: Sums;
  readonly folder: string;
  readonly dice: () => number;
  readonly tally: {
    polls: number;
    kills: number;
    restarts: number;
    pages: number;
    readonly failures: Map<string, number>;
    measured: Measured[];
  };
  readonly passes: (now: Instant) => void;
  /** The newest page: no counter of a later one may be lower. */
  last: Scrape | undefined;
}

/**
 * Lives through the plan, life after life over one ledger, and holds it against the providers' books.
 *
 * @param passes hears of each life, and of every fifth day.
 */
export async function soak(plan: SoakPlan, passes: (now: Instant) => void = () => {}): Promise<Soaked> {
  const ends: (() => Promise<void>)[] = [];
  const scope = { after: (end: () => Promise<void>) => void ends.unshift(end) };
  const dice = createDice(plan.seed);
  try {
    const folder = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'soak-'));
    scope.after(() => rm(folder, { recursive: true, force: true }));
    const world = await startWorld(plan, dice);
    scope.after(() => world.close());
    const sums = await startSums(scope, dice);
    const tally = {
      polls: 0,
      kills: 0,
      restarts: 0,
      pages: 0,
      failures: new Map<string, number>(),
      measured: [],
    };
    const course: Course = { plan, world, sums, folder, dice, tally, passes, last: undefined };
    for (const [index, life] of plan.lives.entries()) {
      passes(world.dial.now());
      await live(course, life, index);
    }
    return {
      ...tally,
      days: (world.dial.now() - plan.start) / DAY,
      requests: world.requests(),
      refusedPushes: sums.refused(),
      counters: countersOf(course.last).size,
    };
  } finally {
    for (const end of ends) await end();
  }
}

async function live(course: Course, life: Life, index: number): Promise<void> {
  const { world, sums, folder } = course;
  const ledger = join(folder, 'ledger.db');
  const setup = { ledger, receiver: sums.url, accounts: [...world.accounts] };
  const lab = await startLab(world.dial, life.zone, setup);
  try {
    if (index === 0) await begin(course, lab);
    await pass(course, life, lab);
    if (index === course.plan.lives.length - 1) await settle(course, lab);
    if (life.end === 'kill') await killAmid(course, lab);
    else await lab.end();
  } finally {
    await lab.kill();
  }
}

/** The first reading is what everything after it is counted from. */
async function begin(course: Course, lab: Lab): Promise<void> {
  await pollWell(course, lab);
  course.world.begin();
  await lab.ask('push');
}

async function pass(course: Course, { days, restartEveryDays = Number.POSITIVE_INFINITY }: Life, lab: Lab) {
  const { dial } = course.world;
  course.tally.measured = [];
  const until = dial.now() + days * DAY;
  let nextRestart = dial.now() + restartEveryDays * DAY;
  for (let step = 0; dial.now() < until; step += 1) {
    await stepOf(course, lab, step);
    if (dial.now() < nextRestart) continue;
    nextRestart += restartEveryDays * DAY;
    await lab.ask('restart');
    course.tally.restarts += 1;
  }
}

/** Some time passes, something happens, and the exporter polls, and is scraped, and pushes. */
async function stepOf(course: Course, lab: Lab, step: number): Promise<void> {
  const { plan, world, dice, tally } = course;
  const before = world.dial.now();
  world.dial.advance(Math.round(plan.everyMs * (0.5 + dice())));
  if (dice() < 0.3) world.happen();
  world.weather();
  const { failed = [] } = await lab.ask('poll');
  for (const reason of failed) tally.failures.set(reason, (tally.failures.get(reason) ?? 0) + 1);
  tally.polls += 1;
  if (step % 3 === 0) await lab.ask('push');
  if (step % 7 === 0) await look(course, lab);
  else await lab.ask('scrape');
  await hourly(course, lab, before);
}

/** What the exporter does every hour by itself, and what is looked at now and then. */
async function hourly({ world, tally, passes }: Course, lab: Lab, before: Instant): Promise<void> {
  const passed = (everyMs: number) => Math.floor(before / everyMs) !== Math.floor(world.dial.now() / everyMs);
  if (passed(HOUR)) await lab.ask('maintain');
  if (passed(5 * DAY)) passes(world.dial.now());
  if (!passed(MEASURE_EVERY_MS)) return;
  const { figures } = await lab.ask('figures');
  if (figures) tally.measured.push({ at: world.dial.now(), ...figures });
}

/** Holds the page against the one before. */
async function look(course: Course, lab: Lab): Promise<Scrape> {
  const { text = '' } = await lab.ask('page');
  const page = scrapeOf(text, 'text');
  if (course.last) assertNoneFell(course.last, page);
  course.last = page;
  course.tally.pages += 1;
  return page;
}

/** Polls until all feeds are well: on a busy machine an answer may take longer than an account waits. */
async function pollWell(course: Course, lab: Lab): Promise<void> {
  course.world.calm();
  for (let tries = 1; ; tries += 1) {
    const { failed = [] } = await lab.ask('poll');
    course.tally.polls += 1;
    if (failed.length === 0) return;
    assert.ok(tries < MOST_TRIES, `${failed} without a fault`);
    course.world.dial.advance(MINUTE);
  }
}

/** Lets everything settle, and holds what is shown and what was pushed against the books. */
async function settle(course: Course, lab: Lab): Promise<void> {
  const { world, sums } = course;
  sums.calm();
  await pollWell(course, lab);
  world.dial.set(startOfDay(world.dial.now()) + SETTLED_MS + 20 * MINUTE);
  for (let polls = 0; polls < 4; polls += 1) {
    await pollWell(course, lab);
    world.dial.advance(10 * MINUTE);
  }
  await pollWell(course, lab);
  assertTruth(course, await look(course, lab));
  await lab.ask('push');
  assertSums(sums.totals(), countersOf(await look(course, lab)));
}

function assertTruth({ plan, world }: Course, page: Scrape): void {
  const now = world.dial.now();
  const everything = { start: plan.start - 90 * DAY, end: now + DAY };
  for (const id of IDS) {
    assertWindows(page, { provider: id }, now, (range) => world.truth(id, range));
    assertNets(page, { provider: id }, world.baseline(id, everything), world.truth(id, everything));
  }
}

function assertSums(told: ReadonlyMap<string, Fixed>, shown: ReadonlyMap<string, number>): void {
  const off = [...new Set([...told.keys(), ...shown.keys()])].filter((key) => {
    const value = shown.get(key) ?? 0;
    const gap = (told.get(key) ?? 0n) - fromNumber(value);
    // Each difference is a double: so much may be lost on the way.
    return Math.abs(Number(gap)) > Math.abs(Number(fromNumber(value))) * 1e-12;
  });
  assert.deepEqual(off, [], 'the differences add up to the counters');
}

function countersOf(page: Scrape | undefined): ReadonlyMap<string, number> {
  const samples = [...(page?.families.values() ?? [])].flatMap((family) => family.samples);
  const own = samples.filter(({ name, value }) => LASTING_COUNTERS.has(name) && value !== 0);
  return new Map(own.map(({ name, labels, value }) => [keyOf(name, labels), value]));
}

/** Kills it in the middle of a poll or a push. */
async function killAmid({ world, tally, dice }: Course, lab: Lab): Promise<void> {
  world.calm();
  world.dial.advance(10 * MINUTE);
  const asked = lab.ask(dice() < 0.5 ? 'poll' : 'push').catch(() => undefined);
  await sleep(dice() * 80);
  await lab.kill();
  await asked;
  tally.kills += 1;
}
