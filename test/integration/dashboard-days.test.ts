import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { dashboardFiles } from '../../grafana/src/generate.ts';
import { toNumber } from '../../src/core/values/money.ts';
import {
  DAY,
  HOUR,
  type Instant,
  isoDay,
  MINUTE,
  type Range,
  startOfDay,
} from '../../src/core/values/time.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import { Dashboard, filledIn, type Panel, panelsOf, usesIn } from '../support/deploy/dashboards.ts';
import { type Scrape, scrapeOf } from '../support/exporter/exporter.ts';
import { folderOf } from '../support/exporter/process.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { openHistory } from '../support/programs/history.ts';
import { type Prometheus, startPrometheus } from '../support/programs/prometheus.ts';
import { CORRECTIONS_OF } from '../support/programs/stored-series.ts';
import { type Simulation, startSimulation } from '../support/providers/simulation.ts';

/** A Monday; the fortnight that follows has two quiet weekends and the end of a month. */
const START = Date.UTC(2026, 9, 19);
/** The last day has begun: its bar is what was spent so far. */
const HOURS = 14 * 24 + 15;
const END = START + HOURS * HOUR;
const TODAY = startOfDay(END);
const FIRST_SCRAPES_MS = 5 * MINUTE;
const HALF_CENT = 0.005;

/** The providers of the simulation. */
const SIMULATED = ['baseten', 'venice', 'inference_sh', 'northflank'];

/** Without those of the other providers: they get the generic panels, which the boards of the simulated ones have as well. */
const dashboards = [...dashboardFiles().values()]
  .map((text) => Dashboard.parse(JSON.parse(text)))
  .filter(({ uid }) =>
    PROVIDERS.every(({ id }) => uid !== `ai-billing-${id}` || SIMULATED.some((known) => known === id)),
  );

/** A panel of bars, and what fills it in. */
interface BarPanel {
  readonly panel: Panel;
  readonly dashboard: Dashboard;
}

const BARS: readonly BarPanel[] = dashboards.flatMap((dashboard) =>
  panelsOf(dashboard)
    .filter(({ interval }) => interval !== undefined)
    .map((panel) => ({ panel, dashboard })),
);
const DAYS = BARS.filter(({ panel }) => panel.interval === '1d' && panel.timeFrom === undefined);
const MONTHS = BARS.filter(({ panel }) => panel.timeFrom !== undefined);

function metricsOf({ panel, dashboard }: BarPanel): Set<string> {
  return new Set(
    panel.targets.flatMap(({ expr }) => usesIn(filledIn(expr, dashboard)).map(({ metric }) => metric)),
  );
}

realServerTest(
  'dashboards: every bar of a fortnight stands on its day, to the cent',
  ['prometheus', 'promtool'],
  async (context) => {
    const { simulation, pages, path } = await fortnight(context);
    const prometheus = await startPrometheus(context, { targets: [], history: path });
    const billed = (range: Range, provider: string | undefined) => totalOf(simulation, range, provider);

    await context.test('dashboards: a day is what the provider billed for it, today so far', async () => {
      for (const bars of DAYS) {
        const shown = await barsOf(prometheus, bars);
        const metrics = metricsOf(bars);
        const isCost = metrics.has('ai_billing_cost_yesterday_usd');
        const expected = isCost
          ? billedDays(billed, pages, providerOf(bars.dashboard))
          : countedDays(pages, metrics, providerOf(bars.dashboard));
        assertBars(shown, expected, `${bars.dashboard.title}: ${bars.panel.title}`);
      }
    });

    await context.test('dashboards: a weekend looks like a weekend on its own dates', async () => {
      const shown = await barsOf(prometheus, spendPerDay());
      for (const monday of [START, START + 7 * DAY]) {
        const week = Array.from({ length: 7 }, (_, day) => monday + day * DAY);
        const lowest = week.toSorted((a, b) => (shown.get(a) ?? 0) - (shown.get(b) ?? 0)).slice(0, 2);
        assert.deepEqual(lowest.toSorted(), week.slice(5), isoDay(monday));
      }
    });

    await context.test('dashboards: a bar shows the same date in any time zone', async () => {
      const utc = await barsOf(prometheus, spendPerDay());
      for (const hours of [-11, -8, -3.5, 1, 5.5, 9, 11]) {
        const local = await barsOf(prometheus, spendPerDay(), hours * HOUR);
        assertBars(local, utc, `UTC${hours < 0 ? '' : '+'}${hours}`);
      }
    });

    await context.test(
      'dashboards: a month is what the provider billed for it, this month so far',
      async () => {
        const [october, november] = [Date.UTC(2026, 9, 1), Date.UTC(2026, 10, 1)];
        const soFar = pages.get(END)?.sum('ai_billing_cost_month_to_date_usd') ?? 0;
        for (const bars of MONTHS) {
          const shown = await barsOf(prometheus, bars, 0, october);
          const expected = [
            [october, billed({ start: START, end: november }, undefined)],
            [november, soFar],
          ] as const;
          assertBars(shown, new Map(expected), bars.panel.title);
        }
      },
    );

    await context.test('dashboards: an hour counts what happened in it', async () => {
      const polls = BARS.find(({ panel }) => panel.title === 'Polls per hour');
      assert.ok(polls);
      const shown = await barsOf(prometheus, polls, 0, END - 6 * HOUR, HOUR);
      const at = (instant: Instant) => pages.get(instant)?.sum('ai_billing_polls_total') ?? Number.NaN;
      const expected = Array.from({ length: 6 }, (_, index) => END - (6 - index) * HOUR).map(
        (hour) => [hour, at(hour + HOUR) - at(hour)] as const,
      );
      assertBars(shown, new Map(expected), 'polls');
    });
  },
  900_000,
);

