import { HOUR, SECOND } from '../../../src/core/values/time.ts';
import { type BillingBooks, openBooks } from '../kit/books.ts';
import { keyOf, meter } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { Service, SimulatedCall, Simulator } from '../kit/service.ts';
import { openSimulator } from '../kit/simulator.ts';
import { type SimulatedContract, type SimulatorOptions, type World, worldOf } from '../kit/world.ts';
import { currentBill, type Filter, legacyBill } from './bill.ts';
import { type Credit, creditBalance, DEMO_CREDIT } from './credit.ts';
import { northflankHistory } from './history.ts';
import { type Invoicing, invoiceOf, invoicePage, periodsOf } from './invoices.ts';
import { listingOf } from './list.ts';
import { failure, limits, throttled } from './replies.ts';
import { type BillingTarget, filterOf, hourOf, targetOf } from './request.ts';
import { costing, entriesOf, type NorthflankRow, priceOf } from './rows.ts';

export interface NorthflankOptions extends SimulatorOptions {
  /** A key without the permission to read billing, answered with 403. */
  readonly powerlessKey?: string;
  /** A key that reads one team only. */
  readonly teamKey?: { readonly key: string; readonly team: string };
  readonly invoicing?: Invoicing;
  /** What the customer paid in advance; enough for the demo when absent. Only the current contract shows it. */
  readonly credit?: Credit;
}

/** `/v1/billing/usage`, the list and one hour, `/invoices` and `/credit-balance`, on loopback; also below `/v1/teams/{teamId}`. */
export async function startNorthflank(options: NorthflankOptions = {}): Promise<Simulator<NorthflankRow>> {
  const world = worldOf(options);
  const key = options.key ?? 'demo-northflank';
  const books = openBooks(world.generate ? northflankHistory(world) : () => []);
  const rate = meter(options.perHour ?? 1000, HOUR);

  const service: Service = {
    refuse: (status) => failure(status),
    throttle: throttled,
    answer: (call) => {
      const given = keyOf(call, 'Bearer');
      if (given !== undefined && given === options.powerlessKey) return failure(403);
      const ownTeam = given === options.teamKey?.key ? options.teamKey?.team : undefined;
      if (given === undefined || (given !== key && ownTeam === undefined)) return failure(401);
      return billing(call, { ...options, books, world }, ownTeam);
    },
    finish: (reply, call) => {
      const { remaining, resetAt, exhausted } = rate.count(call.now);
      const seconds = Math.ceil((resetAt - call.now) / SECOND);
      const left =
        call.fault?.kind === 'throttle' && call.fault.style === 'reset' ? call.fault.waitSeconds : seconds;
      const headers = limits(
        rate.limit,
        reply.status === 429 ? 0 : remaining,
        reply.status === 429 ? left : seconds,
      );
      return { ...(exhausted ? failure(429) : reply), headers: { ...headers, ...reply.headers } };
    },
  };
  return openSimulator(service, {
    world,
    options,
    key,
    books,
    costing,
    entriesOf: (rows) => rows.filter((row) => isBilled(row, world)).flatMap(entriesOf),
  });
}

/** The first contract knows neither egress IPs nor load balancers. */
function isBilled(row: NorthflankRow, { contract }: World): boolean {
  return contract === 'current' || row.scope === 'paas' || row.scope === 'byoc';
}

interface Customer extends Pick<NorthflankOptions, 'invoicing' | 'credit'> {
  readonly books: BillingBooks<NorthflankRow>;
  readonly world: World;
}

function billing(call: SimulatedCall, customer: Customer, ownTeam: string | undefined): Reply {
  const target = targetOf(call.path);
  if (!target) return failure(404);
  // An account on the first contract may ask for the current one.
  const contract = call.query.get('removeLegacyFields') === 'true' ? 'current' : customer.world.contract;
  const filter = filterOf(call, target, contract, ownTeam);
  if ('status' in filter) return filter;
  const view = { ...customer, contract, filter };
  if (target.what === 'invoices') return invoices(call, view);
  if (target.what === 'credit-balance') return contract === 'seed' ? failure(404) : credit(call, view);
  return usage(call, view, target);
}

interface TeamFilter extends Customer {
  readonly contract: SimulatedContract;
  readonly filter: Filter;
}

function usage(
  call: SimulatedCall,
  { books, world, contract, filter }: TeamFilter,
  { timestamp }: BillingTarget,
): Reply {
  const billOf = (hour: number) => {
    const rows = books.rows({ start: hour, end: hour + HOUR }, books.moment(call.now));
    return contract === 'seed' ? legacyBill(hour, rows, filter) : currentBill(hour, rows, filter);
  };
  if (timestamp !== undefined) {
    const hour = hourOf(timestamp, call.now);
    if (typeof hour !== 'number') return hour;
    return { status: 200, body: { data: billOf(hour) }, told: { start: hour, end: hour + HOUR } };
  }
  const listing = listingOf(call, contract, world.genesis);
  if ('status' in listing) return listing;
  const hours = listing.hours.map((hour) => shallow(billOf(hour)));
  return { status: 200, body: { data: { usage: hours }, pagination: listing.pagination } };
}

function invoices({ query, now }: SimulatedCall, view: TeamFilter): Reply {
  const { books, world, contract, filter, invoicing = {} } = view;
  const all = periodsOf(invoicing, world.genesis, now).map((period, index) => {
    const rows = books.rows(period, books.moment(now));
    const paid = index > 0 || !invoicing.isNewestOpen;
    return invoiceOf({ period, rows, filter, contract, paid });
  });
  return invoicePage(all, query, contract);
}

function credit({ now }: SimulatedCall, { books, world, credit = DEMO_CREDIT }: TeamFilter): Reply {
  const rows = books.rows({ start: world.genesis, end: now }, books.moment(now));
  return creditBalance(credit, priceOf(rows).total, now);
}

/** A list shows prices only. */
function shallow(bill: object): object {
  return Object.fromEntries(
    Object.entries(bill).map(([name, part]) => {
      if (typeof part !== 'object' || part === null) return [name, part];
      const { teams: _teams, projects: _projects, ...rest } = part;
      return [name, rest];
    }),
  );
}
