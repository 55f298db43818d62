import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { fromInteger, ONE, toNumber } from '../../src/core/values/money.ts';
import { DAY, floorTo, HOUR, type Instant, MINUTE, type Range, SECOND } from '../../src/core/values/time.ts';
import type { SimulatedFault } from '../simulators/kit/faults.ts';
import type { Simulator } from '../simulators/kit/service.ts';
import { type FakeClock, fakeClockAt, type SimulatedContract } from '../simulators/kit/world.ts';
import type { NorthflankRow } from '../simulators/northflank/rows.ts';
import { type NorthflankOptions, startNorthflank } from '../simulators/northflank/server.ts';
import { type Exporter, type Polled, type Scrape, startExporter } from '../support/exporter/exporter.ts';
import { assertOnlyReads, assertWindows, samplesOf } from '../support/exposition/expected.ts';

const CONTRACTS: readonly SimulatedContract[] = ['seed', 'current'];
const TIERS = { seed: ['paas', 'byoc'], current: ['paas', 'byoc', 'egress_ip', 'load_balancer'] } as const;
/** Three days into December, twenty minutes past: the hour before is due. */
const NOW = Date.UTC(2026, 11, 3, 4, 20);
const NOVEMBER = Date.UTC(2026, 10, 1);
const DECEMBER = Date.UTC(2026, 11, 1);
const PATHS = {
  usage_list: /\/billing\/usage$/,
  invoices: /\/invoices$/,
  balance: /\/credit-balance$/,
} as const;

interface Situation extends NorthflankOptions {
  readonly since: Instant;
  /** The account's own keys. */
  readonly config?: unknown;
}

interface World {
  readonly clock: FakeClock;
  readonly northflank: Simulator<NorthflankRow>;
  readonly exporter: Exporter;
}

async function start(context: TestContext, { since, config, ...options }: Situation): Promise<World> {
  const clock = fakeClockAt(NOW);
  const northflank = await startNorthflank({ clock, ...options });
  context.after(() => northflank.close());
  const { url, key } = northflank;
  const exporter = await startExporter(context, clock, [{ provider: 'northflank', url, key, since, config }]);
  return { clock, northflank, exporter };
}

/** Polls twice: what the list and the invoices are compared with is read by the first. */
async function pollTwice({ exporter, clock }: World): Promise<Scrape> {
  await exporter.pollAll();
  clock.advance(10 * MINUTE);
  await exporter.pollAll();
  return exporter.fresh();
}

function endingsOf(polled: readonly Polled[]): Record<string, string> {
  return Object.fromEntries(polled.map(({ feed, outcome }) => [feed, outcome.kind]));
}

function sampleOf(page: Scrape, name: string, labels: Record<string, string>): number | undefined {
  return page.value(name, { provider: 'northflank', account: 'test', ...labels });
}

function differenceOf(page: Scrape, feed: string): number | undefined {
  return sampleOf(page, 'ai_billing_reconciliation_difference_usd', { feed });
}

const Status = z.object({
  accounts: z.array(
    z.object({
      feeds: z.array(
        z.object({ name: z.string(), notes: z.array(z.object({ topic: z.string(), text: z.string() })) }),
      ),
    }),
  ),
});

/** The notes of a feed in the status. */
async function notesOf({ url }: Exporter, feed: string): Promise<Record<string, string>> {
  const { accounts } = Status.parse(await (await fetch(`${url}/api/v1/status`)).json());
  const notes = accounts.flatMap(({ feeds }) => feeds.find(({ name }) => name === feed)?.notes ?? []);
  return Object.fromEntries(notes.map(({ topic, text }) => [topic, text]));
}

function assertExactTotals(page: Scrape, { clock, northflank }: World): void {
  // The open hour and one that is not due are in no window yet.
  const due = floorTo(HOUR, clock.now() - 15 * MINUTE);
  const truthOf = ({ start, end }: Range) => northflank.truth({ start, end: Math.min(end, due) });
  assertWindows(page, { provider: 'northflank' }, clock.now(), truthOf, ['today', 'month_to_date']);
}

const asked = ({ requests }: World['northflank'], path: RegExp) =>
  requests.filter((each) => path.test(each.path));
const HOUR_PATH = /\/usage\/\d+$/;

