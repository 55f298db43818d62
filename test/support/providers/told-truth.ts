import type { Granularity, Instant, Range } from '../../../src/core/values/time.ts';
import type { Simulator } from '../../simulators/kit/service.ts';
import { type Truth, truthOf } from '../../simulators/kit/truth.ts';
import type { FakeClock } from '../../simulators/kit/world.ts';
import { WINDOWS, type Window } from '../exposition/expected.ts';
import { providerById } from './provider-by-id.ts';

/** Starts a simulator whose live minutes are in the future, so that all its days are generated like history. */
export async function withoutLiveMinutes<Started>(
  clock: FakeClock,
  start: () => Promise<Started>,
): Promise<Started> {
  const now = clock.now();
  clock.set(Date.UTC(2026, 11, 15));
  const started = await start();
  clock.set(now);
  return started;
}

type Told = Pick<Simulator, 'requests' | 'truth'>;

/** The granularity of a provider that bills completed buckets only. */
export function completedBucketsOf(id: string): Granularity | undefined {
  return providerById(id)?.feeds.find(({ stream }) => stream?.closedBuckets)?.stream?.granularity;
}

/** The windows of which a provider tells, newest first: today is unknown where only completed days are billed. */
export function windowsOf(id: string): readonly Window[] {
  return completedBucketsOf(id) === 'day' ? WINDOWS.filter((window) => window !== 'today') : WINDOWS;
}

/** Does it tell of completed buckets only, each when it is asked? */
export function tellsOfBuckets({ requests }: Pick<Told, 'requests'>): boolean {
  return requests.some(({ told }) => told);
}

/**
 * What the answers of a provider said about completed buckets, because the exporter cannot know how a bucket changes between two answers.
 *
 * @param which of several answers about a bucket.
 * @param endedBy leaves out buckets that ended later.
 */
export function truthAsTold(
  { requests, truth }: Told,
  range: Range,
  which: 'first' | 'last' = 'last',
  endedBy = Number.POSITIVE_INFINITY,
): Truth {
  const answers = new Map<Instant, { readonly told: Range; readonly at: Instant }>();
  for (const { told, at, status } of requests) {
    if (!told || status !== 200) continue;
    if (which === 'last' || !answers.has(told.start)) answers.set(told.start, { told, at });
  }
  const within = [...answers.values()].filter(
    ({ told }) => told.start >= range.start && told.start < range.end && told.end <= endedBy,
  );
  return truthOf(within.flatMap(({ told, at }) => truth(told, at).entries));
}

/** What a provider has billed or, if it only reports completed buckets, what its answers said. */
export function truthOrTold(provider: Told, range: Range): Truth {
  return tellsOfBuckets(provider) ? truthAsTold(provider, range) : provider.truth(range);
}
