import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { z } from 'zod';
import { ONE, parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, HOUR } from '../../../src/core/values/time.ts';
import { Amount, ask, NOON, sum } from '../../support/providers/simulated.ts';
import type { Simulator } from '../kit/service.ts';
import { fakeClockAt } from '../kit/world.ts';
import type { NorthflankRow } from './rows.ts';
import { type NorthflankOptions, startNorthflank } from './server.ts';

// The seed's schema, without anything it does not name; the current one differs in its keys and its unit.
const part = Amount.optional();
const Price = z.strictObject({ total: Amount, cpu: part, memory: part, storage: part, gpu: part });
const Byoc = z.strictObject({ total: Amount, vcpu: part, memory: part, gpuMemory: part, cluster: part });
const named = { id: z.string(), name: z.string(), price: Price };
const Type = z.strictObject({
  resourceType: z.string(),
  price: Price,
  resources: z.array(z.strictObject(named)).optional(),
});
const Project = z.strictObject({ ...named, resourceTypes: z.array(Type).optional() });
const Team = z.strictObject({ ...named, projects: z.array(Project).optional() });
const Legacy = z.strictObject({
  data: z.strictObject({
    timestamp: z.int(),
    paasUsage: z.strictObject({ price: Price, teams: z.array(Team) }),
    byocUsage: z.strictObject({ price: Byoc }),
  }),
});
const flat = z.strictObject({ price: z.strictObject({ total: Amount }) }).optional();
const Current = z.strictObject({
  data: z.strictObject({
    timestamp: z.int(),
    currency: z.literal('usd'),
    total: Amount,
    paas: z.strictObject({
      price: Price,
      usage: z.strictObject({}),
      teams: z.array(Team).optional(),
      projects: z.array(Project).optional(),
    }),
    byoc: z.strictObject({ price: Byoc }).optional(),
    egressIp: flat,
    loadBalancer: flat,
  }),
});

const HOUR_START = NOON - (NOON % HOUR) - 2 * HOUR;
const RANGE = { start: HOUR_START, end: HOUR_START + HOUR };
const PATH = `/v1/billing/usage/${HOUR_START / 1000}`;

let simulator: Simulator<NorthflankRow> | undefined;
afterEach(() => simulator?.close());

async function start(options: NorthflankOptions = {}): Promise<Simulator<NorthflankRow>> {
  simulator = await startNorthflank({ clock: fakeClockAt(NOON), contract: 'seed', ...options });
  return simulator;
}

async function legacy(northflank: Simulator<NorthflankRow>, query = '', path = PATH) {
  return Legacy.parse((await ask(northflank, `${path}${query}`)).body).data;
}

async function current(northflank: Simulator<NorthflankRow>, query = '', path = PATH) {
  return Current.parse((await ask(northflank, `${path}${query}`)).body).data;
}

test('northflank simulator: the seed contract bills an hour in fractional cents, with exact totals', async () => {
  const northflank = await start();
  const { timestamp, paasUsage, byocUsage } = await legacy(northflank);
  assert.equal(timestamp, HOUR_START / 1000);
  const truth = northflank.truth(RANGE);
  assert.equal(paasUsage.price.total, truth.total('cost', { tier: 'paas' }) * 100n);
  assert.equal(byocUsage.price.total, truth.total('cost', { tier: 'byoc' }) * 100n);
  assert.equal(paasUsage.price.total + byocUsage.price.total, truth.total('cost') * 100n);
  assert.equal(paasUsage.price.cpu, truth.total('component_cost', { tier: 'paas', detail: 'cpu' }) * 100n);
  assert.notEqual(paasUsage.price.total % ONE, 0n);
  assert.equal(sum(paasUsage.teams.map(({ price }) => price.total)), paasUsage.price.total);
  assert.ok(paasUsage.teams.every(({ projects }) => projects === undefined));
});

