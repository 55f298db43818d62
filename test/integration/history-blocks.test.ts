import assert from 'node:assert/strict';
import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LedgerState } from '../../src/core/ledger/state.ts';
import { Ledger } from '../../src/core/ledger.ts';
import { addTo } from '../../src/core/values/maps.ts';
import {
  type Fixed,
  formatDecimal,
  magnitude,
  ONE,
  parseDecimal,
  toNumber,
} from '../../src/core/values/money.ts';
import {
  bucketsIn,
  DAY,
  floorTo,
  HOUR,
  type Instant,
  isoDay,
  MINUTE,
  type Range,
  startOfDay,
} from '../../src/core/values/time.ts';
import { settingsOf } from '../../src/poll/open-account.ts';
import { DEFAULT_RATES } from '../../src/providers/index.ts';
import { historyText } from '../../src/sinks/prometheus/history-text.ts';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import { startInferenceSh } from '../simulators/inference-sh/server.ts';
import { fakeClockAt } from '../simulators/kit/world.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { type ExporterAccount, startExporter } from '../support/exporter/exporter.ts';
import { folderOf, type Scope } from '../support/exporter/process.ts';
import { pollSuccessfully } from '../support/exporter/walk.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { openHistory } from '../support/programs/history.ts';
import { type Prometheus, startPrometheus } from '../support/programs/prometheus.ts';
import { samplesIn } from '../support/programs/stored-series.ts';
import { providerById } from '../support/providers/provider-by-id.ts';

const FROM = Date.UTC(2026, 6, 1);
/** Of inference.sh, no more than 90 days can be read. */
const FIRST_RUN = Date.UTC(2026, 7, 20);
/** As far back as the exporter reads. */
const OCTOBER = Date.UTC(2026, 9);
/** It starts in the middle of a day. */
const START = Date.UTC(2026, 9, 30, 13, 20);
const NOW = Date.UTC(2026, 10, 2);
const EXTERNAL = [
  ['job', 'ai-billing'],
  ['instance', 'exporter:9464'],
] as const;
const COST = 'ai_billing_cost_usd_total';
const CORRECTIONS = 'ai_billing_cost_corrections_usd_total';
const WINDOWS = [
  ['1h', HOUR],
  ['1d', DAY],
  ['30d', 30 * DAY],
] as const;
const PROVIDERS = ['baseten', 'inference_sh', 'venice'] as const;

type World = Awaited<ReturnType<typeof startWorld>>;

/** Three providers: one bills by the day, one by the minute, and one tells days, hours and minutes of the same. */
async function startWorld(context: TestContext) {
  const clock = fakeClockAt(START);
  const [baseten, inference_sh, venice] = await Promise.all([
    startBaseten({ clock, genesis: FROM }),
    startInferenceSh({ clock, genesis: FIRST_RUN }),
    startVenice({ clock, generate: false }),
  ]);
  context.after(() => Promise.all([baseten.close(), inference_sh.close(), venice.close()]));
  const usd = parseDecimal('0.000123456789');
  for (const at of bucketsIn(7 * HOUR, { start: FROM, end: NOW }))
    venice.book({
      ...{ at: at + 7 * MINUTE, sku: 'a-llm-output-mtoken', currency: 'USD', model: 'a' },
      ...{ units: usd, pricePerUnitUsd: ONE, amount: -usd, notes: 'API Inference', inferenceDetails: null },
    });
  return { clock, simulators: { baseten, inference_sh, venice } };
}

function accountsOf({ simulators }: World, since: Instant): ExporterAccount[] {
  return PROVIDERS.map((provider) => {
    const { url, key } = simulators[provider];
    return { provider, url, key, since };
  });
}

/** What was billed for a range, by provider and resource. */
type Billed = ReadonlyMap<string, Fixed>;

function billedIn({ simulators }: World, range: Range): Billed {
  const billed = new Map<string, Fixed>();
  for (const provider of PROVIDERS)
    for (const { measure, resource, value } of simulators[provider].truth(range).entries)
      if (measure === 'cost' && value !== 0n) addTo(billed, `${provider} ${resource}`, value);
  return billed;
}

/** Polls every hour until {@link NOW}, and stores what Prometheus would have scraped. */
async function runExporter(context: TestContext, world: World, folder: string): Promise<string> {
  const { clock } = world;
  const scope = ownScope();
  const path = join(folder, 'scrapes.om');
  const scrapes = openHistory(path, new Set([COST, CORRECTIONS]));
  const ledger = join(folder, 'exporter.db');
  context.after(() => scope.end());
  const exporter = await startExporter(scope, clock, accountsOf(world, OCTOBER), { ledger });
  for (let next = START; next <= NOW; next = floorTo(HOUR, next) + HOUR) {
    clock.set(next);
    await pollSuccessfully(exporter);
    const [first, rest] = await exporter.pages();
    scrapes.served(first, next + MINUTE, next + 2 * MINUTE);
    scrapes.served(rest, next + 5 * MINUTE, Math.min(floorTo(HOUR, next) + HOUR, NOW + 10 * MINUTE));
  }
  await scrapes.end();
  await scope.end();
  return path;
}

