import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { fromInteger, ONE } from '../../src/core/values/money.ts';
import { DAY, floorTo, HOUR, MINUTE, type Range, SECOND } from '../../src/core/values/time.ts';
import { type FailureReason, POLL_FAILURES } from '../../src/providers/api/errors.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import { startInferenceSh } from '../simulators/inference-sh/server.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import type { Simulator } from '../simulators/kit/service.ts';
import { type FakeClock, fakeClockAt, type SimulatedContract } from '../simulators/kit/world.ts';
import { startNorthflank } from '../simulators/northflank/server.ts';
import { charge } from '../simulators/venice/rows.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { assertWindows, ledgerLines, samplesOf } from './expected.ts';
import { type Exporter, type Scrape, startExporter } from './exporter.ts';

/** Twenty minutes past: the hour before is due. */
export const START = Date.UTC(2026, 10, 10, 0, 20);

export const PROVIDERS = ['baseten', 'venice', 'inference_sh', 'northflank'] as const;
export type ProviderId = (typeof PROVIDERS)[number];
export type AnySimulator = Pick<Simulator, 'url' | 'key' | 'requests' | 'fault' | 'truth' | 'close'>;

/** Providers that can be struck. Nothing is billed but what is spent here. */
export interface World {
  readonly dial: FakeClock;
  readonly simulators: Readonly<Record<ProviderId, AnySimulator>>;
  /** A second Baseten account, which nothing ever happens to. */
  readonly steady: AnySimulator;
  /** Something more is spent at each of them. */
  spend(): void;
}

/** Starts all four, and one that nothing happens to, with the key they accept. */
export async function startWorld(
  context: TestContext,
  contract: SimulatedContract,
  key: string,
): Promise<World> {
  const dial = fakeClockAt(START);
  const options = { clock: dial, contract, generate: false, key };
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
    dial,
    simulators: { baseten, venice, inference_sh, northflank },
    steady,
    spend() {
      spent += 1n;
      const now = dial.now();
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

export interface ExporterOfWorld {
  readonly timeoutMs?: number;
  /** Where each of the four is asked; at its own address when absent. */
  readonly through?: (provider: ProviderId) => string;
}

/** The exporter over all of the world's accounts. */
export function exporterOf(
  context: TestContext,
  { dial, simulators, steady }: World,
  { timeoutMs, through = (provider) => simulators[provider].url }: ExporterOfWorld = {},
) {
  const accounts = PROVIDERS.map((provider) => {
    const { key } = simulators[provider];
    const since = floorTo(DAY, START) - DAY;
    return { provider, url: through(provider), key, since, ...(timeoutMs && { timeoutMs }) };
  });
  const { url, key } = steady;
  return startExporter(context, dial, [...accounts, { provider: 'baseten', name: 'steady', url, key }]);
}

/** On to the next hour that is due, well before midnight. */
export function nextHour(dial: FakeClock): void {
  dial.set(floorTo(HOUR, dial.now()) + HOUR + 20 * MINUTE);
  if (new Date(dial.now()).getUTCHours() >= 20) dial.set(floorTo(DAY, dial.now()) + DAY + 80 * MINUTE);
}

export async function pollWell(exporter: Exporter): Promise<Scrape> {
  const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
  assert.deepEqual(failed, []);
  return exporter.fresh();
}

export function assertTruth(page: Scrape, { dial, simulators, steady }: World): void {
  const owners: [string, string, AnySimulator][] = PROVIDERS.map((id) => [id, 'test', simulators[id]]);
  for (const [provider, account, simulator] of [...owners, ['baseten', 'steady', steady] as const]) {
    const truth = (range: Range) => simulator.truth(range);
    assertWindows(page, { provider, account }, dial.now(), truth, ['today', 'month_to_date']);
  }
}

/**
 * What the ledger shows of the accounts that something happens to. A refusal switches optional feeds off, and what only they told
 * goes with them; what was billed stays.
 */
export function troubled(page: Scrape, fault?: SimulatedFault): string[] {
  const isOff = fault?.kind === 'status' && [401, 402, 403, 404, 410].includes(fault.status);
  return ledgerLines(page).filter(
    (line) => !line.includes('account="steady"') && !(isOff && TOLD.has(/^\w+/.exec(line)?.[0] ?? '')),
  );
}

/** Names of what is the provider's own figure, and of how much is shown. */
export const TOLD: ReadonlySet<string> = new Set(
  Object.values<Metric>(METRICS)
    .filter((metric) => metric.source === 'feed' || metric === METRICS.series || metric === METRICS.runway)
    .map(({ name }) => name),
);

export function failures(page: Scrape, provider: string, reason: string): number {
  return page.sum('ai_billing_poll_failures_total', { provider, account: 'test', reason });
}

/** Every feed of the account is down for this reason, once more than before; no other count moved. */
export function assertDown(before: Scrape, after: Scrape, provider: string, reason: FailureReason): void {
  const ups = samplesOf(after, 'ai_billing_up').filter(
    ({ labels }) => labels.provider === provider && labels.account === 'test',
  );
  const down = ups.filter(({ value }) => value === 0);
  // Northflank's history is well when it has nothing to ask.
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
