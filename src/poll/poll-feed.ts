import { hasLabelSet } from '../core/ledger/overflow.ts';
import { StoreError } from '../core/ledger/records.ts';
import type { StatementOutcome } from '../core/ledger/settings.ts';
import { assertPlausibleReading, identityOf, newestOf } from '../core/statement/observations.ts';
import type { SeriesKey } from '../core/statement/series.ts';
import type { Drift, Note, Observation, Reconciliation } from '../core/statement/statement.ts';
import { type Rates, rateAt } from '../core/values/exchange-rates.ts';
import { multiply } from '../core/values/money.ts';
import type { Instant, Range } from '../core/values/time.ts';
import { mostTelling, PollError } from '../providers/api/errors.ts';
import { EMPTY_CONTEXT, type Feed, type FeedContext } from '../providers/api/provider.ts';
import { applyStatement, type Destination, written } from './apply-statement.ts';
import type { HttpClient } from './http/client.ts';
import { takeInSlices } from './http/slices.ts';
import { cleanObservation, createPollSummary, longLabels, shortNotes, watchDrift } from './poll-summary.ts';
import { createRangeGuard, EndlessAnswers } from './range-guard.ts';

/** A feed of an account, with everything a poll of it needs. */
export interface PollTarget extends Destination {
  readonly feed: Feed<unknown, unknown>;
  /** The account's keys that only its provider has. */
  readonly config: unknown;
  readonly client: HttpClient;
  /** As they are now. */
  readonly rates: () => Rates;
  /** Turns the moment of a first request into an as-of that no other statement of the account has. */
  readonly asOf: (at: Instant) => Instant;
}

export interface PollWatcher {
  applied(applied: StatementOutcome): void;
  drift(drift: Drift): void;
  /** A warning that the last poll had not given. */
  warned(note: Note): void;
  /** An amount met no rate outside a statement. */
  unconverted(currency: string): void;
  /** After each range of a poll that reads several. */
  progress(done: number, total: number): void;
}

/**
 * Polls a feed once: plans what to read, and applies each range as soon as all of it was read.
 *
 * A range whose answer is not as documented does not keep the others from being read, within {@link PATIENCE}; any other
 * failure ends the poll. A feed that leaves requests to others ends early, without failure: `postponed` where it is one without billing
 * facts and has read nothing, for what it read before is as old as it was.
 * @throws {PollError} the most telling failure, with those of all ranges. What was applied stays.
 */
export async function pollFeed(
  target: PollTarget,
  watcher: PollWatcher,
  signal: AbortSignal,
): Promise<'done' | 'postponed'> {
  const digest = createPollSummary(watcher);
  const applied = (known: StatementOutcome) => {
    for (const currency of known.unconverted) digest.unconverted(currency);
    watcher.applied({ ...known, unconverted: new Set() });
  };
  try {
    return await pollRanges(target, { ...watcher, ...digest, applied }, signal);
  } finally {
    digest.end();
  }
}

async function pollRanges(
  target: PollTarget,
  watcher: PollWatcher,
  signal: AbortSignal,
): Promise<'done' | 'postponed'> {
  const context = contextOf(target, watcher, signal);
  const ranges = [...target.feed.plan(context)];
  const planned = ranges.length;
  const learned = emptyPollResult(context.state);
  const failures: FailedRange[] = [];
  let inARow = 0;
  for (const [index, range] of ranges.entries()) {
    signal.throwIfAborted();
    if (target.client.budgetLeft() < (target.feed.reserveRequests ?? 0)) {
      if (target.feed.stream || index > 0) break;
      // A pause that the provider asked for is waited for, as by all feeds.
      if (target.client.notBefore() <= target.now()) return 'postponed';
    }
    try {
      const { reread } = await readInto(learned, target, range, context, watcher);
      // Plans go back in time: what comes last is the oldest, and is read again first.
      if (reread && index < planned) ranges.splice(planned, 0, range);
      inARow = 0;
    } catch (error) {
      const known = pollErrorOf(error);
      inARow += 1;
      if (known) failures.push({ range, error: known });
      if (known?.reason !== 'contract' || inARow >= maxFailures(known)) {
        await learn(target, learned, watcher, false);
        // A bug of ours hides behind no other failure.
        throw known ? failureOf(failures) : error;
      }
    }
    watcher.progress(index + 1, ranges.length);
  }
  await learn(target, learned, watcher, failures.length === 0);
  const failure = failureOf(failures);
  if (failure) throw failure;
  return 'done';
}

