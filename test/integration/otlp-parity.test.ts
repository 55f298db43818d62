import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { MINUTE } from '../../src/core/values/time.ts';
import { ACTIVITIES, startEveryFamily } from '../support/exporter/families.ts';
import {
  assertSameSeries,
  MANUAL_PUSH,
  startParityCheck,
  startReceivers,
} from '../support/otlp/otlp-parity.ts';
import { type Answer, type Push, startOtlpReceiver } from '../support/otlp/otlp-receiver.ts';
import {
  named,
  type Series,
  seriesOfDifferences,
  seriesOfPage,
  seriesOfPush,
} from '../support/otlp/otlp-series.ts';
import { receiverAt } from '../support/otlp/pushing.ts';
import { realServerTest } from '../support/programs/binaries.ts';

realServerTest(
  'OTLP: receivers and scrapers get the same series and values through faults and restarts',
  ['prometheus', 'victoria-metrics'],
  async (context) => {
    const receivers = await startReceivers(context);
    const world = await startEveryFamily(context, { prometheus: true, receivers: receivers.receivers });
    const compare = await startParityCheck(context, world.exporter, receivers);
    world.clock.advance(MINUTE);
    const seen = new Set<string>();
    for (const happens of ACTIVITIES) {
      await happens(world);
      await world.exporter.pollAll();
      await world.exporter.fresh();
      for (const name of await compare(world.clock.now(), happens.name)) seen.add(name);
    }
    assert.deepEqual(
      catalogue().filter((name) => !seen.has(name)),
      [],
      'every family was compared',
    );
  },
);

test('OTLP: GenAI attributes are added to each series without changing it', async (context) => {
  const { url, pushes } = await startOtlpReceiver(context, { protocol: 'http/json' });
  const receivers = [receiverAt(url, { ...MANUAL_PUSH, protocol: 'http/json' })];
  const { exporter } = await startEveryFamily(context, { genAi: true, receivers });
  await exporter.pollAll();
  const page = await exporter.fresh();
  await exporter.push();
  const counts = new Map<string, number>();
  const plain = pushes.map((push) => ({
    ...push,
    metrics: push.metrics.map((metric) => ({
      ...metric,
      points: metric.points.map((point) => ({
        ...point,
        attributes: withoutGenAi(point.attributes, counts),
      })),
    })),
  }));
  const costs = (series: Series) => named(series, (name) => !/^(process|nodejs|ai_billing_otlp)_/.test(name));
  assertSameSeries(costs(seriesOfPush(plain)), costs(seriesOfPage(page)), 'without them');
  const [providers = 0, models = 0, tokenTypes = 0] = Object.values(GEN_AI).map((name) => counts.get(name));
  assert.ok(providers > models && models > tokenTypes && tokenTypes > 0, JSON.stringify([...counts]));
});

test('OTLP: deltas add up to the totals over restarts, refused pushes and a 200 that is not OTLP', async (context) => {
  const answers: Answer[] = [];
  const answer = () => answers.shift() ?? {};
  const { url, pushes } = await startOtlpReceiver(context, { protocol: 'http/protobuf', answer });
  const receivers = [receiverAt(url, { ...MANUAL_PUSH, temporality: 'delta' })];
  const world = await startEveryFamily(context, { receivers });
  const { exporter } = world;
  const refused: Push[] = [];
  for (const happens of ACTIVITIES) {
    await happens(world);
    await exporter.pollAll();
    const refusal = REFUSALS.get(happens.name);
    if (refusal) {
      const before = pushes.length;
      answers.push(...Array.from({ length: 20 }, () => refusal));
      await exporter.push();
      answers.length = 0;
      refused.push(...pushes.slice(before));
    }
    if (happens.name !== 'spend') await exporter.push();
    if (happens.name === 'revise' || happens.name === 'recover') await exporter.restart();
  }
  const page = await exporter.fresh();
  await exporter.push();
  // Series that were 0 when the receiver was added count as delivered.
  const counted = (series: Series) =>
    new Map([...named(series, (name) => LEDGER_COUNTERS.has(name))].filter(([, total]) => total !== 0));
  const totals = counted(seriesOfPage(page));
  const sums = counted(seriesOfDifferences(pushes.filter((push) => !refused.includes(push))));
  assert.ok(refused.length > 0 && totals.size > 20);
  assertSameSeries(sums, totals, 'sums of differences', { within: 1e-12 });
});

/** The receiver's response to a push after an event. */
const REFUSALS: ReadonlyMap<string, Answer> = new Map([
  ['revise', { status: 400 }],
  ['recover', { headers: { 'content-type': 'text/html' }, body: '<html>sign in</html>' }],
]);

const GEN_AI = {
  provider: 'gen_ai.provider.name',
  model: 'gen_ai.request.model',
  token_type: 'gen_ai.token.type',
} as const;

/** Checks that each is there just where its label is and not empty, and counts it. */
function withoutGenAi(attributes: Push['resource'], counts: Map<string, number>): Push['resource'] {
  const left = { ...attributes };
  for (const [label, name] of Object.entries(GEN_AI)) {
    assert.equal(left[name], attributes[label] || undefined, name);
    if (left[name] !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    delete left[name];
  }
  return left;
}

const LEDGER_COUNTERS: ReadonlySet<string> = new Set(
  Object.values<Metric>(METRICS)
    .filter(({ type, source }) => type === 'counter' && source === 'ledger')
    .flatMap(({ name, corrections }) => (corrections ? [name, corrections.name] : [name])),
);

/** The names of all series that the catalogue brings about. */
function catalogue(): string[] {
  return Object.values<Metric>(METRICS).flatMap(({ name, type, corrections }) => {
    if (type === 'histogram') return ['bucket', 'count', 'sum'].map((part) => `${name}_${part}`);
    return corrections ? [name, corrections.name] : [name];
  });
}
