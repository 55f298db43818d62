import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';
import { fromInteger, ONE } from '../../../src/core/values/money.ts';
import { DAY, floorTo, HOUR, MINUTE, type Range, SECOND } from '../../../src/core/values/time.ts';
import { type FailureReason, POLL_FAILURES } from '../../../src/providers/api/errors.ts';
import { startBaseten } from '../../simulators/baseten/server.ts';
import { startInferenceSh } from '../../simulators/inference-sh/server.ts';
import type { SimulatedFault } from '../../simulators/kit/faults.ts';
import type { Simulator } from '../../simulators/kit/service.ts';
import { type FakeClock, fakeClockAt, type SimulatedContract } from '../../simulators/kit/world.ts';
import { startNorthflank } from '../../simulators/northflank/server.ts';
import { charge } from '../../simulators/venice/rows.ts';
import { startVenice } from '../../simulators/venice/server.ts';
import { type Exporter, type Scrape, startExporter } from '../exporter/exporter.ts';
import { assertWindows, ledgerLines, samplesOf } from '../exposition/expected.ts';

/** Twenty minutes past: the hour before is due. */
export const START = Date.UTC(2026, 10, 10, 0, 20);

export const PROVIDERS = ['baseten', 'venice', 'inference_sh', 'northflank'] as const;
export type ProviderId = (typeof PROVIDERS)[number];
export type AnySimulator = Pick<Simulator, 'url' | 'key' | 'requests' | 'fault' | 'truth' | 'close'>;

/** Providers with faults on demand, which bill only what the test spends. */
export interface World {
  readonly clock: FakeClock;
  readonly simulators: Readonly<Record<ProviderId, AnySimulator>>;
  /** A second Baseten account, without faults. */
  readonly steady: AnySimulator;
  /** Spends a little more at each provider. */
  spend(): void;
}

/** Starts all four and the account without faults, with the given key. */
export async function startFaultScenario(
  context: TestContext,
  contract: SimulatedContract,
  key: string,
): Promise<World> {
  const clock = fakeClockAt(START);
  const options = { clock, contract, generate: false, key };
  const [baseten, venice, inference_sh, northflank, steady] = await Promise.all([
    startBaseten(options),
    startVenice(options),
    startInferenceSh(options),
    startNorthflank(options),
    startBaseten(options),
  ]);
  const all = [baseten, venice, inference_sh, northflank, steady];
  context.after(() => Promise.all(all.map((simulator) => simulator.close())));
  let spent = 0n;
  return {
    clock,
    simulators: { baseten, venice, inference_sh, northflank },
    steady,
    spend() {
      spent += 1n;
      const now = clock.now();
      const model = { category: 'model_api', at: now, model_name: 'm' } as const;
      const tokens = { input_tokens: 10, output_tokens: 5, cached_input_tokens: 2 };
      for (const simulator of [baseten, steady])
        simulator.book({ ...model, ...tokens, subtotal: fromInteger(spent, -3) });
      venice.book({
        at: now - 90 * SECOND,
        sku: 'm-llm-output-mtoken',
        model: 'm',
        ...charge(fromInteger(spent, -6), 3n * ONE),
        currency: 'USD',
        notes: 'API Inference',
        inferenceDetails: null,
      });
      inference_sh.book({ at: now - 90 * SECOND, app: 'acme/app', microcents: spent * 12_345n });
      northflank.book({
        scope: 'paas',
        at: floorTo(HOUR, now) - HOUR,
        team: 'core',
        project: 'api',
        resourceType: 'service',
        resource: 'web',
        price: { total: fromInteger(spent, -5) },
      });
    },
  };
}

export interface ScenarioExporterOptions {
  readonly timeoutMs?: number;
  /** The base URL of each of the four; its own address by default. */
  readonly through?: (provider: ProviderId) => string;
}

