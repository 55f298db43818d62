import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { coverageOf } from '../../../../test/support/ledger/coverage.ts';
import { assertAsyncProperty } from '../../../../test/support/ledger/property.ts';
import type { Reading } from '../../../core/statement/statement.ts';
import { ONE } from '../../../core/values/money.ts';
import { HOUR } from '../../../core/values/time.ts';
import { PollError } from '../../api/errors.ts';
import type { Ask, Request } from '../../api/request.ts';
import { NorthflankConfig } from '../account/config.ts';
import { askHour } from './ask.ts';
import { readHour } from './read.ts';
import type { HourPage } from './tree.ts';

/** What an hour cost, in cents: resources, what no resource accounts for, and how the server pages and is spoken to. */
interface Bill {
  readonly resources: readonly { team: string; project: string; type: string; id: string; cents: number }[];
  readonly unattributed: number;
  readonly contract: 'legacy' | 'current';
  readonly pageSize: number;
}

const TYPES = ['service', 'job', 'addon', 'volume', 'opentofu-job', 'harness', 'of-tomorrow'];
const KNOWN = { legacy: TYPES.slice(0, 5), current: ['service', 'job', 'harness', 'addon', 'volume'] };
const range = { start: 0, end: HOUR };

const bills: fc.Arbitrary<Bill> = fc.record({
  resources: fc.uniqueArray(
    fc.record({
      team: fc.constantFrom('alpha', 'beta', 'gamma'),
      project: fc.constantFrom(...Array.from({ length: 12 }, (_, index) => `p${index}`)),
      type: fc.constantFrom(...TYPES),
      id: fc.constantFrom('web', 'db', 'cron'),
      cents: fc.integer({ min: 0, max: 5000 }),
    }),
    { maxLength: 60, selector: ({ team, project, type, id }) => [team, project, type, id].join() },
  ),
  unattributed: fc.constantFrom(0, 0, 7, -3),
  contract: fc.constantFrom('legacy', 'current'),
  pageSize: fc.constantFrom(2, 5, 100),
});

/** A server that follows the documented rules of drill-down, filters, slices and paging. */
function serverOf(bill: Bill): { ask: Ask; asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    async ask<Body>({ query = {}, schema }: Request<Body>) {
      asked += 1;
      return { body: schema.parse(bodyOf(bill, query)), headers: {} };
    },
  };
}

function bodyOf(bill: Bill, query: Readonly<Record<string, string>>): unknown {
  const { teamId, projectId, resourceType } = query;
  const types = resourceType?.split(',');
  const known = KNOWN[bill.contract];
  const isRefused =
    types &&
    (!types.every((type) => known.includes(type)) || (bill.contract === 'legacy' && types.length > 1));
  if (isRefused) throw new PollError('contract', 'refused', { status: 400 });

  const scope = bill.resources.filter(
    ({ team, project, type }) =>
      (!teamId || team === teamId) &&
      (!projectId || project === projectId) &&
      (!types || types.includes(type)),
  );
  const isUnfiltered = !teamId && !projectId && !types;
  const hasProjects = teamId || projectId || new Set(bill.resources.map(({ team }) => team)).size === 1;
  const isCurrent = bill.contract === 'current';
  const price = (cents: number) => ({ price: { total: isCurrent ? cents / 100 : cents } });
  const [take, paging] = pager(bill, query, projectId ? 'resources' : hasProjects ? 'projects' : 'teams');

  const group = <Item>(unit: string, items: readonly Item[], keyOf: (item: Item) => string) =>
    take(unit, [...Map.groupBy(items, keyOf)]);
  const sum = (items: Bill['resources']) => items.reduce((total, { cents }) => total + cents, 0);
  const teams = group('teams', scope, ({ team }) => team).map(([id, ofTeam]) => ({
    id,
    ...price(sum(ofTeam)),
    ...(hasProjects && {
      projects: group('projects', ofTeam, ({ project }) => project).map(([project, ofProject]) => ({
        id: project,
        ...price(sum(ofProject)),
        ...((projectId || types) && {
          resourceTypes: group('types', take('resources', ofProject), ({ type }) => type).map(
            ([type, rows]) => ({
              resourceType: type,
              ...price(sum(rows)),
              resources: rows.map(({ id, cents }) => ({ id, ...price(cents) })),
            }),
          ),
        }),
      })),
    }),
  }));
  const paas = { ...price(sum(scope) + (isUnfiltered ? bill.unattributed : 0)), teams };
  const pagination = { hasNextPage: paging.isCut, count: 1 };
  if (!isCurrent) return { data: { timestamp: 0, paasUsage: paas, byocUsage: price(250) }, pagination };
  return { data: { timestamp: 0, currency: 'usd', paas, byoc: price(250) }, pagination };
}