test('northflank simulator: filters set the drill-down depth, and filtered prices shrink', async () => {
  const northflank = await start();
  const byocOf = async (query: string) => (await legacy(northflank, query)).byocUsage.price.total;
  const whole = await legacy(northflank);
  const core = (await legacy(northflank, '?teamId=core')).paasUsage.teams[0];
  assert.equal(core?.price.total, whole.paasUsage.teams.find(({ id }) => id === 'core')?.price.total);
  assert.ok(core?.projects?.every(({ resourceTypes }) => resourceTypes === undefined));

  const api = (await legacy(northflank, '?projectId=api')).paasUsage;
  assert.deepEqual(
    api.teams.map(({ id }) => id),
    ['core'],
  );
  assert.ok((api.teams[0]?.price.total ?? 0n) < (core?.price.total ?? 0n));
  const resources = api.teams[0]?.projects?.[0]?.resourceTypes?.flatMap((type) => type.resources ?? []) ?? [];
  assert.equal(sum(resources.map(({ price }) => price.total)), api.price.total);

  const byType = (await legacy(northflank, '?resourceType=service')).paasUsage;
  assert.equal(byType.teams.length, 2);
  assert.ok(byType.teams.every(({ projects }) => projects === undefined));
  const ofTeam = (await legacy(northflank, '?teamId=core&resourceType=job')).paasUsage;
  const job = ofTeam.teams[0]?.projects?.[0]?.resourceTypes?.[0];
  assert.deepEqual([job?.resourceType, job?.resources?.[0]?.id], ['job', 'nightly']);
  assert.equal(
    job?.resources?.[0]?.price.total,
    northflank.truth(RANGE).total('cost', { resource: 'core/batch/nightly' }) * 100n,
  );

  for (const query of ['?teamId=core', '?projectId=api', '?resourceType=job']) {
    assert.equal(await byocOf(query), whole.byocUsage.price.total);
  }
});

test('northflank simulator: a single team shows its projects without a filter', async () => {
  const northflank = await start({ generate: false });
  const price = { total: ONE };
  northflank.book({
    scope: 'paas',
    at: HOUR_START,
    team: 't',
    project: 'p',
    resourceType: 'job',
    resource: 'r',
    price,
  });
  const { teams } = (await legacy(northflank)).paasUsage;
  assert.deepEqual(
    teams[0]?.projects?.map(({ id, resourceTypes }) => [id, resourceTypes]),
    [['p', undefined]],
  );
});

test('northflank simulator: the current contract bills an hour in whole units; customer costs show only without a filter', async () => {
  const northflank = await start({ contract: 'current', teamKey: { key: 'demo-team', team: 'core' } });
  const whole = await current(northflank);
  const truth = northflank.truth(RANGE);
  assert.equal(whole.total, truth.total('cost'));
  assert.equal(whole.paas.price.total, truth.total('cost', { tier: 'paas' }));
  assert.equal(whole.byoc?.price.total, truth.total('cost', { tier: 'byoc' }));
  assert.equal(whole.egressIp?.price.total, truth.total('cost', { tier: 'egress_ip' }));
  assert.equal(whole.loadBalancer?.price.total, truth.total('cost', { tier: 'load_balancer' }));

  const teamForm = PATH.replace('/v1/', '/v1/teams/core/');
  for (const narrow of [
    await current(northflank, '?projectId=api'),
    await current(northflank, '', teamForm),
  ]) {
    assert.deepEqual([narrow.byoc, narrow.egressIp, narrow.loadBalancer], [undefined, undefined, undefined]);
    assert.equal(narrow.total, narrow.paas.price.total);
  }
  assert.ok((await current(northflank, '?teamId=core')).byoc);
  const listed = await current(
    northflank,
    '?teamId=core&resourceType=job,service&resourcesPerPage=1&resourcesPage=2',
  );
  const types = listed.paas.teams?.[0]?.projects?.flatMap(({ resourceTypes }) => resourceTypes ?? []) ?? [];
  assert.ok(types.every(({ resources }) => (resources?.length ?? 0) <= 1));

  const own = { authorization: 'Bearer demo-team' };
  const single = Current.parse((await ask(northflank, PATH, own)).body).data;
  assert.equal(single.paas.teams, undefined);
  assert.deepEqual(
    single.paas.projects?.map(({ id }) => id),
    ['api', 'batch'],
  );
  assert.equal((await ask(northflank, `${PATH}?teamId=core`, own)).status, 403);
  assert.equal((await ask(northflank, teamForm.replace('core', 'research'), own)).status, 403);
});