/** The exporter with all accounts of the scenario. */
export function startScenarioExporter(
  context: TestContext,
  { clock, simulators, steady }: World,
  { timeoutMs, through = (provider) => simulators[provider].url }: ScenarioExporterOptions = {},
) {
  const accounts = PROVIDERS.map((provider) => {
    const { key } = simulators[provider];
    const since = floorTo(DAY, START) - DAY;
    return { provider, url: through(provider), key, since, ...(timeoutMs && { timeoutMs }) };
  });
  const { url, key } = steady;
  return startExporter(context, clock, [...accounts, { provider: 'baseten', name: 'steady', url, key }]);
}

/** Advances to the next hour that is due, well before midnight. */
export function advanceToNextHour(clock: FakeClock): void {
  clock.set(floorTo(HOUR, clock.now()) + HOUR + 20 * MINUTE);
  if (new Date(clock.now()).getUTCHours() >= 20) clock.set(floorTo(DAY, clock.now()) + DAY + 80 * MINUTE);
}

export async function pollSuccessfully(exporter: Exporter): Promise<Scrape> {
  const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
  assert.deepEqual(failed, []);
  return exporter.fresh();
}

export function assertExactTotals(page: Scrape, { clock, simulators, steady }: World): void {
  const owners: [string, string, AnySimulator][] = PROVIDERS.map((id) => [id, 'test', simulators[id]]);
  for (const [provider, account, simulator] of [...owners, ['baseten', 'steady', steady] as const]) {
    const truth = (range: Range) => simulator.truth(range);
    assertWindows(page, { provider, account }, clock.now(), truth, ['today', 'month_to_date']);
  }
}

/**
 * The ledger's sample lines of the accounts with faults. A refusal switches optional feeds off, which removes their own figures;
 * billed amounts stay.
 */
export function affectedLines(page: Scrape, fault?: SimulatedFault): string[] {
  const isOff = fault?.kind === 'status' && [401, 402, 403, 404, 410].includes(fault.status);
  return ledgerLines(page).filter(
    (line) =>
      !line.includes('account="steady"') && !(isOff && PROVIDER_FIGURES.has(/^\w+/.exec(line)?.[0] ?? '')),
  );
}

/** Metrics of the provider's own figures, and the number of series. */
export const PROVIDER_FIGURES: ReadonlySet<string> = new Set(
  Object.values<Metric>(METRICS)
    .filter((metric) => metric.source === 'feed' || metric === METRICS.series || metric === METRICS.runway)
    .map(({ name }) => name),
);

export function failures(page: Scrape, provider: string, reason: string): number {
  return page.sum('ai_billing_poll_failures_total', { provider, account: 'test', reason });
}

/** Every feed of the account failed once more for this reason, and for no other. */
export function assertDown(before: Scrape, after: Scrape, provider: string, reason: FailureReason): void {
  const ups = samplesOf(after, 'ai_billing_up').filter(
    ({ labels }) => labels.provider === provider && labels.account === 'test',
  );
  const down = ups.filter(({ value }) => value === 0);
  // Northflank's history succeeds if it has nothing to request.
  const mayBeUp = provider === 'northflank' ? ['usage_history'] : [];
  const up = ups.filter(({ value }) => value === 1).map(({ labels }) => labels.feed ?? '');
  assert.ok(down.length > 0 && up.every((feed) => mayBeUp.includes(feed)), `${provider}: ${up} are up`);
  for (const each of Object.keys(POLL_FAILURES)) {
    const more = failures(after, provider, each) - failures(before, provider, each);
    assert.equal(more, each === reason ? down.length : 0, `${provider} failures by ${each}`);
  }
}

export function assertUp(page: Scrape, provider: string, account: string): void {
  const ups = samplesOf(page, 'ai_billing_up').filter(
    ({ labels }) => labels.provider === provider && labels.account === account,
  );
  assert.ok(ups.length > 0 && ups.every(({ value }) => value === 1), `${provider} ${account} is not up`);
}
