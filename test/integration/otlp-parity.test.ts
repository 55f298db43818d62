import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { METRICS, type Metric } from '../../src/core/metrics.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { realServerTest } from '../support/binaries.ts';
import type { Exporter } from '../support/exporter.ts';
import { HAPPENINGS, startEveryFamily } from '../support/families.ts';
import { type Answer, type OtlpReceiver, type Push, startOtlpReceiver } from '../support/otlp-receiver.ts';
import {
  differences,
  named,
  namesIn,
  type Series,
  seriesOfDifferences,
  seriesOfPage,
  seriesOfPush,
  seriesOfStored,
  seriesOfVector,
} from '../support/otlp-series.ts';
import { startPrometheus } from '../support/prometheus.ts';
import { receiverAt } from '../support/pushing.ts';
import { startVictoriaMetrics, type VictoriaMetrics } from '../support/victoria-metrics.ts';

/** Nobody is pushed to but when the test says so. */
const RARELY = { intervalMs: 24 * HOUR };

/** Figures of the process: they move between two looks, and so do their label sets. */
const PROCESS = /^(process|nodejs)_/;
/** Not always there: no value while nothing was measured since the last look, and none is sent of what is no number. */
const AT_TIMES = /^nodejs_(active_requests|eventloop_lag_(mean|stddev)_seconds)$/;
/** Figures of the very pushes that are compared. */
const MOVING = /^ai_billing_otlp_/;
/** VictoriaMetrics keeps some twelve digits. */
const ROUNDED = { within: 1e-11, moving: MOVING };

realServerTest(
  'who is pushed to holds every series that who scrapes holds, with the same value, whatever happens',
  ['prometheus', 'victoria-metrics'],
  async (context) => {
    const backend = await startVictoriaMetrics(context);
    const json = await startOtlpReceiver(context, { protocol: 'http/json' });
    const grpc = await startOtlpReceiver(context, { protocol: 'grpc' });
    const { exporter, ...world } = await startEveryFamily(context, {
      prometheus: true,
      receivers: [
        receiverAt(backend.otlpUrl, { ...RARELY, name: 'backend', compression: 'gzip' }),
        receiverAt(json.url, { ...RARELY, name: 'json', protocol: 'http/json' }),
        receiverAt(grpc.url, { ...RARELY, name: 'grpc', protocol: 'grpc' }),
      ],
    });
    const scrape = await scraperOf(context, exporter);
    await exporter.push(); // what is told of pushes is there from the first one on
    world.dial.advance(MINUTE);
    const seen = new Set<string>();
    for (const happens of HAPPENINGS) {
      await happens({ ...world, exporter });
      await exporter.pollAll();
      await exporter.fresh();
      const pushed = await pushesOf(exporter, { json, grpc });
      const { page, otelPage } = await scrape();
      for (const name of namesIn(page)) seen.add(name);
      assertSame(otelPage, page, `/otel/metrics: ${happens.name}`);
      for (const [protocol, series] of pushed) assertSame(series, page, `${protocol}: ${happens.name}`);
      const stored = await storedAt(backend, world.dial.now(), page);
      assertSame(stored, page, `protobuf: ${happens.name}`, ROUNDED);
    }
    assert.deepEqual(
      catalogue().filter((name) => !seen.has(name)),
      [],
      'every family was compared',
    );
  },
);

test('with GenAI attributes each series is the same one, and says besides what the conventions call it', async (context) => {
  const { url, pushes } = await startOtlpReceiver(context, { protocol: 'http/json' });
  const receivers = [receiverAt(url, { ...RARELY, protocol: 'http/json' })];
  const { exporter } = await startEveryFamily(context, { genAi: true, receivers });
  await exporter.pollAll();
  const page = await exporter.fresh();
  await exporter.push();
  const told = new Map<string, number>();
  const plain = pushes.map((push) => ({
    ...push,
    metrics: push.metrics.map((metric) => ({
      ...metric,
      points: metric.points.map((point) => ({ ...point, attributes: withoutGenAi(point.attributes, told) })),
    })),
  }));
  const own = (series: Series) => named(series, (name) => !PROCESS.test(name) && !MOVING.test(name));
  assertSame(own(seriesOfPush(plain)), own(seriesOfPage(page)), 'without them');
  const [providers = 0, models = 0, tokenTypes = 0] = Object.values(GEN_AI).map((name) => told.get(name));
  assert.ok(providers > models && models > tokenTypes && tokenTypes > 0, JSON.stringify([...told]));
});

