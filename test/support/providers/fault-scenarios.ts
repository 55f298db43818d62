import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';
import { fromInteger } from '../../../src/core/values/money.ts';
import {
  DAY,
  floorTo,
  type Instant,
  MINUTE,
  type Range,
  SECOND,
  sizeOf,
} from '../../../src/core/values/time.ts';
import { type FailureReason, POLL_FAILURES } from '../../../src/providers/api/errors.ts';
import { SIMULATED_IDS, type SimulatedId, type Simulators, startAll } from '../../simulators/all.ts';
import { startBaseten } from '../../simulators/baseten/server.ts';
import type { SimulatedFault } from '../../simulators/kit/faults.ts';
import type { Simulator } from '../../simulators/kit/service.ts';
import { type FakeClock, fakeClockAt, type SimulatedContract } from '../../simulators/kit/world.ts';
import { type Exporter, type Scrape, startExporter } from '../exporter/exporter.ts';
import { assertWindows, ledgerLines, samplesOf } from '../exposition/expected.ts';
import { completedBucketsOf, windowsOf } from './told-truth.ts';

/** Twenty minutes past: the hour and the day before are due. */
export const START = Date.UTC(2026, 10, 10, 1, 20);
const SINCE = floorTo(DAY, START) - DAY;

export type AnySimulator = Omit<Simulator, 'book'>;

/** Providers with faults on demand, which bill only what the test spends. */
export interface World {
  readonly clock: FakeClock;
  readonly simulators: Simulators;
  /** A second Baseten account, without faults. */
  readonly steady: AnySimulator;
  /** Spends a little more at each provider. */
  spend(): void;
}

/** Starts all providers and the account without faults, with the given key. */
export async function startFaultScenario(
  context: TestContext,
  contract: SimulatedContract,
  key: string,
): Promise<World> {
  const clock = fakeClockAt(START);
  const options = { clock, contract, generate: false, key };
  const [{ close, ...simulators }, steady] = await Promise.all([startAll(options), startBaseten(options)]);
  context.after(() => Promise.all([close(), steady.close()]));
  let spent = 0n;
  return {
    clock,
    simulators,
    steady,
    spend() {
      spent += 1n;
      for (const id of SIMULATED_IDS)
        simulators[id].spend(billedBy(id, clock.now()) - 90 * SECOND, fromInteger(spent * 12_345n, -8));
      steady.spend(clock.now(), fromInteger(spent, -3));
    },
  };
}

/** Up to when a provider bills: the present, or the end of the last completed bucket. */
function billedBy(id: SimulatedId, now: Instant): Instant {
  const closed = completedBucketsOf(id);
  return closed ? floorTo(sizeOf(closed), now) : now;
}

export interface ScenarioExporterOptions {
  readonly timeoutMs?: number;
  /** The base URL of each provider; its own address by default. */
  readonly through?: (provider: SimulatedId) => string;
}

/** The exporter with all accounts of the scenario. */
export function startScenarioExporter(
  context: TestContext,
  { clock, simulators, steady }: World,
  { timeoutMs, through = (provider) => simulators[provider].url }: ScenarioExporterOptions = {},
) {
  const accounts = SIMULATED_IDS.map((provider) => {
    const { key } = simulators[provider];
    return { provider, url: through(provider), key, since: SINCE, ...(timeoutMs && { timeoutMs }) };
  });
  const { url, key } = steady;
  return startExporter(context, clock, [...accounts, { provider: 'baseten', name: 'steady', url, key }]);
}

/** Advances to the next day, on which every feed has something to read. */
export function advanceToNextDay(clock: FakeClock): void {
  clock.set(floorTo(DAY, clock.now()) + DAY + 80 * MINUTE);
}

export async function pollSuccessfully(exporter: Exporter): Promise<Scrape> {
  const failed = (await exporter.pollAll()).filter(({ outcome }) => outcome.kind === 'failed');
  assert.deepEqual(failed, []);
  return exporter.fresh();
}

export function assertExactTotals(page: Scrape, { clock, simulators, steady }: World): void {
  const owners = SIMULATED_IDS.map((id) => [id, 'test', simulators[id]] as const);
  for (const [provider, account, simulator] of [...owners, ['baseten', 'steady', steady] as const]) {
    const truth = (range: Range) => simulator.truth(range);
    const [newest = 'today'] = windowsOf(provider);
    assertWindows(page, { provider, account }, clock.now(), truth, [newest, 'month_to_date']);
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
  // History succeeds if it has nothing to request.
  const mayBeUp = ['usage_history'];
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
