import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SIMULATED_IDS } from '../simulators/all.ts';
import type { Exporter } from '../support/exporter/exporter.ts';
import { assertNoCounterFell, assertOnlyReads } from '../support/exposition/expected.ts';
import { HARMFUL, HARMLESS, type RawResponder, startFaultProxy } from '../support/providers/fault-proxy.ts';
import {
  advanceToNextDay,
  affectedLines,
  assertDown,
  assertExactTotals,
  assertUp,
  pollSuccessfully,
  startFaultScenario,
  startScenarioExporter,
  type World,
} from '../support/providers/fault-scenarios.ts';

const KEY = 'the-key-of-the-network';
/** Where responses do not end; long enough for a valid one on a busy machine. */
const TIMEOUT_MS = 3000;

interface Scene {
  readonly world: World;
  readonly exporter: Exporter;
  /** Damages all responses except those to the steady account. */
  spoil(wire?: RawResponder): void;
}

/** Each provider behind its own proxy, and one more account without one. */
async function startScene(context: TestContext, timeoutMs?: number): Promise<Scene> {
  const world = await startFaultScenario(context, 'current', KEY);
  const proxies = await Promise.all(
    SIMULATED_IDS.map(async (provider) => {
      const proxy = await startFaultProxy(context, world.simulators[provider].url);
      return [provider, proxy] as const;
    }),
  );
  const through = Object.fromEntries(proxies.map(([provider, { url }]) => [provider, url]));
  const exporter = await startScenarioExporter(context, world, {
    ...(timeoutMs && { timeoutMs }),
    through: (provider) => through[provider] ?? '',
  });
  return {
    world,
    exporter,
    spoil: (wire) => {
      for (const [, proxy] of proxies) proxy.spoil(wire);
    },
  };
}

test('network: slow or fragmented responses are no failure, and totals are exact', async (context) => {
  const { world, exporter, spoil } = await startScene(context);
  let before = await pollSuccessfully(exporter);
  for (const [name, wire] of Object.entries(HARMLESS)) {
    await context.test(name, async () => {
      advanceToNextDay(world.clock);
      world.spend();
      spoil(wire);
      const after = await pollSuccessfully(exporter);
      assertNoCounterFell(before, after);
      assertExactTotals(after, world);
      before = after;
    });
  }
});

for (const [reason, wires] of Object.entries(HARMFUL)) {
  test(`network: damaged responses fail as ${reason} for every provider, and no part of them counts`, async (context) => {
    const { world, exporter, spoil } = await startScene(
      context,
      reason === 'timeout' ? TIMEOUT_MS : undefined,
    );
    await pollSuccessfully(exporter);
    for (const [name, wire] of Object.entries(wires)) {
      await context.test(name, async () => {
        advanceToNextDay(world.clock);
        const before = await exporter.fresh();
        world.spend();
        spoil(wire);
        await exporter.pollAll();
        const after = await exporter.fresh();
        assert.deepEqual(affectedLines(after), affectedLines(before));
        for (const provider of SIMULATED_IDS) assertDown(before, after, provider, reasonOf(reason));
        assertUp(after, 'baseten', 'steady');
        spoil();
        const healed = await pollSuccessfully(exporter);
        assertNoCounterFell(before, healed);
        assertExactTotals(healed, world);
      });
    }
    for (const provider of SIMULATED_IDS) assertOnlyReads(world.simulators[provider].requests);
    assert.ok(!exporter.log().includes(KEY));
  });
}

function reasonOf(text: string): 'network' | 'timeout' | 'contract' {
  if (text === 'network' || text === 'timeout' || text === 'contract') return text;
  throw new Error(text);
}