function spendPerDay(): BarPanel {
  const found = DAYS.find(({ panel }) => panel.title === 'Spend per day by provider');
  assert.ok(found);
  return found;
}

/** The simulated fortnight, with refunds and unconverted amounts, and the pages of all polls. */
async function fortnight(context: TestContext) {
  const path = join(await folderOf(context), 'history.om');
  const names = new Set(BARS.flatMap((bars) => [...metricsOf(bars)]));
  const history = openHistory(path, names);
  const simulation = await startSimulation({ after: (end) => context.after(end) }, START);
  const pages = new Map<Instant, Scrape>();
  for (let hour = 0; hour < HOURS; hour++) {
    simulation.now.refund = hour % 31 === 7 ? 0.13 : 0;
    simulation.now.foreign = hour % 24 === 20 ? 2 : 0;
    await simulation.hour();
    const now = simulation.clock.now();
    const [first, rest] = await simulation.exporter.pages();
    history.served(first, now, now + FIRST_SCRAPES_MS);
    history.served(rest, now + FIRST_SCRAPES_MS, Math.min(now + HOUR, END + FIRST_SCRAPES_MS * 2));
    // Only midnights and the last hours are compared.
    if (now === startOfDay(now) || now > END - DAY) pages.set(now, scrapeOf(first, 'text'));
  }
  await history.end();
  return { simulation, pages, path };
}

function totalOf({ simulators }: Simulation, range: Range, provider: string | undefined): number {
  const asked = Object.entries(simulators).filter(([id]) => provider === undefined || id === provider);
  const dollars = asked.map(([, each]) => each.truth(range).total('cost', { detail: 'USD' }));
  return toNumber(dollars.reduce((sum, each) => sum + each, 0n));
}

function providerOf({ uid }: Dashboard): string | undefined {
  const id = uid.replace('ai-billing-', '');
  return SIMULATED.includes(id) ? id : undefined;
}

function matching(provider: string | undefined) {
  return provider === undefined ? {} : { provider };
}

type Pages = ReadonlyMap<Instant, Scrape>;

function billedDays(
  billed: (range: Range, provider: string | undefined) => number,
  pages: Pages,
  provider: string | undefined,
): Map<Instant, number> {
  const days = new Map<Instant, number>();
  for (let day = START; day < TODAY; day += DAY)
    days.set(day, billed({ start: day, end: day + DAY }, provider));
  const soFar = pages.get(END)?.sum('ai_billing_cost_today_usd', matching(provider)) ?? 0;
  return days.set(TODAY, soFar);
}

/** By how much counters grew from page to page: net of corrections, or the corrections alone. */
function countedDays(
  pages: Pages,
  metrics: ReadonlySet<string>,
  provider: string | undefined,
): Map<Instant, number> {
  const counters = [...CORRECTIONS_OF].filter(([, twin]) => metrics.has(twin));
  const drift = metrics.has('ai_billing_contract_drift_total') ? ['ai_billing_contract_drift_total'] : [];
  const at = (instant: Instant) => {
    const sum = (name: string) => pages.get(instant)?.sum(name, matching(provider)) ?? Number.NaN;
    const net = counters.map(([name, twin]) => (metrics.has(name) ? sum(name) - sum(twin) : sum(twin)));
    return [...net, ...drift.map(sum)].reduce((total, each) => total + each, 0);
  };
  const days = new Map<Instant, number>();
  // The first poll of the fortnight is the baseline, at an hour for which there is no page.
  for (let day = START + DAY; day <= TODAY; day += DAY) days.set(day, at(Math.min(day + DAY, END)) - at(day));
  return days;
}

/** The sum of the series of a panel by date, as Grafana asks in a time zone: at midnights of that zone. */
async function barsOf(
  prometheus: Prometheus,
  { panel, dashboard }: BarPanel,
  zoneMs = 0,
  from: Instant = START - DAY,
  stepMs = DAY,
): Promise<Map<Instant, number>> {
  const days = new Map<Instant, number>();
  const end = stepMs < DAY ? END - stepMs : startOfDay(END + zoneMs) - zoneMs;
  const range = { start: from - zoneMs, end, stepMs };
  for (const { expr } of panel.targets)
    for (const { values } of await prometheus.queryRange(filledIn(expr, dashboard), range))
      for (const { at, value } of values) days.set(at + zoneMs, (days.get(at + zoneMs) ?? 0) + Number(value));
  return days;
}

function assertBars(
  shown: ReadonlyMap<Instant, number>,
  expected: ReadonlyMap<Instant, number>,
  what: string,
): void {
  for (const [day, value] of expected) {
    const bar = shown.get(day) ?? 0;
    assert.ok(Math.abs(bar - value) < HALF_CENT, `${what}: ${isoDay(day)} shows ${bar} instead of ${value}`);
  }
  for (const [day, value] of shown)
    assert.ok(expected.has(day) || value === 0 || day === START, `${what}: ${isoDay(day)} shows ${value}`);
}
