import { fromInteger, type Usd } from '../../../src/core/values/money.ts';
import { bucketsIn, DAY, type Instant, type Range, startOfDay } from '../../../src/core/values/time.ts';
import {
  defineFeed,
  type Feed,
  type Provider,
  type RangeReading,
} from '../../../src/providers/api/provider.ts';
import { reading } from '../../../src/providers/api/readings.ts';

/** Teams and environments of the resources, in turn. */
const TEAMS = ['Search', 'Speech', 'Platform', 'Research', 'Support'];
const ENVIRONMENTS = ['production', 'staging', 'development'];

/** A provider with a bill of so many series, without requests: each resource costs something every few days. */
export function withSeries(provider: Provider<unknown>, series: number, seed: number): Provider<unknown> {
  const { section: _, ...rest } = provider;
  return { ...rest, feeds: [billFeed(series, seed)] };
}

function billFeed(series: number, seed: number): Feed<unknown, unknown> {
  return defineFeed<unknown, never>({
    name: 'usage',
    schedule: '*/10 * * * *',
    jitterMs: 0,
    stream: { name: 'usage', granularity: 'day', settleMs: 31 * DAY },
    plan: ({ since, now }) => [{ start: since, end: startOfDay(now) + DAY }],
    async *ask() {},
    reader: (range) => ({ add() {}, finish: () => billOf(series, seed, range) }),
  });
}

function billOf(series: number, seed: number, range: Range): RangeReading {
  const indexes = Array.from({ length: series }, (_, index) => index);
  const days = bucketsIn(DAY, range);
  const charges = indexes.flatMap((index) =>
    days
      .filter((_, day) => (day * 5 + index * 3) % 7 < 2)
      .map((at) => ({
        at,
        measure: 'cost' as const,
        resource: idOf(index, seed),
        model: modelOf(index),
        tier: 'dedicated',
        detail: 'USD',
        value: amountOf(index, at, seed),
      })),
  );
  const resources = indexes.map((index) => ({
    resource: idOf(index, seed),
    name: `${modelOf(index)}-${ENVIRONMENTS[index % 3]}`,
    kind: 'deployment',
    team: TEAMS[index % TEAMS.length] ?? '',
    environment_name: ENVIRONMENTS[index % 3] ?? '',
  }));
  return reading({ statement: { granularity: 'day', range, charges, omittedTiers: [] }, resources });
}

/** A few dollars, less at weekends and more from month to month; few resources cost much, and each account differs. */
function amountOf(index: number, at: Instant, seed: number): Usd {
  const day = at / DAY;
  const weekend = new Date(at).getUTCDay() % 6 === 0 ? 2 : 3;
  const micros = ((index + 7) * ((day * 7919) % 101) * 977) % (seed * 60_000);
  return fromInteger(BigInt(Math.floor((micros * weekend * (day - 20_000)) / (100 + 80 * (index % 12)))), -6);
}

/** Eight letters and digits, as ids of deployments are. */
function idOf(index: number, seed: number): string {
  return (((index * 31 + seed) * 2_654_435_761) % 2 ** 32).toString(36).padStart(8, 'q').slice(-8);
}

function modelOf(index: number): string {
  return `llama-3.3-70b-instruct-${index % 40}`;
}
