import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ONE } from '../../src/core/values/money.ts';
import { DAY, floorTo, HOUR, MINUTE, type Range, SECOND } from '../../src/core/values/time.ts';
import type { FailureReason } from '../../src/providers/api/errors.ts';
import { SIMULATED_IDS } from '../simulators/all.ts';
import { startInferenceSh } from '../simulators/inference-sh/server.ts';
import type { SimulatedFault, WaitStyle } from '../simulators/kit/faults.ts';
import { fakeClockAt, type SimulatedContract } from '../simulators/kit/world.ts';
import { charge } from '../simulators/venice/rows.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { type Exporter, type Scrape, startExporter } from '../support/exporter/exporter.ts';
import {
  assertNoCounterFell,
  assertOnlyReads,
  assertWindows,
  ledgerLines,
  samplesOf,
} from '../support/exposition/expected.ts';
import {
  type AnySimulator,
  advanceToNextDay,
  affectedLines,
  assertDown,
  assertExactTotals,
  assertUp,
  failures,
  PROVIDER_FIGURES,
  pollSuccessfully,
  START,
  startFaultScenario,
  startScenarioExporter,
  type World,
} from '../support/providers/fault-scenarios.ts';
import { ask } from '../support/providers/simulated.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
const CANARY = 'canary-5f0e1c7b2a94';
const WAIT_SECONDS = 90;
/** How long to wait where an answer does not say. */
const UNTOLD_SECONDS = 60;

interface Case {
  readonly fault: SimulatedFault;
  readonly reason: FailureReason;
  /** Providers for which this is no failure. */
  readonly not?: readonly string[];
}

function status(code: number, reason: FailureReason, not?: readonly string[]): Case {
  // An error that repeats the key must not be logged with it.
  const body = JSON.stringify({ error: `no way in with ${CANARY}` });
  return { fault: { kind: 'status', status: code, body }, reason, ...(not && { not }) };
}

function throttle(style: WaitStyle): Case {
  return { fault: { kind: 'throttle', waitSeconds: WAIT_SECONDS, style }, reason: 'rate_limited' };
}

/** How long a 429 of that style asks a client to wait: a provider that does not have the style says nothing. */
async function toldSeconds(simulator: AnySimulator, style: WaitStyle): Promise<number> {
  const said = async (each: WaitStyle) => {
    simulator.fault({ kind: 'throttle', waitSeconds: WAIT_SECONDS, style: each });
    const { headers, text } = await ask(simulator, '/');
    return JSON.stringify([...headers, text]);
  };
  return (await said(style)) === (await said('none')) ? UNTOLD_SECONDS : WAIT_SECONDS;
}

const CASES: Readonly<Record<string, Case>> = {
  '400': status(400, 'contract'),
  '401': status(401, 'auth'),
  '402': status(402, 'auth'),
  '403': status(403, 'auth'),
  // Northflank: an hour without use.
  '404': status(404, 'contract', ['northflank']),
  '410': status(410, 'sunset'),
  '422': status(422, 'contract'),
  '429 with seconds': throttle('seconds'),
  '429 with a date': throttle('date'),
  "429 with the provider's own headers": throttle('reset'),
  '429 with seconds in its body': throttle('body'),
  '429 that does not say': throttle('none'),
  '500': status(500, 'server'),
  '503': status(503, 'server'),
  'a reset connection': { fault: { kind: 'reset' }, reason: 'network' },
  'a body cut in the middle': { fault: { kind: 'cut' }, reason: 'contract' },
  'truncated JSON': { fault: { kind: 'truncated' }, reason: 'contract' },
  'HTML with 200': { fault: { kind: 'html' }, reason: 'contract' },
  'an empty 200': { fault: { kind: 'empty' }, reason: 'contract' },
};

/** Sets a fault, polls, removes it and polls again. */
async function strike(world: World, exporter: Exporter, { fault, reason, not = [] }: Case): Promise<void> {
  const struck = SIMULATED_IDS.filter((provider) => !not.includes(provider));
  advanceToNextDay(world.clock);
  const before = await exporter.fresh();
  world.spend();
  for (const provider of struck) world.simulators[provider].fault(fault);
  await exporter.pollAll();
  const after = await exporter.fresh();
  if (not.length === 0) assert.deepEqual(affectedLines(after, fault), affectedLines(before, fault));
  for (const provider of struck) {
    const own = (page: Scrape) =>
      affectedLines(page, fault).filter((line) => line.includes(`provider="${provider}"`));
    assert.deepEqual(own(after), own(before));
    assertDown(before, after, provider, reason);
  }
  assertUp(after, 'baseten', 'steady');
  for (const provider of struck) world.simulators[provider].fault(undefined);
  // An hour that was missing is read again only when it is due for that.
  if (not.length > 0) return;
  const healed = await pollSuccessfully(exporter);
  assertNoCounterFell(before, healed);
  assertExactTotals(healed, world);
  for (const provider of SIMULATED_IDS) assertUp(healed, provider, 'test');
}