interface FailedRange {
  readonly range: Range;
  readonly error: PollError;
}

/** The failures of a poll as one. */
function failureOf(failures: readonly FailedRange[]): PollError | undefined {
  const [first, ...others] = failures.map(({ error }) => error);
  if (!first) return undefined;
  const telling = mostTelling(first, ...others);
  telling.ranges = failures.map(({ range, error: { reason, message } }) => ({ ...range, reason, message }));
  return telling;
}

/** How many ranges in a row may be answered badly: refusals are few, for some providers lock out who collects them. */
const PATIENCE = { refused: 3, unreadable: 10, endless: 2 };

function maxFailures(error: PollError): number {
  if (error instanceof EndlessAnswers) return PATIENCE.endless;
  const { status } = error;
  return status === undefined || status === 200 ? PATIENCE.unreadable : PATIENCE.refused;
}

/** How many values beyond the bill, such as prices or balances, a feed keeps. Each is a series or more, and a row in memory. */
const MAX_OBSERVATIONS = 10_000;

/** What the ranges of one poll say together, beyond their statements. */
interface PollResult {
  state: string | undefined;
  readonly observations: Observation[];
  readonly reconciliations: Reconciliation[];
  readonly notes: Map<string, Note>;
  /** Tiers whose absence is not believed yet. */
  readonly held: Set<string>;
  ranges: number;
}

function emptyPollResult(state: string | undefined): PollResult {
  return { state, observations: [], reconciliations: [], notes: new Map(), held: new Set(), ranges: 0 };
}

async function readInto(
  learned: PollResult,
  target: PollTarget,
  range: Range,
  context: FeedContext<unknown>,
  watcher: PollWatcher,
): Promise<{ readonly reread?: boolean }> {
  const { reading, asOf } = await readRange(target, range, { ...context, state: learned.state });
  assertPlausibleReading(reading);
  const { statement, resources } = reading;
  const stream = target.feed.stream?.name;
  const isFact = statement !== undefined && stream !== undefined;
  const applied = isFact
    ? await applyStatement(target, { ...statement, stream, asOf }, resources, context.signal)
    : NOTHING;
  learned.state = reading.state ?? learned.state;
  for (const observation of reading.observations) learned.observations.push(cleanObservation(observation));
  if (reading.reconciliation) learned.reconciliations.push(reading.reconciliation);
  for (const note of shortNotes(reading.notes ?? [])) learned.notes.set(note.topic, note);
  for (const tier of applied.held) learned.held.add(tier);
  learned.ranges += 1;
  for (const drift of [...reading.drift, ...longLabels(reading)]) watcher.drift(drift);
  watcher.applied(applied);
  return reading;
}

/**
 * Stores what a poll learned. What it did not say anew stays where it failed in part, and where a tier's silence is not
 * believed yet.
 */
