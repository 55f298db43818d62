import type { StatementOutcome } from '../core/ledger/settings.ts';
import { assertPlausibleReading } from '../core/statement/observations.ts';
import type { Instant, Range } from '../core/values/time.ts';
import { mostTelling, type PollError } from '../providers/api/errors.ts';
import type { FeedContext } from '../providers/api/provider.ts';
import { takeInSlices } from '../runtime/slices.ts';
import { applyStatement } from './apply-statement.ts';
import { pollErrorOf } from './poll-outcome.ts';
import { PollResult } from './poll-result.ts';
import { createPollSummary, longLabels, watchDrift } from './poll-summary.ts';
import { feedContext, type PollTarget, type PollWatcher } from './poll-target.ts';
import { createRangeGuard, EndlessAnswers } from './range-guard.ts';

type Completion = 'succeeded' | 'postponed';

/**
 * Polls a feed once: plans what to read, and applies each range as soon as it has been read completely.
 *
 * After a range whose answer is not as documented the others are still read, up to {@link MAX_CONSECUTIVE_FAILURES}; any other
 * failure ends the poll. A feed that reserves requests for other feeds ends early, without failure. It is `postponed` if it has no
 * billing facts and has read nothing, because its values are as old as before.
 * @throws {PollError} the most telling failure, with those of all ranges. What was applied stays.
 */
export async function pollFeed(
  target: PollTarget,
  watcher: PollWatcher,
  signal: AbortSignal,
): Promise<Completion> {
  const summary = createPollSummary(watcher);
  const applied = (outcome: StatementOutcome) => {
    for (const currency of outcome.unconverted) summary.unconverted(currency);
    watcher.applied({ ...outcome, unconverted: new Set() });
  };
  try {
    return await pollRanges(target, { ...watcher, ...summary, applied }, signal);
  } finally {
    summary.end();
  }
}

async function pollRanges(
  target: PollTarget,
  watcher: PollWatcher,
  signal: AbortSignal,
): Promise<Completion> {
  const context = feedContext(target, watcher, signal);
  const ranges = [...target.feed.plan(context)];
  const planned = ranges.length;
  const result = new PollResult(context.state);
  const failures: FailedRange[] = [];
  let consecutive = 0;
  for (const [index, range] of ranges.entries()) {
    signal.throwIfAborted();
    if (target.client.budgetLeft() < (target.feed.reserveRequests ?? 0)) {
      if (target.feed.stream || index > 0) break;
      // Like all feeds, it waits for a pause that the provider asked for.
      if (target.client.notBefore() <= target.now()) return 'postponed';
    }
    try {
      const { reread } = await readInto(result, target, range, context, watcher);
      // Plans go back in time: the last range is the oldest, and is read again first.
      if (reread && index < planned) ranges.splice(planned, 0, range);
      consecutive = 0;
    } catch (cause) {
      const error = pollErrorOf(cause);
      consecutive += 1;
      if (error) failures.push({ range, error });
      if (error?.reason !== 'contract' || consecutive >= maxFailures(error)) {
        await result.record(target, watcher, false);
        // No other failure hides an internal error.
        throw error ? combineFailures(failures) : cause;
      }
    }
    watcher.progress({ done: index + 1, total: ranges.length });
  }
  await result.record(target, watcher, failures.length === 0);
  const failure = combineFailures(failures);
  if (failure) throw failure;
  return 'succeeded';
}

interface FailedRange {
  readonly range: Range;
  readonly error: PollError;
}

function combineFailures(failures: readonly FailedRange[]): PollError | undefined {
  const [first, ...others] = failures.map(({ error }) => error);
  if (!first) return undefined;
  const telling = mostTelling(first, ...others);
  telling.ranges = failures.map(({ range, error: { reason, message } }) => ({ ...range, reason, message }));
  return telling;
}

/** How many ranges in a row may fail: few refusals, because some providers lock out a client that collects them. */
const MAX_CONSECUTIVE_FAILURES = { refused: 3, unreadable: 10, endless: 2 };

function maxFailures(error: PollError): number {
  if (error instanceof EndlessAnswers) return MAX_CONSECUTIVE_FAILURES.endless;
  const isRefused = error.status !== undefined && error.status !== 200;
  return isRefused ? MAX_CONSECUTIVE_FAILURES.refused : MAX_CONSECUTIVE_FAILURES.unreadable;
}

async function readInto(
  result: PollResult,
  target: PollTarget,
  range: Range,
  context: FeedContext<unknown>,
  watcher: PollWatcher,
): Promise<{ readonly reread?: boolean }> {
  const { reading, asOf } = await readRange(target, range, { ...context, state: result.state });
  assertPlausibleReading(reading);
  const { statement, resources } = reading;
  const stream = target.feed.stream?.name;
  const isFact = statement !== undefined && stream !== undefined;
  const applied = isFact
    ? await applyStatement(target, { ...statement, stream, asOf }, resources, context.signal)
    : UNCHANGED;
  result.add(reading, applied.keptTiers);
  for (const drift of [...reading.drift, ...longLabels(reading)]) watcher.drift(drift);
  watcher.applied(applied);
  return reading;
}

/** Reads all pages of a range into one reading, as of its first request. */
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

const UNCHANGED: StatementOutcome = {
  changed: false,
  unconverted: new Set(),
  late: [],
  keptTiers: new Set(),
};