/** After a 429 the provider gets no request before the time it named. */
function assertPatience({ requests }: AnySimulator, answered: number, waitMs: number): void {
  const refused = requests.slice(0, answered).findLast(({ status: code }) => code === 429);
  const next = requests[answered];
  assert.ok(refused && next && next.at >= refused.at + waitMs, 'asked again too early');
}

async function assertSilent(exporter: Exporter): Promise<void> {
  const bodies = ['/', '/metrics', '/api/v1/status', '/-/ready'].map(async (path) => {
    return (await fetch(`${exporter.url}${path}`)).text();
  });
  for (const text of [...(await Promise.all(bodies)), exporter.log()]) {
    assert.ok(text.length > 0);
    assert.ok(!text.includes(CANARY), 'a key leaked');
  }
}

for (const contract of CONTRACTS) {
  test(`faults: every fault of every provider is reported and recovered from, ${contract} contract`, async (context) => {
    const world = await startFaultScenario(context, contract, CANARY);
    world.spend();
    const exporter = await startScenarioExporter(context, world);
    assertExactTotals(await pollSuccessfully(exporter), world);
    for (const [name, each] of Object.entries(CASES)) {
      await context.test(name, async () => {
        await strike(world, exporter, each);
        await assertSilent(exporter);
      });
    }
    const { simulators } = world;
    for (const provider of SIMULATED_IDS) {
      assertOnlyReads(simulators[provider].requests);
    }
  });
}

const STYLES: readonly WaitStyle[] = ['seconds', 'date', 'reset', 'body', 'none'];

for (const provider of SIMULATED_IDS) {
  test(`faults: after a 429, ${provider} gets no request until its pause ends`, async (context) => {
    const world = await startFaultScenario(context, 'current', CANARY);
    const simulator = world.simulators[provider];
    const { url, key } = simulator;
    // Alone: the waits of others would move the clock.
    const account = { provider, url, key, since: floorTo(DAY, START) };
    const exporter = await startExporter(context, world.clock, [account]);
    for (const style of STYLES) {
      advanceToNextDay(world.clock);
      const told = await toldSeconds(simulator, style);
      simulator.fault({ kind: 'throttle', waitSeconds: WAIT_SECONDS, style });
      await exporter.pollAll();
      simulator.fault(undefined);
      const answered = simulator.requests.length;
      await pollSuccessfully(exporter);
      assertPatience(simulator, answered, told * SECOND);
    }
  });
}

test('faults: a provider that hangs before or during its response times out', async (context) => {
  const world = await startFaultScenario(context, 'current', CANARY);
  world.spend();
  const exporter = await startScenarioExporter(context, world, { timeoutMs: 3000 });
  await pollSuccessfully(exporter);
  await strike(world, exporter, { fault: { kind: 'hang' }, reason: 'timeout' });
  await strike(world, exporter, { fault: { kind: 'hang', afterHeaders: true }, reason: 'timeout' });
});

test('faults: totals are exact once an unreachable provider is back', async (context) => {
  const clock = fakeClockAt(START);
  const start = async (port: number) => {
    const now = clock.now();
    clock.set(START + 30 * DAY); // live minutes lie ahead
    const simulator = await startInferenceSh({ clock, genesis: START - 2 * DAY, port });
    clock.set(now);
    return simulator;
  };
  let simulator = await start(0);
  context.after(() => simulator.close());
  const { url, key } = simulator;
  const exporter = await startExporter(context, clock, [{ provider: 'inference_sh', url, key }]);
  const before = await pollSuccessfully(exporter);
  await simulator.close();
  clock.advance(MINUTE);
  await exporter.pollAll();
  const gone = await exporter.fresh();
  assert.deepEqual(ledgerLines(gone), ledgerLines(before));
  assertDown(before, gone, 'inference_sh', 'network');
  simulator = await start(Number(new URL(url).port));
  const back = await pollSuccessfully(exporter);
  assertNoCounterFell(before, back);
  const truth = (range: Range) => simulator.truth(range);
  assertWindows(back, { provider: 'inference_sh' }, clock.now(), truth, ['today']);
});

