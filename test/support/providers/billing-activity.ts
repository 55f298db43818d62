import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';
import { type Fixed, fromInteger, fromNumber, ONE } from '../../../src/core/values/money.ts';
import { HOUR, type Range } from '../../../src/core/values/time.ts';
import type { BasetenRow } from '../../simulators/baseten/rows.ts';
import { type BasetenSimulator, startBaseten } from '../../simulators/baseten/server.ts';
import type { InferenceShRow } from '../../simulators/inference-sh/rows.ts';
import { startInferenceSh } from '../../simulators/inference-sh/server.ts';
import type { Entry } from '../../simulators/kit/books.ts';
import type { Simulator } from '../../simulators/kit/service.ts';
import type { TruthEntry, TruthMeasure } from '../../simulators/kit/truth.ts';
import { charge, type VeniceRow } from '../../simulators/venice/rows.ts';
import { startVenice } from '../../simulators/venice/server.ts';
import type { Exposition, Labels } from '../exposition/exposition.ts';
import { providerById } from './provider-by-id.ts';

/** Amounts by series, as a page shows them: the metric's name and its labels. Series at 0 are left out. */
export type Amounts = ReadonlyMap<string, Fixed>;

/** Providers that bill only what a test spends. */
export interface BillingActivity {
  readonly accounts: Readonly<Record<string, Pick<Simulator, 'url' | 'key'>>>;
  readonly baseten: BasetenSimulator;
  readonly venice: Simulator<VeniceRow>;
  /** Spends a little more on existing models, apps and deployments. */
  grow(): void;
  /** A correction at each of them: a lower reading, a refund, a removed charge. */
  correct(): void;
  /** The first dollars of a new model, app and deployment. */
  begin(name: string): void;
  /** The totals of the books up to now, by counter. */
  billed(): Amounts;
  /** Dollars of a range, by the series of a gauge. */
  gauge(metric: Metric, range: Range): Amounts;
  close(): Promise<void>;
}

/** Starts three providers with a little spend. `dice` returns numbers from 0 to 1. */
export async function startBillingActivity(dice: () => number): Promise<BillingActivity> {
  const quiet = { generate: false };
  const [baseten, venice, inferenceSh] = await Promise.all([
    startBaseten(quiet),
    startVenice({ ...quiet, emptyPages: 'never' }),
    startInferenceSh(quiet),
  ]);
  const simulators = { baseten, venice, inference_sh: inferenceSh };
  const below = (limit: number) => Math.floor(dice() * limit);
  const meters: Meter[] = [];
  const refundable: Entry<InferenceShRow>[] = [];
  let requests = 0;

  const chargeVenice = (model: string) => {
    requests += 1;
    venice.book(veniceRow(model, `request-${requests}`, below(9000) + 1));
  };
  const runApp = (app: string) => {
    const microcents = BigInt(below(90_000_000) + 1);
    refundable.push(inferenceSh.book({ at: Date.now(), app, microcents, seconds: 3 }));
  };
  const models = ['glm', 'kimi'];
  const apps = ['infsh/flux', 'acme/captions'];
  const pick = (names: readonly string[]) => names[below(names.length)] ?? '';

  const spending: BillingActivity = {
    accounts: simulators,
    baseten,
    venice,
    grow() {
      for (const meter of meters) meter.run(below(1000) + 1);
      chargeVenice(pick(models));
      runApp(pick(apps));
    },
    correct() {
      for (const meter of meters) meter.run(-below(300) - 1);
      venice.book(refundOf(pick(models), BigInt(below(50) + 1)));
      refundable.splice(below(refundable.length), 1)[0]?.remove();
    },
    begin(name) {
      models.push(name);
      apps.push(`new/${name}`);
      meters.push(startMeter(baseten, name));
      chargeVenice(name);
      runApp(`new/${name}`);
    },
    billed: () => billedBy(simulators),
    gauge: (metric, range) => dollarsIn(simulators, metric, range),
    close: async () => {
      await Promise.all(Object.values(simulators).map((simulator) => simulator.close()));
    },
  };
  for (const model of models) chargeVenice(model);
  for (const app of apps) runApp(app);
  meters.push(startMeter(baseten, 'llama'));
  return spending;
}

/** A day of a deployment and of a shared model, restated with each use. */
interface Meter {
  /** In hundredths of a cent; negative values are corrections. */
  run(by: number): void;
}

function startMeter(baseten: BasetenSimulator, name: string): Meter {
  let count = 1000;
  const money = (): Pick<BasetenRow, 'subtotal'> => ({ subtotal: fromInteger(BigInt(count), -4) });
  const at = Date.now();
  const own = { at, minutes: count, inference_requests: count };
  const resource = { id: `dep-${name}`, kind: 'MODEL_DEPLOYMENT', name, model_name: name };
  const deployment = baseten.book({ category: 'dedicated', ...own, ...money(), resource });
  const calls = () => ({
    ...{ input_tokens: count * 10, output_tokens: count, cached_input_tokens: count * 3 },
    requests: count,
  });
  const model = baseten.book({ category: 'model_api', at, model_name: name, ...money(), ...calls() });
  return {
    run(by) {
      count += by;
      deployment.revise({ ...money(), minutes: count, inference_requests: count });
      model.revise({ ...money(), ...calls() });
    },
  };
}