test('northflank simulator: an account on the seed contract may request the current one', async () => {
  const northflank = await start();
  const cents = await legacy(northflank);
  const units = await current(northflank, '?removeLegacyFields=true');
  assert.equal(units.paas.price.total * 100n, cents.paasUsage.price.total);
});

test('northflank simulator: rejects invalid requests', async () => {
  const northflank = await start({ powerlessKey: 'demo-powerless' });
  const statusOf = async (path: string, headers = {}) => (await ask(northflank, path, headers)).status;
  const at = (seconds: number | string) => `/v1/billing/usage/${seconds}`;
  assert.equal(await statusOf(at(HOUR_START / 1000 + 215)), 400);
  assert.equal(await statusOf(at(HOUR_START)), 400);
  assert.equal(await statusOf(at('2026-11-22')), 400);
  assert.equal(await statusOf(at((HOUR_START + 3 * HOUR) / 1000)), 404);
  assert.equal(await statusOf(`${PATH}?resourceType=job,service`), 400);
  assert.equal(await statusOf(`${PATH}?resourceType=cronjob`), 400);
  assert.equal(await statusOf('/v1/billing'), 404);
  assert.equal(await statusOf(PATH, { authorization: '' }), 401);
  assert.equal(await statusOf(PATH, { authorization: 'Bearer wrong' }), 401);
  assert.equal(await statusOf(PATH, { authorization: 'Bearer demo-powerless' }), 403);
  const Failure = z.strictObject({
    error: z.strictObject({
      status: z.int(),
      message: z.string(),
      id: z.string(),
      details: z.record(z.string(), z.array(z.string())),
    }),
  });
  assert.equal(Failure.parse((await ask(northflank, at(1))).body).error.status, 400);
});

test('northflank simulator: allows a thousand requests per hour, in a window that the first one opens', async () => {
  const clock = fakeClockAt(NOON);
  const northflank = await start({ clock, generate: false, perHour: 3 });
  const seen = async () => {
    const { status, headers } = await ask(northflank, PATH);
    const [left, reset] = ['remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}`));
    return [status, headers.get('x-ratelimit-limit'), left, reset];
  };
  assert.deepEqual(await seen(), [200, '3', '2', '3600']);
  clock.advance(600_000);
  assert.deepEqual(await seen(), [200, '3', '1', '3000']);
  assert.deepEqual(await seen(), [200, '3', '0', '3000']);
  assert.deepEqual(await seen(), [429, '3', '0', '3000']);
  clock.advance(3_000_000);
  assert.deepEqual(await seen(), [200, '3', '2', '3600']);
  await northflank.close();
  assert.deepEqual(
    (await ask(await start({ generate: false }), PATH)).headers.get('x-ratelimit-limit'),
    '1000',
  );
});

test('northflank simulator: an hour is restated slightly over the following day, then final', async () => {
  const clock = fakeClockAt(NOON);
  const northflank = await start({ clock });
  const seen = Array.from({ length: 30 }, () => {
    clock.advance(HOUR);
    return northflank.truth(RANGE).total('cost');
  });
  assert.ok(new Set(seen).size >= 3);
  assert.equal(new Set(seen.slice(-6)).size, 1);
  const [first = 0n] = seen;
  const drift = (seen.at(-1) ?? 0n) - first;
  assert.ok(drift * 50n < first && -drift * 50n < first);
});

test('northflank simulator: the usage list goes back hour by hour and agrees with single hours', async () => {
  const northflank = await start({ contract: 'current' });
  const Listed = z.strictObject({
    data: z.strictObject({ usage: z.array(z.object({ timestamp: z.int(), total: Amount })) }),
    pagination: z.strictObject({ hasNextPage: z.boolean(), cursor: z.string().optional(), count: z.int() }),
  });
  const filters = `startTime=${(HOUR_START - DAY) / 1000}&endTime=${(HOUR_START + HOUR) / 1000}&perPage=10`;
  const entries = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const suffix: string = cursor && `&cursor=${cursor}`;
    const page = Listed.parse((await ask(northflank, `/v1/billing/usage?${filters}${suffix}`)).body);
    assert.equal(page.pagination.count, page.data.usage.length);
    entries.push(...page.data.usage);
    cursor = page.pagination.hasNextPage ? page.pagination.cursor : undefined;
  }
  assert.equal(entries.length, 25);
  assert.equal(entries[0]?.timestamp, HOUR_START / 1000);
  assert.equal(entries[0]?.total, (await current(northflank)).total);
  const range = { start: HOUR_START - DAY, end: HOUR_START + HOUR };
  assert.equal(sum(entries.map(({ total }) => total)), northflank.truth(range).total('cost'));
  assert.equal((await ask(northflank, '/v1/billing/usage?perPage=101')).status, 400);
  assert.equal((await ask(northflank, '/v1/billing/usage?endTime=1')).status, 400);
});