test('faults: a failing feed does not affect the others of its account', async (context) => {
  const world = await startFaultScenario(context, 'current', CANARY);
  const exporter = await startScenarioExporter(context, world);
  await pollSuccessfully(exporter);
  advanceToNextDay(world.clock);
  world.spend();
  world.simulators.inference_sh.fault({ kind: 'status', status: 503 }, /summary$/);
  await exporter.pollAll();
  const page = await exporter.fresh();
  const ups = samplesOf(page, 'ai_billing_up').filter(({ labels }) => labels.provider === 'inference_sh');
  const down = ups.filter(({ value }) => value === 0).map(({ labels }) => labels.feed);
  assert.deepEqual(down, ['summary']);
  assertExactTotals(page, world);
});

const SPOILED_WALKS: readonly (readonly [SimulatedContract, string, SimulatedFault, FailureReason])[] =
  CONTRACTS.flatMap(
    (contract) =>
      [
        [contract, 'fails', { kind: 'status', status: 500, after: 2 }, 'server'],
        [contract, 'is truncated', { kind: 'truncated', after: 2 }, 'contract'],
        [
          contract,
          'is refused for now',
          { kind: 'throttle', waitSeconds: 5, style: 'none', after: 2 },
          'rate_limited',
        ],
      ] as const,
  );

for (const [contract, what, fault, reason] of SPOILED_WALKS) {
  test(`faults: Venice, ${contract} contract: if the third of many pages ${what}, no page counts`, async (context) => {
    const clock = fakeClockAt(Date.UTC(2026, 10, 10, 4, 30));
    const genesis = Date.UTC(2026, 10, 10);
    const venice = await startVenice({ clock, contract, genesis });
    context.after(() => venice.close());
    clock.set(Date.UTC(2026, 10, 10, 10, 30));
    const { url, key } = venice;
    const exporter = await startExporter(context, clock, [{ provider: 'venice', url, key, since: genesis }]);
    const before = await pollSuccessfully(exporter);
    // Back-dated: the first page of a walk, and none of the newest minutes.
    venice.book({
      at: clock.now() - 5 * HOUR,
      sku: 'm-llm-output-mtoken',
      model: 'm',
      ...charge(ONE, ONE),
      currency: 'USD',
      notes: 'API Inference',
      inferenceDetails: null,
    });
    venice.fault(fault, /usage(-history)?$/);
    await exporter.pollAll();
    venice.fault(undefined);
    const after = await exporter.fresh();
    assert.deepEqual(amounts(after), amounts(before));
    for (const feed of ['usage_recent', 'usage_history']) {
      const labels = { provider: 'venice', account: 'test', feed };
      assert.equal(after.value('ai_billing_up', labels), 0, feed);
      assert.equal(after.value('ai_billing_poll_failures_total', { ...labels, reason }), 1, feed);
    }
    // A poll that has to wait asks the retired endpoint up to the time before: the next one knows the rest.
    await pollSuccessfully(exporter);
    const truth = (range: Range) => venice.truth(range);
    assertWindows(await pollSuccessfully(exporter), { provider: 'venice' }, clock.now(), truth, ['today']);
  });
}

/** All but how far the feeds have read: the shortest of them is a single page. */
function amounts(page: Scrape): string[] {
  return ledgerLines(page).filter(
    (line) => !PROVIDER_FIGURES.has(/^\w+/.exec(line)?.[0] ?? '') && !line.startsWith('ai_billing_data_'),
  );
}

test('faults: Venice: a repeated cursor ends the pagination', async (context) => {
  const world = await startFaultScenario(context, 'current', CANARY);
  world.spend();
  const exporter = await startScenarioExporter(context, world);
  const before = await pollSuccessfully(exporter);
  world.clock.advance(MINUTE);
  world.simulators.venice.fault({ kind: 'repeat_cursor' });
  await exporter.pollAll();
  const after = await exporter.fresh();
  const own = (page: Scrape) => ledgerLines(page).filter((line) => line.includes('"venice"'));
  assert.deepEqual(own(after), own(before));
  const walks = ['usage', 'usage_history', 'usage_recent'];
  const down = samplesOf(after, 'ai_billing_up').filter(({ value }) => value === 0);
  assert.deepEqual(down.map(({ labels }) => labels.feed).sort(), walks);
  assert.equal(failures(after, 'venice', 'contract'), walks.length);
  world.simulators.venice.fault(undefined);
  assertExactTotals(await pollSuccessfully(exporter), world);
});