for (const contract of CONTRACTS) {
  test(`northflank, ${contract} contract: usage list totals are exact and agree with the hourly usage`, async (context) => {
    const world = await start(context, { since: DECEMBER, contract, genesis: DECEMBER - DAY });
    const page = await pollTwice(world);
    for (const tier of TIERS[contract]) {
      const truth = world.northflank
        .truth({ start: DECEMBER, end: floorTo(HOUR, NOW) })
        .total('cost', { tier });
      assert.ok(truth > 0n);
      assert.equal(sampleOf(page, 'ai_billing_month_gross_usd', { tier }), toNumber(truth), tier);
    }
    assertExactTotals(page, world);
    assert.equal(differenceOf(page, 'usage_list'), 0);
    assert.match(world.exporter.log(), /poll succeeded/);
    assertOnlyReads(world.northflank.requests);
  });

  test(`northflank, ${contract} contract: a usage list that disagrees with the hours reports the difference`, async (context) => {
    const world = await start(context, { since: DECEMBER, contract, genesis: DECEMBER - DAY });
    world.northflank.fault(
      { kind: 'edit', edit: (body) => raised(body, DECEMBER + 5 * HOUR) },
      PATHS.usage_list,
    );
    const page = await pollTwice(world);
    assert.equal(differenceOf(page, 'usage_list'), 0.5);
    assertExactTotals(page, world);
  });
}

for (const contract of CONTRACTS) {
  test(`northflank, ${contract} contract: a team's usage list without customer costs agrees with its hours`, async (context) => {
    const config = { teamId: 'core', customerCosts: false };
    const world = await start(context, { since: DECEMBER, contract, genesis: DECEMBER - DAY, config });
    const page = await pollTwice(world);
    const gross = samplesOf(page, 'ai_billing_month_gross_usd');
    assert.deepEqual(
      gross.map(({ labels }) => labels.tier),
      ['paas'],
    );
    assert.equal(gross[0]?.value, page.sum('ai_billing_cost_month_to_date_usd'));
    assert.equal(differenceOf(page, 'usage_list'), 0);
  });
}

/** A page of the list, in which one hour costs half a dollar more. */
function raised(body: string, hour: Instant): string {
  const page = Listed.parse(JSON.parse(body));
  for (const entry of page.data.usage.filter(({ timestamp }) => timestamp * SECOND === hour)) {
    if (entry.paasUsage) entry.paasUsage.price.total += 50;
    if (entry.paas) entry.paas.price.total += 0.5;
    if (entry.total !== undefined) entry.total += 0.5;
  }
  return JSON.stringify(page);
}

const priced = z.looseObject({ price: z.looseObject({ total: z.number() }) }).optional();
const Listed = z.looseObject({
  data: z.object({
    usage: z.array(
      z.looseObject({ timestamp: z.number(), total: z.number().optional(), paas: priced, paasUsage: priced }),
    ),
  }),
});

/** A service that runs in the given hours, at a dollar and a few cents an hour. */
function runs({ northflank }: Pick<World, 'northflank'>, hours: readonly Instant[]): void {
  for (const [index, at] of hours.entries()) {
    const price = { total: ONE + fromInteger(BigInt(index), -3) };
    northflank.book({
      scope: 'paas',
      at,
      team: 'core',
      project: 'api',
      resourceType: 'service',
      resource: 'web',
      price,
    });
  }
}

function hoursOf({ start, end }: Range, isRunning: (hourOfDay: number) => boolean): Instant[] {
  const all = Array.from({ length: (end - start) / HOUR }, (_, index) => start + index * HOUR);
  return all.filter((at) => isRunning((at / HOUR) % 24));
}

for (const contract of CONTRACTS) {
  test(`northflank, ${contract} contract: history skips hours that the usage list shows idle, with the same totals`, async (context) => {
    const firstRead = async (fault: SimulatedFault | undefined) => {
      const since = DECEMBER - 4 * DAY;
      const world = await start(context, { since, contract, generate: false, genesis: since });
      runs(
        world,
        hoursOf({ start: since, end: NOW - 20 * MINUTE }, (hour) => hour >= 8 && hour < 18),
      );
      world.northflank.fault(fault, PATHS.usage_list);
      assertExactTotals(await pollTwice(world), world);
      return asked(world.northflank, HOUR_PATH).length;
    };
    const [without, having] = [await firstRead({ kind: 'status', status: 403 }), await firstRead(undefined)];
    // Six nights of fourteen hours, of which one is of the hours that usage reads; some go out before the list is there.
    assert.ok(without - having >= 60 && without - having <= 84, `${without}, then ${having}`);
  });

  test(`northflank, ${contract} contract: an invoice for a finished month agrees with the ledger`, async (context) => {
    const world = await start(context, { since: NOVEMBER, contract, generate: false, genesis: NOVEMBER });
    runs(
      world,
      hoursOf({ start: NOVEMBER + 3 * DAY, end: NOVEMBER + 6 * DAY }, (hour) => hour > 20),
    );
    await pollTwice(world);
    world.clock.advance(10 * MINUTE);
    await world.exporter.pollAll();
    assert.ok(world.northflank.truth({ start: NOVEMBER, end: DECEMBER }).total('cost') > 9n * ONE);
    assert.equal(differenceOf(await world.exporter.fresh(), 'invoices'), 0);
    // An hour that is no longer read: the next invoice differs from the ledger.
    runs(world, [NOVEMBER + 12 * HOUR]);
    await world.exporter.pollAll();
    assert.equal(differenceOf(await world.exporter.fresh(), 'invoices'), 1);
  });
}