async function learn(
  target: PollTarget,
  learned: PollResult,
  watcher: PollWatcher,
  isComplete: boolean,
): Promise<void> {
  const { key, ledger, now } = target;
  const known = ledger.book.feed(key.account, key.feed);
  const before = known?.observations ?? [];
  const observations = newestOf(learned.observations);
  const said = new Set(observations.map(identityOf));
  const stays = before.filter((each) => {
    const isDoubted = each.labels.tier !== undefined && learned.held.has(each.labels.tier);
    return !said.has(identityOf(each)) && (!isComplete || isDoubted);
  });
  const all = [...observations, ...stays];
  if (all.length > MAX_OBSERVATIONS)
    watcher.drift({ kind: 'too_many_values', what: `${all.length} values, ${MAX_OBSERVATIONS} are kept` });
  const poll = {
    at: isComplete ? now() : undefined,
    observations: learned.ranges > 0 ? all.slice(0, MAX_OBSERVATIONS) : undefined,
    reconciliation: summed(learned.reconciliations),
    state: learned.state,
    notes: learned.ranges > 0 ? [...learned.notes.values()] : undefined,
  };
  await written(target, () => ledger.recordPoll(key, poll));
  const isKnown = ({ topic, text }: Note) =>
    known?.notes.some((note) => note.topic === topic && note.text === text) ?? false;
  for (const note of learned.notes.values()) if (note.isWarning && !isKnown(note)) watcher.warned(note);
}

function contextOf(target: PollTarget, watcher: PollWatcher, signal: AbortSignal): FeedContext<unknown> {
  const { key, feed, config, ledger, now } = target;
  const rates = target.rates();
  const at = now();
  const hasSeries = (series: SeriesKey) => {
    const stream = feed.stream && ledger.book.streamOf(key.account, feed.stream.name);
    return stream !== undefined && hasLabelSet(ledger.book, stream.id, series);
  };
  return {
    now: at,
    hasSeries,
    stateOf: (name) => ledger.book.feed(key.account, name)?.state,
    netCost: (range, which) => ledger.netCost(key.account, range, which),
    usdOf(amount, currency, then = at) {
      const rate = rateAt(rates, currency, then);
      if (rate !== undefined) return multiply(amount, rate);
      watcher.unconverted(currency);
      return undefined;
    },
    config,
    since: ledger.since(key.account, feed.stream?.name, at),
    coverage: feed.stream
      ? ledger.coverage(key.account, feed.stream.name, feed.stream.granularity)
      : EMPTY_CONTEXT.coverage,
    state: ledger.book.feed(key.account, key.feed)?.state,
    signal,
  };
}

/** One range: all of its pages, folded into one reading. Its as-of is when the first request went out. */
async function readRange(target: PollTarget, range: Range, context: FeedContext<unknown>) {
  let asOf: Instant | undefined;
  const reader = target.feed.reader(range, context);
  const guard = createRangeGuard(reader.retainedEntries === undefined);
  const sending = (at: Instant) => {
    asOf ??= target.asOf(at);
  };
  const { ask, drift } = watchDrift(target.client.ask(context.signal, sending, guard.received));
  for await (const page of target.feed.ask(ask, range, context)) {
    reader.add(page);
    guard.kept(reader.retainedEntries?.() ?? 0);
  }
  const reading = reader.finishInSteps ? await takeInSlices(reader.finishInSteps()) : reader.finish();
  return {
    reading: { ...reading, drift: [...reading.drift, ...drift()] },
    asOf: asOf ?? target.asOf(target.now()),
  };
}

/** Any error of a poll with its reason; undefined for one that is our own fault. */
export function pollErrorOf(error: unknown): PollError | undefined {
  if (error instanceof PollError) return error;
  if (error instanceof StoreError) return new PollError('storage', error.message, { cause: error });
  if (error instanceof RangeError) return new PollError('contract', error.message, { cause: error });
  const isSqlite = error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
  if (isSqlite)
    return new PollError('storage', `the ledger could not be written: ${error.message}`, { cause: error });
  return undefined;
}

const NOTHING: StatementOutcome = { changed: false, unconverted: new Set(), late: [], held: new Set() };

/** What the ranges of one poll say together. */
function summed(all: readonly Reconciliation[]): Reconciliation | undefined {
  const last = all.at(-1);
  return (
    last && { difference: all.reduce((sum, { difference }) => sum + difference, 0n), against: last.against }
  );
}
