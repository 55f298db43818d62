import { DEFAULT_BUDGET_ALERTS } from '../../../src/core/reports/budget.ts';
import { parseDecimal, type Usd } from '../../../src/core/values/money.ts';
import { DAY, HOUR, type Instant, startOfDay } from '../../../src/core/values/time.ts';
import type { Feed, FeedContext, Provider } from '../../../src/providers/api/provider.ts';
import { startBaseten } from '../../simulators/baseten/server.ts';
import { startInferenceSh } from '../../simulators/inference-sh/server.ts';
import { roll } from '../../simulators/kit/random.ts';
import { type FakeClock, fakeClockAt } from '../../simulators/kit/world.ts';
import { startNorthflank } from '../../simulators/northflank/server.ts';
import { startVenice } from '../../simulators/venice/server.ts';
import { type Exporter, type ExporterAccount, startExporter } from '../exporter/exporter.ts';
import type { Scope } from '../exporter/process.ts';
import { providerById } from './provider-by-id.ts';

/** Inputs of a simulation; incidents change them. */
export interface SimulationInputs {
  /** Factor on the usual spend at Venice. */
  venice: number;
  /** Share of Venice's input tokens read from the cache, 0 to 1. */
  cached: number;
  /** Dollars per million of Venice's output tokens. */
  price: number;
  /** Requests per hour to the second deployment, which is billed regardless. */
  requests: number;
  /** Dollars per hour of a new service. */
  newcomer: number;
  /** Amount per hour in a currency without a rate. */
  foreign: number;
  /** Dollars that Venice refunds per hour. */
  refund: number;
  /** Dollars left at Venice. */
  balance: number;
  canConsume: boolean;
}

/** Nothing that has to alert. */
export const NORMAL_INPUTS: SimulationInputs = {
  venice: 1,
  cached: 0.5,
  price: 2,
  requests: 120,
  newcomer: 0,
  foreign: 0,
  refund: 0,
  balance: 3000,
  canConsume: true,
};

type Simulators = Awaited<ReturnType<typeof startSimulators>>;

/** Four accounts with hourly spend, quiet weekends and noise of 20 %. */
export interface Simulation {
  readonly clock: FakeClock;
  readonly simulators: Simulators;
  readonly exporter: Exporter;
  readonly now: SimulationInputs;
  /** Simulates the next hour and polls at its end. */
  hour(): Promise<void>;
}

/** Feeds that cover the whole bill; the others would read the same again. */
const FEEDS: Readonly<Record<string, readonly string[]>> = {
  baseten: ['usage'],
  venice: ['usage', 'usage_history', 'balance'],
  inference_sh: ['breakdown_1d', 'balance'],
  northflank: ['usage'],
};

export async function startSimulation(scope: Scope, start: Instant): Promise<Simulation> {
  const clock = fakeClockAt(start);
  const simulators = await startSimulators(clock);
  scope.after(async () => {
    await Promise.all(Object.values(simulators).map((simulator) => simulator.close()));
  });
  const accounts = Object.entries(simulators).map(([id, { url, key }]): ExporterAccount => {
    const provider = providerById(id);
    if (!provider) throw new Error(`there is no provider ${id}`);
    return {
      provider: id,
      name: 'prod',
      url,
      key,
      since: startOfDay(start),
      definition: withFeeds(provider),
    };
  });
  const budgets = [
    { name: 'all', limit: parseDecimal('9000'), period: 'month', match: {}, ...DEFAULT_BUDGET_ALERTS },
  ] as const;
  const exporter = await startExporter(scope, clock, accounts, { budgets });
  const now = { ...NORMAL_INPUTS };
  const books = openBooks(simulators, now);
  return {
    clock,
    simulators,
    exporter,
    now,
    async hour() {
      books.live(clock.now());
      clock.advance(HOUR);
      await exporter.pollAll();
    },
  };
}

async function startSimulators(clock: FakeClock) {
  const options = { clock, generate: false };
  const [baseten, venice, inference_sh, northflank] = await Promise.all([
    startBaseten(options),
    startVenice(options),
    startInferenceSh(options),
    startNorthflank(options),
  ]);
  return { baseten, venice, inference_sh, northflank };
}

function withFeeds(provider: Provider<unknown>): Provider<unknown> {
  const feeds = provider.feeds.filter(({ name }) => FEEDS[provider.id]?.includes(name));
  return { ...provider, feeds: feeds.map((feed) => (feed.name === 'usage_history' ? once(feed) : feed)) };
}