test('northflank simulator: cents keep their fractions', async () => {
  const northflank = await start({ generate: false });
  const price = { total: parseDecimal('0.000003700001') };
  northflank.book({ scope: 'paas', at: HOUR_START, team: 't', price });
  assert.match((await ask(northflank, PATH)).text, /"total":0\.0003700001/);
});

test('northflank simulator: the usage list has hours only; days and months are rejected', async () => {
  const northflank = await start({ contract: 'current' });
  assert.equal((await ask(northflank, '/v1/billing/usage?granularity=hour')).status, 200);
  assert.equal((await ask(northflank, '/v1/billing/usage?granularity=day')).status, 400);
});

const Category = z.strictObject({ price: z.looseObject({ total: Amount }) }).optional();
const Invoices = z.strictObject({
  data: z.strictObject({
    invoices: z.array(
      z.strictObject({
        id: z.string(),
        period: z.strictObject({ start: z.int(), end: z.int() }),
        currency: z.literal('usd'),
        total: Amount,
        subTotal: Amount,
        paid: z.boolean(),
        paas: Category,
        byoc: Category,
        egressIp: Category,
        loadBalancer: Category,
        paasUsage: Category,
        byocUsage: Category,
      }),
    ),
  }),
  pagination: z.strictObject({ hasNextPage: z.boolean(), cursor: z.string().optional(), count: z.int() }),
});

async function invoicesOf(northflank: Simulator<NorthflankRow>, query = '', scope = '') {
  return Invoices.parse((await ask(northflank, `/v1${scope}/billing/invoices${query}`)).body);
}

const SEPTEMBER = { start: Date.UTC(2026, 8, 1), end: Date.UTC(2026, 9, 1) };
const OCTOBER = { start: Date.UTC(2026, 9, 1), end: Date.UTC(2026, 10, 1) };

test('northflank simulator: a finished month is invoiced in the unit of the contract, before and after tax', async () => {
  for (const [contract, scale] of [
    ['seed', 100n],
    ['current', 1n],
  ] as const) {
    const northflank = await start({ contract, genesis: SEPTEMBER.start });
    const { data, pagination } = await invoicesOf(northflank);
    const periods = data.invoices.map(({ period }) => [period.start * 1000, (period.end + 1) * 1000]);
    assert.deepEqual(
      periods,
      [OCTOBER, SEPTEMBER].map(({ start, end }) => [start, end]),
    );
    const truth = northflank.truth(OCTOBER).total('cost');
    assert.deepEqual(data.invoices[0] && [data.invoices[0].subTotal, data.invoices[0].total], [
      truth * scale,
      (truth * scale * 6n) / 5n,
    ]);
    const categories =
      contract === 'seed' ? ['paasUsage', 'byocUsage'] : ['paas', 'byoc', 'egressIp', 'loadBalancer'];
    assert.deepEqual(
      Object.keys(data.invoices[0] ?? {}).filter((key) => categories.includes(key)),
      categories,
    );
    assert.deepEqual(pagination, { hasNextPage: false, count: 2 });
    await northflank.close();
  }
});