test('northflank: an invoice cut mid-day by a threshold is reported, and not reconciled', async (context) => {
  const cut = DECEMBER + 13 * HOUR + 20 * MINUTE;
  const invoicing = { cuts: [cut], isNewestOpen: true };
  const world = await start(context, {
    since: DECEMBER,
    generate: false,
    genesis: DECEMBER - DAY,
    invoicing,
  });
  const page = await pollTwice(world);
  assert.equal(differenceOf(page, 'invoices'), undefined);
  assert.deepEqual(await notesOf(world.exporter, 'invoices'), {
    'newest invoice': 'NF-2026-12-01 2026-12-01T00:00:00Z to 2026-12-01T13:19:59Z, 0 USD, not paid',
    'newest invoice not compared': 'its period does not begin and end at midnight UTC',
  });
  assert.match(world.exporter.log(), /"topic":"newest invoice".*not paid/);
});

test('northflank: the credit balance falls with spend; the seed contract has none', async (context) => {
  const credit = { granted: 100n * ONE, pending: 5n * ONE };
  const situation = { since: floorTo(DAY, NOW), generate: false, credit };
  const balanceOf = (page: Scrape) => sampleOf(page, 'ai_billing_balance_usd', { currency: 'USD' });
  const world = await start(context, situation);
  await world.exporter.pollAll();
  assert.equal(balanceOf(await world.exporter.fresh()), 100);
  runs(world, [NOW - 2 * HOUR]);
  await world.exporter.pollAll();
  assert.equal(balanceOf(await world.exporter.fresh()), 99);
  assert.deepEqual(await notesOf(world.exporter, 'balance'), { 'pending credit': '5 USD' });

  const legacy = await start(context, { ...situation, contract: 'seed' });
  assert.equal(endingsOf(await legacy.exporter.pollAll()).balance, 'unavailable');
  const page = await legacy.exporter.fresh();
  assert.equal(balanceOf(page), undefined);
  assert.equal(sampleOf(page, 'ai_billing_up', { feed: 'balance' }), undefined);
});

const REFUSED = [401, 402, 403, 404, 410];
const FAILED: Readonly<Record<string, SimulatedFault>> = {
  'status 500': { kind: 'status', status: 500 },
  'status 429': { kind: 'throttle', waitSeconds: 5, style: 'reset' },
  HTML: { kind: 'html' },
  'an empty body': { kind: 'empty' },
  null: { kind: 'edit', edit: () => 'null' },
  'no data': { kind: 'edit', edit: () => '{"data":null}' },
};
const WELL = {
  usage: 'succeeded',
  usage_list: 'succeeded',
  usage_history: 'succeeded',
  invoices: 'succeeded',
  balance: 'succeeded',
};
const HEALING_MS = HOUR + MINUTE;

/** Every hour of the world that is due has a dollar and more. */
async function startBusy(context: TestContext): Promise<World> {
  const since = floorTo(DAY, NOW);
  const world = await start(context, { since, generate: false, genesis: since });
  runs(
    world,
    hoursOf({ start: since, end: since + DAY }, () => true),
  );
  assert.deepEqual(endingsOf(await world.exporter.pollAll()), WELL);
  return world;
}

/** The account's hours are read and exact, regardless of the other feeds. */
async function assertUsageWell(world: World, polled: readonly Polled[], what: string): Promise<Scrape> {
  const { usage, usage_history } = endingsOf(polled);
  assert.deepEqual([usage, usage_history], ['succeeded', 'succeeded'], what);
  const page = await world.exporter.fresh();
  assertExactTotals(page, world);
  return page;
}