/** Plans history only if it has not been read: at the start and after an outage. */
function once(feed: Feed<unknown, unknown>): Feed<unknown, unknown> {
  const isRead = ({ coverage, since, now }: FeedContext<unknown>) =>
    coverage.gaps({ start: since, end: now - HOUR }).length === 0;
  return {
    ...feed,
    plan: (context) => (context.now - context.since > HOUR && isRead(context) ? [] : feed.plan(context)),
  };
}

/** Dollars, exact to a hundredth of a cent. */
function usd(dollars: number): Usd {
  return parseDecimal(dollars.toFixed(4));
}

function openBooks(simulators: Simulators, now: SimulationInputs) {
  const { baseten, venice, inference_sh, northflank } = simulators;
  const days = new Map<string, { revise(row: object): void; readonly sum: Record<string, number> }>();

  /** A day of a deployment, restated with each of its hours. */
  const deployment = (id: string, at: Instant, more: { dollars: number; requests: number }) => {
    const key = `${id} ${startOfDay(at)}`;
    const known = days.get(key);
    const sum = known?.sum ?? { dollars: 0, minutes: 0, requests: 0 };
    const total = {
      dollars: (sum.dollars ?? 0) + more.dollars,
      minutes: (sum.minutes ?? 0) + 60,
      requests: (sum.requests ?? 0) + more.requests,
    };
    const row = { subtotal: usd(total.dollars), minutes: total.minutes, inference_requests: total.requests };
    if (known) known.revise(row);
    const resource = { id, kind: 'MODEL_DEPLOYMENT', name: `${id}-name`, model_name: `${id}-model` };
    const entry = known ?? baseten.book({ category: 'dedicated', at: startOfDay(at), resource, ...row });
    days.set(key, { revise: (next) => entry.revise(next), sum: total });
  };
  const charge = (at: Instant, sku: string, units: number, price: number, currency = 'USD') =>
    venice.book({
      ...{ at, sku, currency, units: usd(units), pricePerUnitUsd: usd(price), amount: -usd(units * price) },
      ...{ notes: 'API Inference', inferenceDetails: null },
    });
  const purse = () =>
    venice.fault(
      {
        kind: 'edit',
        edit: (body) =>
          body
            .replace(/"usd":[^,}]+/, `"usd":${now.balance}`)
            .replace(/"canConsume":\w+/, `"canConsume":${now.canConsume}`),
      },
      /billing\/balance/,
    );

  /** Top-ups are not simulated: the balance stays high. */
  const prepaid = () =>
    inference_sh.fault(
      { kind: 'edit', edit: (body) => body.replace(/"balance":\d+/, '"balance":250000000000') },
      /billing/,
    );

  return {
    live(hour: Instant) {
      const busy = weekdayFactor(hour);
      deployment('dep-busy', hour, { dollars: 2 * busy, requests: 400 });
      deployment('dep-idle', hour, { dollars: 1.5, requests: now.requests });
      // Some are billed once a day, and a day late.
      if (new Date(hour).getUTCHours() === 6)
        deployment('dep-daily', hour - DAY, { dollars: 24 * busy, requests: 900 });
      const at = hour + HOUR / 2;
      const input = 0.8 * busy * now.venice;
      charge(at, 'alpha-llm-input-mtoken', input * (1 - now.cached), 1);
      charge(at, 'alpha-llm-cache-input-mtoken', input * now.cached, 0.1);
      charge(at, 'alpha-llm-output-mtoken', 0.5 * busy * now.venice, now.price);
      if (now.foreign > 0) charge(at, 'thing', now.foreign, 1, 'EUR');
      if (now.refund > 0) charge(at, 'alpha-llm-output-mtoken', -now.refund, 1);
      inference_sh.book({ app: 'acme/app', at, microcents: BigInt(Math.round(1e8 * busy)), seconds: 60 });
      const paas = {
        scope: 'paas',
        at: hour,
        team: 'core',
        project: 'api',
        resourceType: 'service',
      } as const;
      northflank.book({ ...paas, resource: 'web', name: 'Web', price: { total: usd(0.8 * busy) } });
      northflank.book({ ...paas, resource: 'db', name: 'Db', price: { total: usd(0.4) } });
      if (now.newcomer > 0) {
        northflank.book({ ...paas, resource: 'gpu', name: 'Gpu', price: { total: usd(now.newcomer) } });
      }
      purse();
      prepaid();
    },
  };
}

/** About 1 on a working day, 0.6 at weekends. */
function weekdayFactor(hour: Instant): number {
  const isWeekend = [0, 6].includes(new Date(hour).getUTCDay());
  const noise = 0.8 + 0.4 * roll(7, 1, Math.floor(hour / HOUR));
  return (isWeekend ? 0.6 : 1) * noise;
}
