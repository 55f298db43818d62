import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { METRICS } from '../../src/core/metrics/catalog.ts';
import { type Fixed, formatDecimal, toNumber } from '../../src/core/values/money.ts';
import { type Range, SECOND } from '../../src/core/values/time.ts';
import { configure, folderOf, LISTENING, PATIENCE_MS, serve, start } from '../support/exporter/process.ts';
import { createDice } from '../support/ledger/property.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import {
  type MatrixSeries,
  type Prometheus,
  promtoolCheckMetrics,
  startPrometheus,
} from '../support/programs/prometheus.ts';
import {
  CORRECTIONS_OF,
  COUNTERS,
  netGrowth,
  samplesOf,
  storedKey,
} from '../support/programs/stored-series.ts';
import {
  type Amounts,
  areFeedsUp,
  type BillingActivity,
  deltaOf,
  LEDGER_COUNTERS,
  startBillingActivity,
} from '../support/providers/billing-activity.ts';

const SCRAPE_MS = 1000;
const ZERO_MS = 3000;
const NEWCOMER = 'brand-new';

realServerTest('Prometheus: stored counters equal the spend', ['prometheus'], async (context) => {
  const spending = await startBillingActivity(createDice());
  context.after(() => spending.close());
  const folder = await folderOf(context);
  const accounts = spending.accounts;
  const schedule = '*/2 * * * * *';
  const options = { accounts, schedule, newSeriesZero: `${ZERO_MS / 1000}s` };
  const file = await configure(folder, options);
  const first = await serve(context, file);
  const listen = new URL(first.url).host;
  const prometheus = await startPrometheus(context, {
    intervalMs: SCRAPE_MS,
    targets: [
      { address: listen, job: 'openmetrics', protocols: ['OpenMetricsText1.0.0'] },
      { address: listen, job: 'text', protocols: ['PrometheusText0.0.4'] },
    ],
  });
  await everyFeedIsUp(prometheus, spending);
  const before = spending.billed();

  await spendFor(8, spending);
  spending.begin(NEWCOMER);
  await spendFor(10, spending);
  // Alone between two polls: what grows in the same poll would hide it.
  await holdsNet(prometheus, deltaOf(before, spending.billed()));
  spending.correct();
  await holdsNet(prometheus, deltaOf(before, spending.billed()));
  await spendFor(6, spending);
  const stopping = Date.now();
  assert.equal((await first.end('SIGTERM')).code, 0);
  const second = await serve(context, await configure(folder, { ...options, listen }));
  const downtime = { start: stopping, end: Date.now() };
  await spendFor(8, spending);
  spending.correct();
  const spent = deltaOf(before, spending.billed());
  await holdsNet(prometheus, spent);

  const history = await samplesOf(prometheus, COUNTERS);
  const raw = history.filter(({ labels }) => labels.job === 'text');
  await context.test('counters less their corrections equal the spend of the period', () => {
    assert.deepEqual(sorted(netGrowth(raw)), sorted(spent));
  });
  await context.test('every provider issued corrections', () => everyProviderCorrects(raw));
  await context.test('increase includes the first dollars of a new series', () => firstDollars(raw, spent));
  await context.test('no counter ever falls', () => neverFalls(history));
  await context.test('Prometheus sees no reset', () => noReset(prometheus));
  await context.test('both formats have the same series', () => bothFormats(prometheus));
  await context.test('every scrape succeeded', () => alwaysUp(prometheus, downtime));
  assert.equal((await second.end('SIGTERM')).code, 0);
});

realServerTest('demo: promtool finds no problem with its metrics', ['promtool'], async (context) => {
  const demo = start(context, ['demo', '--port', '0']);
  const [, url = ''] = await demo.said(LISTENING);
  await waitUntil('the demo has polled', async () => (await fetch(`${url}/-/ready`)).ok);
  const page = await (await fetch(`${url}/metrics`)).text();
  assert.match(page, /^ai_billing_cost_usd_total\{.+\} /m);
  assert.deepEqual(await promtoolCheckMetrics(page), { code: 0, output: '' });
});

/** Seconds of spend, a little every quarter second. */
async function spendFor(seconds: number, spending: BillingActivity): Promise<void> {
  for (let quarter = 0; quarter < seconds * 4; quarter += 1) {
    spending.grow();
    await wait(250);
  }
}

function everyFeedIsUp(prometheus: Prometheus, { accounts }: BillingActivity): Promise<void> {
  return waitUntil('every feed was read once', async () => {
    const up = await prometheus.query(`${METRICS.up.name}{job="text"}`);
    return areFeedsUp(accounts, up);
  });
}

/** Waits until the last scrape has the whole spend; errors are checked later. */
async function holdsNet(prometheus: Prometheus, spent: Amounts): Promise<void> {
  const expected = toNumber([...spent].filter(isCost).reduce((sum, [, value]) => sum + value, 0n));
  const { name } = METRICS.cost;
  const query = `sum by (job) (${name}) - sum by (job) (${CORRECTIONS_OF.get(name)})`;
  await waitUntil('all spend is scraped', async () => {
    const jobs = await prometheus.query(query);
    return jobs.length === 2 && jobs.every(({ value }) => Math.abs(Number(value) - expected) < 1e-9);
  }).catch(() => undefined);
  await wait(2 * SCRAPE_MS);
}