function veniceRow(model: string, requestId: string, tokens: number): VeniceRow {
  return {
    at: Date.now(),
    sku: `${model}-llm-output-mtoken`,
    model,
    ...charge(fromInteger(BigInt(tokens), -6), 3n * ONE),
    currency: 'USD',
    notes: 'API Inference',
    inferenceDetails: { requestId, promptTokens: 1, completionTokens: tokens, inferenceExecutionTime: 9 },
  };
}

function refundOf(model: string, hundredthsOfCents: bigint): VeniceRow {
  const row = veniceRow(model, '', 1);
  const amount = fromInteger(hundredthsOfCents, -4);
  return { ...row, amount, units: 0n, notes: 'Refund', inferenceDetails: null };
}

const COUNTERS: Readonly<Record<TruthMeasure, Metric>> = {
  cost: METRICS.cost,
  component_cost: METRICS.componentCost,
  tokens: METRICS.tokens,
  requests: METRICS.requests,
  billed_seconds: METRICS.billedSeconds,
  units: METRICS.units,
  top_ups: METRICS.topUps,
};

type Simulators = Readonly<Record<string, Pick<Simulator, 'truth'>>>;

function billedBy(simulators: Simulators): Amounts {
  const all = { start: 0, end: Date.now() + HOUR };
  return amountsOf(simulators, all, ({ measure }) => COUNTERS[measure]);
}

function dollarsIn(simulators: Simulators, metric: Metric, range: Range): Amounts {
  return amountsOf(simulators, range, ({ measure }) => (measure === 'cost' ? metric : undefined));
}

function amountsOf(
  simulators: Simulators,
  range: Range,
  metricOf: (entry: TruthEntry) => Metric | undefined,
): Amounts {
  const amounts = new Map<string, Fixed>();
  for (const [provider, simulator] of Object.entries(simulators)) {
    for (const entry of simulator.truth(range).entries) {
      const metric = metricOf(entry);
      if (metric && entry.value !== 0n) amounts.set(keyOf(provider, metric, entry), entry.value);
    }
  }
  return amounts;
}

function keyOf(provider: string, { name, labels }: Metric, entry: TruthEntry): string {
  const { resource, model, tier, detail } = entry;
  const core: Labels = { provider, account: 'test', resource, model, tier };
  return seriesKey(name, Object.fromEntries(labels.map((label) => [label, core[label] ?? detail])));
}

/** A key per series, independent of label order and of empty labels. */
export function seriesKey(name: string, labels: Labels): string {
  const present = Object.entries(labels).filter(([, value]) => value !== '');
  return `${name}${JSON.stringify(present.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}

/** Whether every exposed feed is up, and only optional ones are missing. */
export function areFeedsUp(
  accounts: BillingActivity['accounts'],
  up: readonly { readonly labels: Labels; readonly value: number | string }[],
): boolean {
  const isShown = (id: string, name: string) =>
    up.some(({ labels: { provider, feed } }) => provider === id && feed === name);
  const feeds = Object.keys(accounts).flatMap((id) =>
    (providerById(id)?.feeds ?? []).map(({ name, optional }) => optional || isShown(id, name)),
  );
  return feeds.length > 0 && feeds.every(Boolean) && up.every(({ value }) => Number(value) === 1);
}

/** `after - before`, without unchanged series. */
export function deltaOf(before: Amounts, after: Amounts): Amounts {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  const moved = keys.map((key): [string, Fixed] => [key, (after.get(key) ?? 0n) - (before.get(key) ?? 0n)]);
  return new Map(moved.filter(([, value]) => value !== 0n));
}

/** Every ledger counter less its corrections, by the counter's series. */
export function netCounters(page: Exposition): Amounts {
  const net = new Map<string, Fixed>();
  for (const { name, corrections: downward } of Object.values<Metric>(METRICS)) {
    if (!downward) continue;
    for (const { labels, value } of page.families.get(name)?.samples ?? []) {
      const corrections = page.value(downward.name, labels);
      if (corrections === undefined) throw new Error(`${name} is shown without ${downward.name}`);
      net.set(seriesKey(name, labels), fromNumber(value) - fromNumber(corrections));
    }
  }
  return new Map([...net].filter(([, value]) => value !== 0n));
}

/** The values of a gauge, by series. */
export function gaugeValues({ name }: Metric, page: Exposition): Amounts {
  const samples = page.families.get(name)?.samples ?? [];
  const shown = samples.map(({ labels, value }): [string, Fixed] => [
    seriesKey(name, labels),
    fromNumber(value),
  ]);
  return new Map(shown.filter(([, value]) => value !== 0n));
}

/** Names of the counters that survive restarts. */
export const LEDGER_COUNTERS: ReadonlySet<string> = new Set(
  Object.values<Metric>(METRICS)
    .filter(({ type, source }) => type === 'counter' && source === 'ledger')
    .flatMap(({ name, corrections }) => (corrections ? [name, corrections.name] : [name])),
);