test('differences add up to the totals, over restarts and over a push that was refused', async (context) => {
  const answers: Answer[] = [];
  const answer = () => answers.shift() ?? {};
  const { url, pushes } = await startOtlpReceiver(context, { protocol: 'http/protobuf', answer });
  const receivers = [receiverAt(url, { ...RARELY, temporality: 'delta' })];
  const world = await startEveryFamily(context, { receivers });
  const { exporter } = world;
  const refused: Push[] = [];
  for (const happens of HAPPENINGS) {
    await happens(world);
    await exporter.pollAll();
    if (happens.name === 'revise') {
      const before = pushes.length;
      answers.push(...Array.from({ length: 20 }, () => ({ status: 400 })));
      await exporter.push();
      answers.length = 0;
      refused.push(...pushes.slice(before));
    }
    if (happens.name !== 'spend') await exporter.push();
    if (happens.name === 'revise' || happens.name === 'recover') await exporter.restart();
  }
  const page = await exporter.fresh();
  await exporter.push();
  // What stood at 0 when the receiver came is as good as told.
  const counted = (series: Series) =>
    new Map([...named(series, (name) => LEDGER_COUNTERS.has(name))].filter(([, total]) => total !== 0));
  const totals = counted(seriesOfPage(page));
  const sums = counted(seriesOfDifferences(pushes.filter((push) => !refused.includes(push))));
  assert.ok(refused.length > 0 && totals.size > 20);
  assertSame(sums, totals, 'sums of differences', { within: 1e-12, moving: MOVING });
});

const GEN_AI = {
  provider: 'gen_ai.provider.name',
  model: 'gen_ai.request.model',
  token_type: 'gen_ai.token.type',
} as const;

/** Checks that each is there just where its label is and not empty, and counts it. */
function withoutGenAi(attributes: Push['resource'], told: Map<string, number>): Push['resource'] {
  const left = { ...attributes };
  for (const [label, name] of Object.entries(GEN_AI)) {
    assert.equal(left[name], attributes[label] || undefined, name);
    if (left[name] !== undefined) told.set(name, (told.get(name) ?? 0) + 1);
    delete left[name];
  }
  return left;
}

const LEDGER_COUNTERS: ReadonlySet<string> = new Set(
  Object.values<Metric>(METRICS)
    .filter(({ type, source }) => type === 'counter' && source === 'ledger')
    .flatMap(({ name, twin }) => (twin ? [name, twin.name] : [name])),
);

/** The names of all series that the catalogue brings about. */
function catalogue(): string[] {
  return Object.values<Metric>(METRICS).flatMap(({ name, type, twin }) => {
    if (type === 'histogram') return ['bucket', 'count', 'sum'].map((part) => `${name}_${part}`);
    return twin ? [name, twin.name] : [name];
  });
}

/** What each of the receivers is told by one push. */
async function pushesOf(
  exporter: Exporter,
  receivers: Readonly<Record<string, OtlpReceiver>>,
): Promise<[name: string, series: Series][]> {
  const before = Object.entries(receivers).map(
    ([name, { pushes }]) => [name, pushes, pushes.length] as const,
  );
  await exporter.push();
  return before.map(([name, pushes, length]) => [name, seriesOfPush(pushes.slice(length))]);
}

/** A real Prometheus that scrapes both pages. */
async function scraperOf(context: TestContext, { url }: Exporter) {
  const address = new URL(url).host;
  // In OpenMetrics the whole edges of histograms are 1.0, over OTLP they are 1.
  const protocols = ['PrometheusText0.0.4'] as const;
  const prometheus = await startPrometheus(context, {
    targets: [
      { address, job: 'page', protocols },
      { address, job: 'otel', protocols, path: '/otel/metrics' },
    ],
  });
  const held = async (job: string) => seriesOfVector(await prometheus.query(`{job="${job}"}`));
  return async () => {
    const deadline = performance.now() + 10_000;
    for (;;) {
      for (const { health, lastError } of await prometheus.scraped()) assert.equal(health, 'up', lastError);
      const [page, otelPage] = [await held('page'), await held('otel')];
      // A page that is rendered in the background may be one snapshot behind.
      if (namesakes(otelPage, page).length === 0 || performance.now() > deadline) return { page, otelPage };
    }
  };
}

/** What the database holds of one instant, once that is all of what is expected, or whatever it holds in the end. */
async function storedAt(backend: VictoriaMetrics, instant: number, expected: Series): Promise<Series> {
  const stored = await backend.exported(
    (all) =>
      namesakes(seriesOfStored(all.filter(({ at }) => at === instant)), expected, ROUNDED).length === 0,
  );
  return seriesOfStored(stored.filter(({ at }) => at === instant));
}

function assertSame(
  actual: Series,
  expected: Series,
  what: string,
  options = { within: 0, moving: MOVING },
): void {
  const found = namesakes(actual, expected, options);
  assert.deepEqual(found.slice(0, 20), [], `${what}: ${found.length} of ${expected.size} series`);
}

/** Differences; of process metrics only names that one of both lacks. */
function namesakes(actual: Series, expected: Series, options = { within: 0, moving: MOVING }): string[] {
  const isProcess = (name: string) => PROCESS.test(name);
  const namesOf = (series: Series) =>
    namesIn(named(series, (name) => isProcess(name) && !AT_TIMES.test(name)));
  const others = (series: Series) => named(series, (name) => !isProcess(name));
  const found = differences(others(actual), others(expected), options);
  const [ours, theirs] = [namesOf(actual), namesOf(expected)];
  const missing = theirs.filter((name) => !ours.includes(name)).map((name) => `missing: ${name}`);
  const extra = ours.filter((name) => !theirs.includes(name)).map((name) => `too much: ${name}`);
  return [...found, ...missing, ...extra];
}