function isCost([key]: readonly [string, Fixed]): boolean {
  return key.startsWith(METRICS.cost.name);
}

function everyProviderCorrects(history: readonly MatrixSeries[]): void {
  const lowered = history
    .filter(({ labels }) => labels.__name__ === CORRECTIONS_OF.get(METRICS.cost.name))
    .filter(({ values }) => Number(values.at(-1)?.value) > 0);
  const providers = new Set(lowered.map(({ labels }) => labels.provider));
  assert.deepEqual(providers, new Set(['baseten', 'venice', 'inference_sh']));
}

function firstDollars(history: readonly MatrixSeries[], spent: Amounts): void {
  const newcomers = history.filter(({ labels }) =>
    [labels.model, labels.resource].some((text) => text?.includes(NEWCOMER)),
  );
  const costs = newcomers.filter(({ labels }) => labels.__name__ === METRICS.cost.name);
  assert.equal(costs.length, 4, 'a deployment, a model of each of two, an app');
  for (const { labels, values } of newcomers) {
    assert.equal(values[0]?.value, '0', `${storedKey(labels)} begins at 0`);
    if (!CORRECTIONS_OF.has(labels.__name__ ?? '')) continue;
    const isSpent = (spent.get(storedKey(labels)) ?? 0n) > 0n;
    // A deployment without surcharges has a series at 0.
    assert.ok(isSpent || labels.component === 'surcharge', storedKey(labels));
    const zeros = values.filter(({ value }) => value === '0').length;
    const isHeld = zeros >= ZERO_MS / SCRAPE_MS - 1 || isInterrupted(history, values[0]?.at ?? 0);
    assert.ok(isHeld, `${storedKey(labels)} was 0 for ${zeros} scrapes`);
  }
}

/** Whether a scrape was missed while a series that begins at `at` was to be held at 0: on a busy machine one may time out. */
function isInterrupted(history: readonly MatrixSeries[], at: number): boolean {
  const longest = history.reduce((a, b) => (b.values.length > a.values.length ? b : a));
  const near = longest.values.map((sample) => sample.at).filter((each) => Math.abs(each - at) <= ZERO_MS);
  return near.some((each, index) => each - (near[index - 1] ?? each) > 1.5 * SCRAPE_MS);
}

function neverFalls(history: readonly MatrixSeries[]): void {
  assert.ok(history.length > 100);
  for (const { labels, values } of history) {
    let last = Number.NEGATIVE_INFINITY;
    for (const { value } of values) {
      assert.ok(Number(value) >= last, `${storedKey(labels)} fell from ${last} to ${value}`);
      last = Number(value);
    }
  }
}

/** One query per name: `resets` drops it. */
async function noReset(prometheus: Prometheus): Promise<void> {
  let series = 0;
  for (const name of LEDGER_COUNTERS) {
    const resets = await prometheus.query(`resets(${name}[10m])`);
    series += resets.length;
    assert.ok(
      resets.every(({ value }) => value === '0'),
      name,
    );
  }
  assert.ok(series > 100);
}

/** Families of the ledger and of feeds: live ones move between two scrapes. */
async function bothFormats(prometheus: Prometheus): Promise<void> {
  const names = Object.values(METRICS)
    .filter(({ source }) => source !== 'exporter')
    .map(({ name }) => name);
  const of = async (job: string) => {
    const series = await prometheus.query(`{__name__=~"${names.join('|')}", job="${job}"}`);
    // Data-through times move with every poll.
    const quiet = series.filter(({ labels }) => labels.__name__ !== METRICS.dataThrough.name);
    return quiet.map(({ labels, value }) => `${storedKey(labels)} ${value}`).sort();
  };
  // A poll may end between the scrapes of the two.
  const deadline = performance.now() + PATIENCE_MS;
  let [open, text] = [await of('openmetrics'), await of('text')];
  while (!isDeepStrictEqual(open, text) && performance.now() < deadline) {
    await wait(SCRAPE_MS);
    [open, text] = [await of('openmetrics'), await of('text')];
  }
  assert.ok(text.length > 100);
  assert.deepEqual(open, text);
}

/** A scrape without a listening process, or whose process was killed, is no failure. One that took as long as it may says how busy the machine was, not what the exporter answered. */
async function alwaysUp(prometheus: Prometheus, downtime: Range): Promise<void> {
  const ups = await samplesOf(prometheus, 'up');
  assert.equal(ups.length, 2);
  const durations = await samplesOf(prometheus, 'scrape_duration_seconds');
  const timedOut = new Set(
    durations.flatMap(({ labels, values }) =>
      values
        .filter(({ value }) => Number(value) * SECOND >= SCRAPE_MS)
        .map(({ at }) => `${labels.job} ${at}`),
    ),
  );
  for (const { labels, values } of ups) {
    const asked = values.filter(({ at }) => at < downtime.start - SCRAPE_MS || at > downtime.end);
    assert.ok(asked.length > 30, `${asked.length} scrapes`);
    const downs = asked.filter(({ at, value }) => value !== '1' && !timedOut.has(`${labels.job} ${at}`));
    assert.deepEqual(downs, [], labels.job);
  }
}

async function waitUntil(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await wait(100);
  }
}

function sorted(amounts: Amounts): string[] {
  return [...amounts].map(([key, value]) => `${key} ${formatDecimal(value)}`).sort();
}