/** Reads everything from {@link FROM} on into a ledger of its own, with the series of the exporter's. */
async function readHistory(world: World, folder: string): Promise<string> {
  const ledger = join(folder, 'work.db');
  const exporter = openLedger(join(folder, 'exporter.db'));
  const work = openLedger(ledger);
  work.adoptLabelSets(exporter.labelSets());
  work.close();
  const scope = ownScope();
  const reading = await startExporter(scope, world.clock, accountsOf(world, FROM), { ledger });
  await pollSuccessfully(reading);
  await scope.end();
  const path = join(folder, 'history.om');
  const told = openLedger(ledger);
  const accounts = PROVIDERS.map((id) => {
    const provider = providerById(id);
    assert.ok(provider);
    const account = { provider, name: 'test', since: FROM, config: provider.config.parse({}) };
    const settings = settingsOf(account, { maxSeries: 10_000, rates: DEFAULT_RATES });
    const streams = settings.streams.map(({ name }) => name);
    return { id: told.openAccount(settings, NOW), provider: id, account: 'test', streams };
  });
  const history = told.history({ accounts, from: FROM, to: NOW, baselines: exporter.baselines() });
  const part = { start: FROM, end: NOW };
  const costs = history.families.filter(({ metric }) => metric.name === COST || metric.name === CORRECTIONS);
  await writeFile(path, linesOf(historyText({ families: costs }, { part, labels: EXTERNAL })));
  told.close();
  exporter.close();
  return path;
}

/** Without the end: scrapes follow. */
function* linesOf(chunks: Iterable<string | undefined>): Generator<string> {
  for (const chunk of chunks) if (chunk !== undefined) yield chunk.replace('# EOF\n', '');
}

/** What the exporter has read of the days from a month on, by provider and resource. */
function readFrom(start: Instant, folder: string): Billed {
  const store = sqliteStore(openDatabase(join(folder, 'exporter.db')));
  const state = new LedgerState(store);
  const read = new Map<string, Fixed>();
  for (const day of bucketsIn(DAY, { start, end: NOW }))
    for (const [id, value] of state.periodTotals('day', day)) {
      const row = state.series.get(id);
      const account = state.accounts.get(state.streams.get(row?.stream ?? 0)?.account ?? 0);
      addTo(read, `${account?.provider} ${row?.resource}`, value);
    }
  store.close();
  return read;
}

function openLedger(path: string): Ledger {
  return new Ledger(sqliteStore(openDatabase(path)));
}

