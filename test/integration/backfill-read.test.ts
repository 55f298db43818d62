import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { estimateRequests } from '../../src/backfill/dry-run.ts';
import { DAY, type Instant, isoDay } from '../../src/core/values/time.ts';
import { startAnthropic } from '../simulators/anthropic/server.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import { startInferenceSh } from '../simulators/inference-sh/server.ts';
import type { Simulator } from '../simulators/kit/service.ts';
import { fakeClockAt, type SimulatorOptions } from '../simulators/kit/world.ts';
import { startNorthflank } from '../simulators/northflank/server.ts';
import { startOpenAi } from '../simulators/openai/server.ts';
import { startOpenRouter } from '../simulators/openrouter/server.ts';
import { startRunPod } from '../simulators/runpod/server.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { accountAt, historyReader } from '../support/providers/backfill.ts';
import { NOON } from '../support/providers/simulated.ts';

const TODAY = NOON - (NOON % DAY);
const FOUR_MONTHS_AGO = Date.UTC(2026, 6, 20);

interface ReadCase {
  readonly id: string;
  readonly start: (options: SimulatorOptions) => Promise<Simulator<never>>;
  readonly from: Instant;
  /** The first day that the provider tells. */
  readonly told?: Instant;
}

const CASES: readonly ReadCase[] = [
  { id: 'baseten', start: startBaseten, from: FOUR_MONTHS_AGO },
  { id: 'baseten', start: startBaseten, from: Date.UTC(2025, 11, 1), told: Date.UTC(2026, 0, 1) },
  { id: 'venice', start: startVenice, from: FOUR_MONTHS_AGO },
  { id: 'inference_sh', start: startInferenceSh, from: FOUR_MONTHS_AGO, told: Date.UTC(2026, 7, 25) },
  { id: 'northflank', start: startNorthflank, from: TODAY - 10 * DAY },
  { id: 'openai', start: startOpenAi, from: FOUR_MONTHS_AGO },
  { id: 'anthropic', start: startAnthropic, from: FOUR_MONTHS_AGO },
  { id: 'openrouter', start: startOpenRouter, from: FOUR_MONTHS_AGO, told: TODAY - 30 * DAY },
  { id: 'runpod', start: startRunPod, from: FOUR_MONTHS_AGO },
];

async function scene(context: TestContext, { id, start, from }: ReadCase) {
  const clock = fakeClockAt(NOON);
  const simulator = await start({ clock, genesis: from });
  context.after(() => simulator.close());
  const account = accountAt(id, simulator);
  return { clock, simulator, account, reader: historyReader(context, clock, [account]) };
}

for (const each of CASES) {
  const { id, from, told = from } = each;
  test(`backfill reads all that ${id} tells from ${isoDay(from)} on, within what a dry run says, and nothing twice`, async (context) => {
    const { simulator, account, reader } = await scene(context, each);
    const estimates = estimateRequests(account, { from, end: () => TODAY }, NOON);
    assert.equal(simulator.requests.length, 0);
    const unread = await reader.read(from, TODAY);
    assert.deepEqual(
      unread.map(({ provider, start, end, why }) => [provider, start, end, why]),
      told > from ? [[id, from, told, 'the provider does not go back that far']] : [],
    );
    const range = { start: told, end: TODAY };
    const cost = reader.ledger.netCost(reader.ledger.accountId(id, 'test') ?? 0, range)?.usd;
    assert.equal(cost, simulator.truth(range).total('cost'));
    const sent = simulator.requests.length;
    const least = estimates.reduce((sum, estimate) => sum + estimate.least, 0);
    assert.ok(sent >= least, `${sent} requests, at least ${least}`);
    const mosts = estimates.map(({ most = Number.POSITIVE_INFINITY }) => most);
    const most = mosts.reduce((sum, count) => sum + count, 0);
    assert.ok(sent <= most, `${sent} requests, at most ${most}`);
    if (told === from) {
      await reader.read(from, TODAY);
      assert.equal(simulator.requests.length, sent);
    }
  });
}

/** The longest run of requests that any hour held. */
function mostInAnHour(requests: readonly { readonly at: Instant }[]): number {
  return Math.max(
    ...requests.map(({ at }) => requests.filter((each) => each.at >= at && each.at < at + DAY / 24).length),
  );
}

test('backfill leaves half of the requests of Northflank to a running exporter', async (context) => {
  const northflank = CASES.find(({ id }) => id === 'northflank');
  assert.ok(northflank);
  const { simulator, reader } = await scene(context, northflank);
  await reader.read(northflank.from, TODAY);
  // The last hour that is read may take a few more.
  assert.ok(mostInAnHour(simulator.requests) < 520);
  assert.match(reader.log(), /waiting for the request limit/);
});
