import type { Fixed } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { CustomerRow, NorthflankRow, PaasRow } from './rows.ts';
import { priceOf } from './rows.ts';

/** The filters of a request. */
export interface Filter {
  readonly team?: string;
  readonly project?: string;
  readonly types?: readonly string[];
  /** May the caller see one team only? */
  readonly teamScoped: boolean;
  /** Does its token belong to that team, so that the answer starts at its projects? */
  readonly singleTeam: boolean;
  readonly pages: { readonly teams: BillPage; readonly projects: BillPage; readonly resources: BillPage };
}

export interface BillPage {
  /** From 1. */
  readonly number: number;
  readonly size: number;
}

/** The contract the seed describes: cents, and the customer's BYOC total whatever the filters. */
export function legacyBill(hour: Instant, rows: readonly NorthflankRow[], filter: Filter): object {
  const { price, teams } = drilled(rows, filter, 100n);
  return {
    timestamp: hour / 1000,
    paasUsage: { price, teams },
    byocUsage: { price: zeroed(scopeOf(rows, 'byoc'), 100n) },
  };
}

/** The contract of autumn 2026: whole units of a currency; what the customer pays as a whole only where nothing narrows the view. */
export function currentBill(hour: Instant, rows: readonly NorthflankRow[], filter: Filter): object {
  const { price, total, teams } = drilled(rows, filter, 1n);
  const whole = filter.project === undefined && !filter.teamScoped;
  const customer = whole ? rows.filter((row) => row.scope !== 'paas') : [];
  return {
    timestamp: hour / 1000,
    currency: 'usd',
    total: total + priceOf(customer).total,
    paas: {
      price,
      usage: {},
      ...(filter.singleTeam ? { projects: teams.flatMap((team) => team.projects ?? []) } : { teams }),
    },
    ...(whole && {
      byoc: { price: zeroed(scopeOf(rows, 'byoc'), 1n) },
      egressIp: { price: { total: priceOf(scopeOf(rows, 'egress_ip')).total } },
      loadBalancer: { price: { total: priceOf(scopeOf(rows, 'load_balancer')).total } },
    }),
  };
}

interface TeamBill {
  readonly id: string;
  readonly name: string;
  readonly price: object;
  readonly projects?: object[];
}

/** Prices shrink to what the filters leave; how deep they are broken down depends on the filters too. */
function drilled(
  rows: readonly NorthflankRow[],
  filter: Filter,
  scale: bigint,
): { price: object; total: Fixed; teams: TeamBill[] } {
  const left = rows.filter((row) => row.scope === 'paas').filter((row) => passes(row, filter));
  const teams = [...Map.groupBy(left, (row) => row.team)];
  const withProjects = filter.team !== undefined || filter.project !== undefined || teams.length === 1;
  const bills = paged(teams, filter.pages.teams).map(([id, own]) => ({
    id,
    name: title(id),
    price: scaled(own, scale),
    ...(withProjects && { projects: projectsOf(own, filter, scale) }),
  }));
  return { price: scaled(left, scale), total: priceOf(left).total, teams: bills };
}

/** Whether a row matches the filters. */
export function passes(row: PaasRow, filter: Filter): boolean {
  return (
    (filter.team ?? row.team) === row.team &&
    (filter.project === undefined || filter.project === row.project) &&
    (filter.types === undefined || filter.types.includes(row.resourceType ?? ''))
  );
}

function projectsOf(rows: readonly PaasRow[], filter: Filter, scale: bigint): object[] {
  const projects = [
    ...Map.groupBy(
      rows.filter(({ project }) => project !== undefined),
      (row) => row.project ?? '',
    ),
  ];
  const withResources = filter.project !== undefined || filter.types !== undefined;
  return paged(projects, filter.pages.projects).map(([id, own]) => ({
    id,
    name: title(id),
    price: scaled(own, scale),
    ...(withResources && { resourceTypes: typesOf(own, filter, scale) }),
  }));
}

function typesOf(rows: readonly PaasRow[], filter: Filter, scale: bigint): object[] {
  const typed = rows.filter(({ resourceType }) => resourceType !== undefined);
  return [...Map.groupBy(typed, (row) => row.resourceType ?? '')].map(([resourceType, own]) => {
    const named = own.filter(({ resource }) => resource !== undefined);
    const resources = [...Map.groupBy(named, (row) => row.resource ?? '')];
    return {
      resourceType,
      price: scaled(own, scale),
      resources: paged(resources, filter.pages.resources).map(([id, lines]) => ({
        id,
        name: lines.at(-1)?.name ?? id,
        price: scaled(lines, scale),
      })),
    };
  });
}

function paged<Item>(items: readonly Item[], { number, size }: BillPage): Item[] {
  return items.slice((number - 1) * size, number * size);
}

function scaled(rows: readonly NorthflankRow[], scale: bigint): object {
  return Object.fromEntries(Object.entries(priceOf(rows)).map(([name, value]) => [name, value * scale]));
}

/** BYOC is shown at 0 where none was used. */
function zeroed(rows: readonly CustomerRow[], scale: bigint): object {
  return { total: 0n, vcpu: 0n, memory: 0n, gpuMemory: 0n, cluster: 0n, ...scaled(rows, scale) };
}

function scopeOf(rows: readonly NorthflankRow[], scope: CustomerRow['scope']): CustomerRow[] {
  return rows.filter((row) => row.scope !== 'paas').filter((row) => row.scope === scope);
}

function title(id: string): string {
  return id.replace(
    /(^|-)([a-z])/g,
    (_, gap: string, letter: string) => `${gap && ' '}${letter.toUpperCase()}`,
  );
}