/** A scope that ends before its test. */
function ownScope(): Scope & { end(): Promise<void> } {
  const ends: (() => unknown)[] = [];
  return {
    after: (end) => void ends.push(end),
    async end() {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}

/** Counters less corrections at an instant, by provider and resource. */
async function storedAt(prometheus: Prometheus, at: Instant): Promise<Billed> {
  const stored = new Map<string, Fixed>();
  for (const { labels, value } of await prometheus.query(`{__name__=~"${COST}|${CORRECTIONS}"}`, at)) {
    const amount = parseDecimal(value);
    const key = `${labels.provider} ${labels.resource ?? ''}`;
    addTo(stored, key, labels.__name__ === COST ? amount : -amount);
  }
  return stored;
}

/** To the last digit that a double shows of some thousand dollars. */
const SLACK = parseDecimal('0.000000001');

function assertSame(actual: Billed, expected: Billed, what: string): void {
  for (const key of new Set([...actual.keys(), ...expected.keys()])) {
    const [is, should] = [actual.get(key) ?? 0n, expected.get(key) ?? 0n];
    assert.ok(
      magnitude(is - should) <= SLACK,
      `${what}: ${key} is ${formatDecimal(is)}, not ${formatDecimal(should)}`,
    );
  }
}

function growth(before: Billed, after: Billed): Billed {
  const grown = new Map(after);
  for (const [key, value] of before) addTo(grown, key, -value);
  return grown;
}

function sum(billed: Billed): number {
  return toNumber([...billed.values()].reduce((total, value) => total + value, 0n));
}

realServerTest(
  'history: Prometheus has what was billed, day by day, and no spike where the scrapes begin',
  ['prometheus', 'promtool'],
  async (context) => {
    const folder = await folderOf(context);
    const world = await startWorld(context);
    const today = startOfDay(START);
    const atStart = new Map(daysUntil(today).map((day) => [day, billedIn(world, dayOf(day))]));
    const scrapes = await runExporter(context, world, folder);
    const history = await readHistory(world, folder);
    const all = join(folder, 'all.om');
    await copyFile(history, all);
    await appendFile(all, await readFile(scrapes));
    const prometheus = await startPrometheus(context, { targets: [], history: all });

    await context.test('each day of four months is what the provider billed for it', async () => {
      let before = await storedAt(prometheus, FROM);
      assert.equal(sum(before), 0);
      for (const day of daysUntil(today)) {
        const after = await storedAt(prometheus, day + DAY);
        // What the exporter has read, it counts from there on.
        const isRead = day >= OCTOBER;
        const expected = (isRead ? atStart.get(day) : undefined) ?? billedIn(world, dayOf(day));
        assertSame(growth(before, after), expected, isoDay(day));
        before = after;
      }
    });

    await context.test(
      'history and scrapes are together what was billed, as far as it was read',
      async () => {
        const expected = new Map(billedIn(world, { start: FROM, end: OCTOBER }));
        for (const [key, value] of readFrom(OCTOBER, folder)) addTo(expected, key, value);
        const together = new Map(await storedAt(prometheus, START + MINUTE / 2));
        for (const [key, value] of await storedAt(prometheus, NOW + 6 * MINUTE)) addTo(together, key, value);
        assertSame(together, expected, 'in all');
      },
    );

    await context.test('increase over the join has no spike and equals what was billed', async () => {
      for (const [window] of WINDOWS)
        for (const after of [-5, 1, 5, 65, 1500])
          await assertIncrease(prometheus, window, START + after * MINUTE);
      // A day of Baseten is told at its end, or where the counters begin.
      const hourly = { provider: 'inference_sh', end: floorTo(HOUR, START) + HOUR };
      await assertBilled(context, prometheus, world, { window: '1h', ms: HOUR, ...hourly });
      await assertBilled(context, prometheus, world, { window: '1d', ms: DAY, end: today + DAY });
      await assertBilled(context, prometheus, world, { window: '30d', ms: 30 * DAY, end: NOW });
    });
  },
);

interface BilledWindow {
  readonly window: string;
  readonly ms: number;
  readonly end: Instant;
  readonly provider?: string;
}

/** What was billed in a window that ends when its last amounts have been scraped, less what was revised of earlier ones. */
async function assertBilled(
  context: TestContext,
  prometheus: Prometheus,
  world: World,
  { window, ms, end, provider = '' }: BilledWindow,
): Promise<void> {
  const selected = `{provider=~"${provider}.*"}[${window}]`;
  const net = `sum(increase(${COST}${selected})) - sum(increase(${CORRECTIONS}${selected}))`;
  const [answer] = await prometheus.query(net, end + 6 * MINUTE);
  const billed = billedIn(world, { start: end - ms, end });
  const expected = sum(new Map([...billed].filter(([key]) => key.startsWith(provider))));
  const is = Number(answer?.value);
  const what = `${window}: ${is}, billed ${expected}`;
  context.diagnostic(what);
  assert.ok(Math.abs(is - expected) <= expected * (0.01 + EDGES_MS / ms), what);
}

/** How far `increase` extrapolates, at both edges together: by at most 1.1 times the mean time between two samples at each. */
const EDGES_MS = 2 * 1.1 * 5 * MINUTE;

/** What the stored samples of a window grew by is what `increase` says. */
async function assertIncrease(prometheus: Prometheus, window: string, at: Instant): Promise<void> {
  for (const name of [COST, CORRECTIONS]) {
    const grown = new Map<string, readonly [least: number, most: number]>();
    for (const { labels, values } of await samplesIn(prometheus, `${name}[${window}]`, at)) {
      const between = (values.at(-1)?.at ?? 0) - (values[0]?.at ?? 0);
      const raw = growthOf(values.map(({ value }) => Number(value)));
      grown.set(keyOf(labels), [raw, raw * (1 + EDGES_MS / Math.max(between, 1))]);
    }
    const increases = await prometheus.query(`increase(${name}[${window}])`, at);
    assert.ok(increases.length > 20, `${name} at ${new Date(at).toISOString()}`);
    for (const { labels, value } of increases) {
      const [least, most] = grown.get(keyOf(labels)) ?? [Number.NaN, Number.NaN];
      const what = `increase over ${window} of ${keyOf(labels)} at ${new Date(at).toISOString()}`;
      assert.ok(
        Number(value) >= least - 1e-9 && Number(value) <= most + 1e-9,
        `${what}: ${value}, from ${least}`,
      );
    }
  }
}

function keyOf({ provider, resource, model, tier }: Readonly<Record<string, string>>): string {
  return [provider, resource, model, tier].join(' ');
}

/** A counter that fell has begun again at 0. */
function growthOf(values: readonly number[]): number {
  return values.reduce((sum, value, index) => {
    const before = values[index - 1] ?? value;
    return sum + (value < before ? value : value - before);
  }, 0);
}

function dayOf(start: Instant): Range {
  return { start, end: start + DAY };
}

function daysUntil(end: Instant): Instant[] {
  return bucketsIn(DAY, { start: FROM, end });
}