test('northflank simulator: invoices are final a day after their period, cut by thresholds, paged and filtered by team', async () => {
  const clock = fakeClockAt(OCTOBER.end + DAY - 1);
  const cut = OCTOBER.start + 10 * DAY + HOUR;
  const invoicing = { cuts: [cut], isNewestOpen: true };
  const northflank = await start({ clock, contract: 'current', genesis: SEPTEMBER.start, invoicing });
  const startsOf = (page: z.infer<typeof Invoices>) =>
    page.data.invoices.map(({ period }) => period.start * 1000);
  assert.deepEqual(startsOf(await invoicesOf(northflank)), [OCTOBER.start, SEPTEMBER.start]);
  clock.advance(1);
  const whole = await invoicesOf(northflank);
  assert.deepEqual(startsOf(whole), [cut, OCTOBER.start, SEPTEMBER.start]);
  assert.deepEqual(
    whole.data.invoices.map(({ paid }) => paid),
    [false, true, true],
  );

  const first = await invoicesOf(northflank, '?perPage=2');
  const second = await invoicesOf(northflank, `?perPage=2&cursor=${first.pagination.cursor}`);
  assert.deepEqual([...startsOf(first), ...startsOf(second)], startsOf(whole));
  assert.equal(second.pagination.hasNextPage, false);
  assert.equal((await ask(northflank, '/v1/billing/invoices?perPage=101')).status, 400);

  const [ofTeam] = (await invoicesOf(northflank, '', '/teams/core')).data.invoices;
  const resources = northflank
    .truth({ start: cut, end: OCTOBER.end })
    .entries.filter(({ measure }) => measure === 'cost');
  const named = resources.filter(({ resource }) => resource.startsWith('core/'));
  assert.equal(ofTeam?.byoc, undefined);
  assert.ok(ofTeam && ofTeam.subTotal > sum(named.map(({ value }) => value)));
  assert.ok(ofTeam.subTotal < (whole.data.invoices[0]?.subTotal ?? 0n));
});

test('northflank simulator: credit falls with spend and may go negative; the seed contract has none', async () => {
  const Balance = z.strictObject({
    data: z.strictObject({
      currency: z.literal('usd'),
      total: z.strictObject({ available: Amount, pending: Amount }),
      grants: z.strictObject({ available: Amount, pending: Amount }),
      customerBalance: z.strictObject({ amount: Amount }),
      lastSyncedAt: z.iso.datetime(),
    }),
  });
  const clock = fakeClockAt(NOON);
  const northflank = await start({ clock, contract: 'current', credit: { granted: 3000n * ONE } });
  const path = '/v1/billing/credit-balance';
  const balance = async () => Balance.parse((await ask(northflank, path)).body).data;
  const spent = () => northflank.truth({ start: 0, end: clock.now() }).total('cost');
  const before = await balance();
  assert.ok(spent() > 3000n * ONE);
  assert.deepEqual([before.total.available, before.customerBalance.amount], [0n, 3000n * ONE - spent()]);
  await northflank.close();

  const rich = await start({ clock, contract: 'current' });
  const read = async () => Balance.parse((await ask(rich, path)).body).data.total.available;
  const first = await read();
  const was = rich.truth({ start: 0, end: clock.now() }).total('cost');
  clock.advance(HOUR);
  assert.equal(first - (await read()), rich.truth({ start: 0, end: clock.now() }).total('cost') - was);
  await rich.close();

  assert.equal((await ask(await start({ contract: 'seed' }), path)).status, 404);
});
