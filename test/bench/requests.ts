import { Cron } from 'croner';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../src/core/values/time.ts';
import type { Provider } from '../../src/providers/api/provider.ts';
import { SIMULATED_IDS, SIMULATORS, type SimulatedId } from '../simulators/all.ts';
import type { Simulator } from '../simulators/kit/service.ts';
import { fakeClockAt } from '../simulators/kit/world.ts';
import { startExporter } from '../support/exporter/exporter.ts';
import { providerById } from '../support/providers/provider-by-id.ts';
import { withoutLiveMinutes } from '../support/providers/told-truth.ts';
import { bounded, type Figure, info } from './figure.ts';

/** Requests that the default schedules send for one account on a day after the first one. */
export interface RequestCount {
  readonly title: string;
  readonly perDay: number;
  /** The most within any window of the documented limit. */
  readonly most?: number;
  readonly limit?: { readonly requests: number; readonly perMs: number };
}

/** The first poll is at its noon; the day that is counted begins two hours later. */
const START = Date.UTC(2026, 10, 21, 12);
const COUNTED = { start: START + 2 * HOUR, end: START + 2 * HOUR + DAY };

/** Runs the feeds of one provider for a day as they are scheduled, without delays. */
export async function requestCount(id: SimulatedId): Promise<RequestCount> {
  const provider = providerById(id);
  if (!provider) throw new Error(`there is no provider ${id}`);
  const ends: (() => Promise<void>)[] = [];
  const scope = { after: (end: () => Promise<void>) => void ends.unshift(end) };
  try {
    const clock = fakeClockAt(START);
    const start = (): Promise<Simulator> => SIMULATORS[id]({ clock, genesis: START - 3 * DAY });
    const simulator = await withoutLiveMinutes(clock, start);
    scope.after(() => simulator.close());
    let due: ReadonlySet<string> = new Set(provider.feeds.map(({ name }) => name));
    const { url, key } = simulator;
    const definition = onlyWhen(provider, (feed) => due.has(feed));
    const account = { provider: id, definition, url, key, since: START - 12 * HOUR - DAY };
    const exporter = await startExporter(scope, clock, [account], { logged: () => {} });
    await exporter.pollAll();
    for (const [at, feeds] of runsOf(provider)) {
      clock.set(Math.max(at, clock.now()));
      due = feeds;
      await exporter.pollAll();
    }
    const times = simulator.requests.map(({ at }) => at).filter((at) => at >= COUNTED.start);
    return countOf(provider, times);
  } finally {
    for (const end of ends) await end();
  }
}

function onlyWhen(provider: Provider, isDue: (feed: string) => boolean): Provider {
  const feeds = provider.feeds.map((feed): Provider['feeds'][number] => ({
    ...feed,
    plan: (context) => (isDue(feed.name) ? feed.plan(context) : []),
  }));
  return { ...provider, feeds };
}

/** The instants at which feeds are due, in order, up to the end of the day that is counted. */
export function runsOf({ feeds }: Provider): [Instant, ReadonlySet<string>][] {
  const runs = new Map<Instant, Set<string>>();
  for (const { name, schedule } of feeds) {
    const cron = new Cron(schedule, { utcOffset: 0, domAndDow: true, paused: true });
    for (let at = cron.nextRun(new Date(START)); at && at.getTime() < COUNTED.end; at = cron.nextRun(at)) {
      const due = runs.get(at.getTime()) ?? new Set();
      runs.set(at.getTime(), due.add(name));
    }
  }
  return [...runs].sort(([a], [b]) => a - b);
}

function countOf({ title, requestBudget }: Provider, times: readonly Instant[]): RequestCount {
  if (!requestBudget) return { title, perDay: times.length };
  const within = times.map((at) => times.filter((other) => other >= at && other < at + requestBudget.perMs));
  const most = Math.max(0, ...within.map(({ length }) => length));
  return { title, perDay: times.length, most, limit: requestBudget };
}

export const UNITS: Readonly<Record<number, string>> = {
  [SECOND]: 'second',
  [MINUTE]: 'minute',
  [HOUR]: 'hour',
};

export async function requestFigures(): Promise<Figure[]> {
  const counts: RequestCount[] = [];
  for (const id of SIMULATED_IDS) counts.push(await requestCount(id));
  return counts.flatMap(({ title, perDay, most, limit }) => {
    const perDayFigure = info(`requests a day to ${title}`, String(perDay));
    if (!limit || most === undefined) return [perDayFigure];
    const what = `requests to ${title} in the busiest ${UNITS[limit.perMs] ?? `${limit.perMs} ms`}`;
    return [perDayFigure, bounded(what, most, { atMost: limit.requests, unit: '' })];
  });
}