test('northflank: a refused feed is switched off, does not affect the others, and comes back', async (context) => {
  const world = await startBusy(context);
  for (const [feed, path] of Object.entries(PATHS)) {
    for (const status of REFUSED) {
      world.clock.advance(HEALING_MS);
      world.northflank.fault({ kind: 'status', status }, path);
      const polled = await world.exporter.pollAll();
      assert.deepEqual(endingsOf(polled), { ...WELL, [feed]: 'unavailable' }, `${feed} ${status}`);
      const page = await assertUsageWell(world, polled, `${feed} ${status}`);
      assert.equal(sampleOf(page, 'ai_billing_up', { feed }), undefined);
      world.northflank.fault(undefined);
    }
  }
  world.clock.advance(HEALING_MS);
  assert.deepEqual(endingsOf(await world.exporter.pollAll()), WELL);
});

for (const [name, fault] of Object.entries(FAILED)) {
  test(`northflank: hourly usage is read while the other feeds get ${name}`, async (context) => {
    const world = await startBusy(context);
    for (const [feed, path] of Object.entries(PATHS)) {
      world.clock.advance(HEALING_MS);
      world.northflank.fault(fault, path);
      const polled = await world.exporter.pollAll();
      assert.equal(endingsOf(polled)[feed], 'failed', feed);
      await assertUsageWell(world, polled, feed);
      world.northflank.fault(undefined);
    }
    world.clock.advance(HEALING_MS);
    assert.deepEqual(endingsOf(await world.exporter.pollAll()), WELL);
  });
}

test('northflank: the other feeds make one request per poll for usage list, invoices and balance', async (context) => {
  const world = await startBusy(context);
  const before = Object.values(PATHS).map((path) => asked(world.northflank, path).length);
  for (let poll = 0; poll < 5; poll += 1) {
    world.clock.advance(HOUR);
    if (poll === 2) await world.exporter.restart();
    await world.exporter.pollAll();
  }
  const after = Object.values(PATHS).map((path) => asked(world.northflank, path).length);
  assert.deepEqual(
    after.map((count, index) => count - (before[index] ?? 0)),
    [5, 5, 5],
  );
});

test('northflank: the last 200 requests of the hour are reserved for hourly usage', async (context) => {
  const since = floorTo(DAY, NOW);
  const world = await start(context, { since, generate: false, genesis: since, perHour: 200 });
  await world.exporter.pollAll();
  const before = world.northflank.requests.length;
  const postponed = { usage_list: 'postponed', invoices: 'postponed', balance: 'postponed' };
  assert.deepEqual(endingsOf(await world.exporter.pollAll()), { ...WELL, ...postponed });
  assert.equal(world.northflank.requests.length, before);
});

test('northflank: a 500 at the drill-down of one hour is reported despite the 404 of another', async (context) => {
  const world = await start(context, { since: DECEMBER, contract: 'current', genesis: DECEMBER - DAY });
  const [newest, older] = [floorTo(HOUR, NOW) - HOUR, floorTo(HOUR, NOW) - 2 * HOUR];
  const pathOf = (hour: Instant) => new RegExp(`/billing/usage/${hour / SECOND}$`);
  world.northflank.fault({ kind: 'status', status: 404 }, pathOf(newest));
  world.northflank.fault({ kind: 'status', status: 500, after: 1 }, pathOf(older));
  const polled = await world.exporter.pollAll();
  const usage = polled.find(({ feed }) => feed === 'usage')?.outcome;
  assert.equal(usage?.kind === 'failed' && usage.reason, 'server');
  const page = await world.exporter.scrape();
  const failures = (reason: string) =>
    sampleOf(page, 'ai_billing_poll_failures_total', { feed: 'usage', reason });
  assert.deepEqual([failures('server'), failures('contract')], [1, 0]);

  const status: unknown = await (await fetch(`${world.exporter.url}/api/v1/status`)).json();
  const { accounts } = NotifiedAlert.parse(status);
  const { reason, message, ranges } =
    accounts[0]?.feeds.find(({ name }) => name === 'usage')?.lastError ?? {};
  assert.equal(reason, 'server');
  assert.match(message ?? '', /answered 500/);
  assert.deepEqual(
    ranges?.map((range) => [Date.parse(range.start), range.reason]),
    [
      [newest, 'contract'],
      [older, 'server'],
    ],
  );
  const first = await (await fetch(world.exporter.url)).text();
  assert.match(first, /<strong class="failing">contract<\/strong> the hour was not found/);
});

const NotifiedAlert = z.object({
  accounts: z.array(
    z.object({
      feeds: z.array(
        z.object({
          name: z.string(),
          lastError: z
            .object({
              reason: z.string(),
              message: z.string(),
              ranges: z.array(z.object({ start: z.string(), reason: z.string() })),
            })
            .nullable(),
        }),
      ),
    }),
  ),
});
