import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, HOUR, startOfDay } from '../../../src/core/values/time.ts';
import { Amount, ask, NOON, sum } from '../../support/providers/simulated.ts';
import { fakeClockAt } from '../kit/world.ts';
import { TIERS } from './rows.ts';
import { type RunPodOptions, startRunPod } from './server.ts';

const TODAY = startOfDay(NOON);
const DAYS = { start: TODAY - DAY, end: TODAY };
const HOURS = queryOf(DAYS.start, DAYS.end);

function queryOf(start: number, end: number, bucketSize = 'hour'): string {
  const [startTime, endTime] = [start, end].map((at) => new Date(at).toISOString());
  return `?startTime=${startTime}&endTime=${endTime}&bucketSize=${bucketSize}`;
}

/** The documented fields of a record, by product. */
const FIELDS = {
  pods: ['podId', 'gpuAmount', 'cpuAmount', 'diskAmount'],
  serverless: ['serverlessId', 'gpuAmount', 'cpuAmount', 'diskAmount', 'feeAmount'],
  endpoints: [],
  'network-volumes': ['networkVolumeId', 'standardAmount', 'highPerformanceAmount'],
  clusters: ['clusterId', 'gpuAmount', 'diskAmount', 'networkingAmount'],
} as const satisfies Record<keyof typeof TIERS, readonly string[]>;

const Bill = z.object({
  records: z.array(z.looseObject({ startTime: z.string(), endTime: z.string(), totalAmount: Amount })),
  metadata: z.object({
    query: z.strictObject({ startTime: z.string(), endTime: z.string(), bucketSize: z.string() }),
    recordCount: z.int(),
    totals: z.looseObject({ totalAmount: Amount }),
  }),
});

async function started(context: TestContext, options: RunPodOptions = {}) {
  const runPod = await startRunPod({ clock: fakeClockAt(NOON), ...options });
  context.after(() => runPod.close());
  const billOf = async (product: string, query = HOURS) =>
    Bill.parse((await ask(runPod, `/v2/billing/${product}${query}`)).body);
  return { runPod, billOf };
}

test('RunPod simulator: records of each product are the documented ones and add up to the books', async (context) => {
  const { runPod, billOf } = await started(context);
  for (const [product, tier] of Object.entries(TIERS)) {
    const { records, metadata } = await billOf(product);
    const billed = sum(records.map(({ totalAmount }) => totalAmount));
    assert.equal(billed, runPod.truth(DAYS).total('cost', { tier }), product);
    assert.deepEqual([metadata.totals.totalAmount, metadata.recordCount], [billed, records.length]);
    const [record] = records;
    assert.ok(record, product);
    const fields: readonly string[] = FIELDS[product as keyof typeof FIELDS];
    assert.deepEqual(
      Object.keys(record).sort(),
      ['startTime', 'endTime', 'totalAmount', ...fields].sort(),
      product,
    );
    assert.equal(Date.parse(record.endTime) - Date.parse(record.startTime), HOUR);
  }
});

test('RunPod simulator: a range is widened to whole buckets', async (context) => {
  const { billOf } = await started(context);
  const { metadata, records } = await billOf('pods', queryOf(DAYS.start + HOUR, DAYS.start + 90 * 60_000));
  assert.deepEqual(metadata.query, {
    startTime: '2026-11-21T01:00:00Z',
    endTime: '2026-11-21T02:00:00Z',
    bucketSize: 'hour',
  });
  assert.ok(records.length > 0);
  const days = await billOf('pods', queryOf(DAYS.start + HOUR, DAYS.end - HOUR, 'day'));
  assert.equal(days.metadata.query.startTime, '2026-11-21T00:00:00Z');
});

test('RunPod simulator: what is recorded a day late changes an hour that has ended', async (context) => {
  const clock = fakeClockAt(TODAY);
  const { runPod } = await started(context, { clock });
  const early = runPod.truth(DAYS).total('cost');
  clock.set(TODAY + 2 * DAY);
  assert.notEqual(runPod.truth(DAYS).total('cost'), early);
});

test('RunPod simulator: each contract has its draft of the RateLimit header', async (context) => {
  const headersOf = async (contract: 'seed' | 'current') => {
    const { runPod } = await started(context, { contract, generate: false });
    return (await ask(runPod, `/v2/billing/pods${HOURS}`)).headers;
  };
  assert.equal((await headersOf('seed')).get('ratelimit'), 'limit=180, remaining=179, reset=60');
  const current = await headersOf('current');
  assert.equal(current.get('ratelimit'), '"minute";r=179;t=60, "hour";r=5179;t=1812');
  assert.equal(current.get('ratelimit-policy'), '"minute";q=180;w=60, "hour";q=10000;w=3600');
});

test('RunPod simulator: refuses other keys, paths of version 1, other parameters and too many requests', async (context) => {
  const { runPod } = await started(context, { restrictedKey: 'rpa_1', generate: false });
  const statusOf = async (path: string, key = runPod.key) =>
    (await ask(runPod, path, { authorization: `Bearer ${key}` })).status;
  const pods = `/v2/billing/pods${HOURS}`;
  assert.equal(await statusOf(pods, 'rpa_1'), 403);
  assert.equal(await statusOf(pods, 'other'), 401);
  assert.equal(await statusOf(`/v1/billing/pods${HOURS}`), 404);
  assert.equal(await statusOf(`/v2/billing/networkvolumes${HOURS}`), 404);
  assert.equal(await statusOf(`/v2/billing/pods${queryOf(DAYS.end, DAYS.start)}`), 422);
  assert.equal(await statusOf(`/v2/billing/pods${queryOf(DAYS.start, DAYS.end, 'fortnight')}`), 422);
  for (let nth = 5; nth <= 180; nth += 1) assert.equal(await statusOf(pods), 200, `request ${nth}`);
  assert.equal(await statusOf(pods), 429);
});

test('RunPod simulator: a row that is booked by hand is in its record, to the last digit', async (context) => {
  const { runPod, billOf } = await started(context, { generate: false });
  const usd = { gpu: parseDecimal('0.000000001'), disk: parseDecimal('12.5') };
  runPod.book({ at: DAYS.start, product: 'pods', id: 'pod', usd });
  const [record] = (await billOf('pods')).records;
  assert.equal(record?.totalAmount, parseDecimal('12.500000001'));
  assert.equal(record?.podId, 'pod');
});