/** Cuts the lists of one unit into pages and tells whether any list goes on. */
function pager({ contract, pageSize }: Bill, query: Readonly<Record<string, string>>, paged: string) {
  const page = Number(query[contract === 'current' ? `${paged}Page` : 'page'] ?? 1);
  const paging = { isCut: false };
  const take = <Item>(unit: string, items: readonly Item[]): readonly Item[] => {
    if (unit !== paged) return items;
    if (items.length > page * pageSize) paging.isCut = true;
    return items.slice((page - 1) * pageSize, page * pageSize);
  };
  return [take, paging] as const;
}

async function readingOf(bill: Bill): Promise<{ reading: Reading; asked: number }> {
  const config = NorthflankConfig.parse({});
  const history = { config, coverage: coverageOf([]), state: undefined };
  const server = serverOf(bill);
  const pages: HourPage[] = [];
  for await (const page of askHour(server.ask, range, history)) pages.push(page);
  return { reading: readHour(pages, range, config), asked: server.asked() };
}

function costs(reading: Reading, tier: string): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const charge of reading.statement?.charges ?? []) {
    if (charge.measure !== 'cost' || charge.tier !== tier) continue;
    sums.set(charge.resource, (sums.get(charge.resource) ?? 0n) + charge.value);
  }
  return sums;
}

describe('a walk through an hour', () => {
  it('finds every resource, keeps the total and books the rest apart, however the server answers', async () => {
    await assertAsyncProperty(
      fc.asyncProperty(bills, async (bill) => {
        const { reading } = await readingOf(bill);
        const expected = new Map<string, bigint>();
        for (const { team, project, id, cents } of bill.resources) {
          const label = `${team}/${project}/${id}`;
          if (cents !== 0) expected.set(label, (expected.get(label) ?? 0n) + (BigInt(cents) * ONE) / 100n);
        }
        if (bill.unattributed !== 0) expected.set('', (BigInt(bill.unattributed) * ONE) / 100n);
        const found = [...costs(reading, 'paas')].filter(([, value]) => value !== 0n);
        assert.deepEqual(new Map(found.sort()), new Map([...expected].sort()));
        assert.deepEqual(costs(reading, 'byoc'), new Map([['', 2_500_000_000_000n]]));
        assert.equal(reading.reconciliation?.difference, 0n);
      }),
      { numRuns: 150 },
    );
  });

  it('takes no more requests than one a project, beside the lists', async () => {
    await assertAsyncProperty(
      fc.asyncProperty(bills, async (bill) => {
        const { asked } = await readingOf({ ...bill, pageSize: 100 });
        const spent = bill.resources.filter(({ cents }) => cents !== 0);
        const teams = new Set(spent.map(({ team }) => team)).size;
        const projects = new Set(spent.map(({ team, project }) => `${team}/${project}`)).size;
        assert.ok(asked <= 1 + 2 * teams + 2 * projects, `${asked} requests for ${projects} projects`);
      }),
      { numRuns: 100 },
    );
  });
});
