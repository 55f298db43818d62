import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { coverageOf, type Interval } from '../../../../test/support/ledger/coverage.ts';
import { assertAsyncProperty } from '../../../../test/support/ledger/property.ts';
import { type Fixed, fromInteger } from '../../../core/values/money.ts';
import { DAY, floorTo, HOUR, type Instant, MINUTE, SECOND, startOfMonth } from '../../../core/values/time.ts';
import { readAnswer } from '../../../poll/http/parse-response.ts';
import { EMPTY_CONTEXT, type Feed, type Reader } from '../../api/provider.ts';
import type { Ask } from '../../api/request.ts';
import { takeAll } from '../../api/steps.ts';
import { NorthflankConfig, type NorthflankContext } from '../account/config.ts';
import { northflank } from '../index.ts';

const config = NorthflankConfig.parse({});

/** A customer in the legacy contract: cents by hour; undefined is an hour that the list leaves out. */
interface Customer {
  readonly centsOf: (hour: Instant) => number | undefined;
  readonly firstHour: Instant;
  readonly now: Instant;
  readonly pageSize: number;
}

function serverOf(customer: Customer) {
  const asked = { list: 0, hours: 0 };
  const ask: Ask = async ({ path, query = {}, schema }) => {
    const hour = /\/usage\/(\d+)$/.exec(path)?.[1];
    asked[hour === undefined ? 'list' : 'hours'] += 1;
    const body =
      hour === undefined
        ? listed(customer, query)
        : drilled(customer, Number(hour) * SECOND, query.projectId);
    return { body: takeAll(readAnswer(Buffer.from(JSON.stringify(body)), schema, path)), headers: {} };
  };
  return { ask, asked };
}

function listed({ centsOf, firstHour, now, pageSize }: Customer, query: Readonly<Record<string, string>>) {
  const [start = 0, end = 0, cursor = Number.POSITIVE_INFINITY] = ['startTime', 'endTime', 'cursor'].map(
    (name) => (query[name] === undefined ? undefined : Number(query[name]) * SECOND),
  );
  const hours: Instant[] = [];
  const newest = Math.min(floorTo(HOUR, now), end - HOUR, cursor - HOUR);
  for (let hour = newest; hour >= Math.max(start, firstHour); hour -= HOUR)
    if (centsOf(hour) !== undefined) hours.push(hour);
  const size = Math.min(pageSize, Number(query.per_page ?? 50));
  const page = hours.slice(0, size);
  const hasNextPage = hours.length > size;
  const usage = page.map((hour) => ({ timestamp: hour / SECOND, ...priced(centsOf(hour) ?? 0) }));
  return {
    data: { usage },
    pagination: {
      hasNextPage,
      count: page.length,
      ...(hasNextPage && { cursor: `${(page.at(-1) ?? 0) / SECOND}` }),
    },
  };
}

function priced(cents: number) {
  return { paasUsage: { price: { total: cents } }, byocUsage: { price: { total: 0 } } };
}

/** One team with one project of one service. */
function drilled({ centsOf }: Customer, hour: Instant, project: string | undefined) {
  const price = { total: centsOf(hour) ?? 0 };
  const resources = [{ id: 's', price }];
  const found = {
    id: 'p',
    price,
    ...(project && { resourceTypes: [{ resourceType: 'service', resources }] }),
  };
  const teams = [{ id: 't', price, projects: [found] }];
  return { data: { timestamp: hour / SECOND, ...priced(price.total), paasUsage: { price, teams } } };
}

interface Account {
  readonly ask: Ask;
  readonly since: Instant;
  readonly memos: Map<string, string>;
  readonly read: Interval[];
}

type Done = ReturnType<Reader<unknown>['finish']>;

/** Polls a feed once; what it reads is remembered as the ledger would. */
async function poll(account: Account, name: string, now: Instant): Promise<Done[]> {
  const feed = northflank.feeds.find((each) => each.name === name);
  assert.ok(feed);
  const context = contextOf(account, name, now);
  const done: Done[] = [];
  for (const range of feed.plan(context)) {
    const reading = await readingOf(
      feed,
      range,
      contextOf(account, name, now, context.coverage),
      account.ask,
    );
    done.push(reading);
    if (reading.statement) account.read.push({ ...reading.statement.range, asOf: now });
    if (reading.state !== undefined) account.memos.set(name, reading.state);
  }
  return done;
}

function contextOf(
  { since, memos, read }: Account,
  name: string,
  now: Instant,
  coverage = coverageOf([...read]),
): NorthflankContext {
  return {
    ...EMPTY_CONTEXT,
    ...{ now, config, since, coverage },
    state: memos.get(name),
    stateOf: (feed) => memos.get(feed),
    usdOf: (amount) => amount,
    signal: new AbortController().signal,
  };
}

async function readingOf(
  feed: Feed<NorthflankConfig, unknown>,
  range: { start: Instant; end: Instant },
  context: NorthflankContext,
  ask: Ask,
): Promise<Done> {
  const reader = feed.reader(range, context);
  for await (const page of feed.ask(ask, range, context)) reader.add(page);
  return reader.finish();
}

function monthOf(done: readonly Done[]): Fixed | undefined {
  const [total] = done.flatMap(({ observations }) =>
    observations.filter(({ metric, labels }) => metric === 'monthGross' && labels.tier === 'paas'),
  );
  return total?.value;
}

const cents = (amount: number): Fixed => fromInteger(BigInt(amount), -2);

/** What the list says of the due hours of the month, read by itself and whole; undefined where it leaves a doubt. */
function monthByList({ centsOf, firstHour, now }: Customer): Fixed | undefined {
  const due = floorTo(HOUR, now - config.dueAfter);
  const isListed = (hour: Instant) => hour >= firstHour && hour < due && centsOf(hour) !== undefined;
  let sum = 0;
  let isUsed = false;
  const first = Math.max(startOfMonth(now), oldestListed({ centsOf, firstHour, due }) ?? due);
  for (let hour = first; hour < due; hour += HOUR) {
    if (!isListed(hour) && !(isListed(hour - HOUR) && isListed(hour + HOUR))) return undefined;
    isUsed ||= isListed(hour);
    sum += isListed(hour) ? (centsOf(hour) ?? 0) : 0;
  }
  return isUsed ? cents(sum) : undefined;
}

function oldestListed({
  centsOf,
  firstHour,
  due,
}: Pick<Customer, 'centsOf' | 'firstHour'> & { due: Instant }) {
  for (let hour = firstHour; hour < due; hour += HOUR) if (centsOf(hour) !== undefined) return hour;
  return undefined;
}

const NOVEMBER = Date.UTC(2026, 10, 1);
const NOW = Date.UTC(2026, 10, 22, 10, 27);
const OCTOBER = Date.UTC(2026, 9, 1);

/** Nothing runs from 20 to 6 o'clock. */
const byDay = (hour: Instant) =>
  (hour / HOUR) % 24 >= 6 && (hour / HOUR) % 24 < 20 ? 1 + ((hour / HOUR) % 7) : 0;

describe('the list of hours', () => {
  it('takes one page a poll, and more only after a downtime', async () => {
    let now = NOVEMBER - 3 * DAY + 27 * MINUTE;
    const customer = { centsOf: byDay, firstHour: OCTOBER - DAY, pageSize: 100 };
    const { ask, asked } = serverOf({
      ...customer,
      get now() {
        return now;
      },
    });
    const account = { ask, since: OCTOBER, memos: new Map<string, string>(), read: [] };
    const pages: number[] = [];
    for (let hour = 0; hour < 120; hour += 1) {
      const before = asked.list;
      const done = await poll(account, 'usage_list', now);
      assert.equal(monthOf(done), monthByList({ ...customer, now }));
      pages.push(asked.list - before);
      now += hour === 80 ? 8 * DAY : HOUR;
    }
    // 28 days of hours, 50 on the first page; then 8 days and what had not settled.
    assert.deepEqual([pages[0], pages[81]], [8, 3]);
    assert.ok(pages.every((count, poll) => count === 1 || poll === 0 || poll === 81));
  });

  it('gives the total of the month exactly when the whole list would, whenever and however it is read', async () => {
    const missing = fc.array(fc.nat({ max: 24 * 60 }), { maxLength: 3 });
    const polls = fc.array(fc.nat({ max: 200 }), { minLength: 1, maxLength: 6 });
    await assertAsyncProperty(
      fc.asyncProperty(
        missing,
        polls,
        fc.integer({ min: 3, max: 100 }),
        fc.nat({ max: 1000 }),
        async (gone, waits, pageSize, born) => {
          const isGone = new Set(gone.map((hours) => OCTOBER + hours * HOUR));
          const centsOf = (hour: Instant) => (isGone.has(hour) ? undefined : byDay(hour));
          const customer = { centsOf, firstHour: OCTOBER + born * HOUR, pageSize };
          let now = NOVEMBER - 5 * DAY + 27 * MINUTE;
          const account = { since: OCTOBER, memos: new Map<string, string>(), read: [] };
          for (const wait of waits) {
            now += wait * HOUR;
            const { ask } = serverOf({ ...customer, now });
            const done = await poll({ ...account, ask }, 'usage_list', now);
            assert.equal(monthOf(done), monthByList({ ...customer, now }));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a first read of two months of an account that is idle at night', () => {
  /** Reads all history, with the list or without. */
  async function firstRead(hasList: boolean) {
    const { ask, asked } = serverOf({ centsOf: byDay, firstHour: OCTOBER - DAY, now: NOW, pageSize: 100 });
    const account = { ask, since: OCTOBER, memos: new Map<string, string>(), read: [] };
    const charges = (await poll(account, 'usage', NOW)).flatMap(({ statement }) => statement?.charges ?? []);
    if (hasList) await poll(account, 'usage_list', NOW);
    for (;;) {
      const done = await poll(account, 'usage_history', NOW);
      if (done.length === 0) break;
      charges.push(...done.flatMap(({ statement }) => statement?.charges ?? []));
    }
    const total = charges.reduce((sum, { measure, value }) => (measure === 'cost' ? sum + value : sum), 0n);
    return {
      asked,
      total,
      gaps: coverageOf(account.read).gaps({ start: OCTOBER, end: floorTo(HOUR, NOW - 15 * MINUTE) }),
    };
  }

  it('asks for no idle hour that the list showed, and comes to the same', async () => {
    const [without, having] = [await firstRead(false), await firstRead(true)];
    assert.deepEqual([having.total, having.gaps], [without.total, []]);
    // 1258 hours, 732 of them with spend, which take two requests each; ten of the idle ones are of the last night.
    assert.deepEqual(without.asked, { list: 0, hours: 1258 + 732 });
    assert.deepEqual(having.asked, { list: 14, hours: 10 + 2 * 732 });
  });
});

describe('an hour that only looks empty', () => {
  const HOUR_ASKED = OCTOBER + 5 * DAY;
  const isHour = (path: string) => /\/usage\/\d+$/.test(path);
  const secondsIn = (path: string) => Number(path.split('/').at(-1));

  /** What history reads of one hour, with a server that says something else of it in the list than when it is asked. */
  async function readOf(answer: (path: string, query: Readonly<Record<string, string>>) => unknown) {
    const ask: Ask = async ({ path, query = {}, schema }) => ({
      body: takeAll(readAnswer(Buffer.from(JSON.stringify(answer(path, query))), schema, path)),
      headers: {},
    });
    const account = { ask, since: OCTOBER + 4 * DAY, memos: new Map<string, string>(), read: [] };
    const now = OCTOBER + 10 * DAY + 27 * MINUTE;
    await poll(account, 'usage', now);
    await poll(account, 'usage_list', now);
    const read = (await poll(account, 'usage_history', now)).flatMap(({ statement }) => statement ?? []);
    const charges = read.find(({ range }) => range.start === HOUR_ASKED)?.charges ?? [];
    return charges.reduce((sum, { measure, value }) => (measure === 'cost' ? sum + value : sum), 0n);
  }

  const hoursOf = (query: Readonly<Record<string, string>>, size: number) => {
    const newest = Math.min(Number(query.endTime), Number(query.cursor ?? query.endTime)) * SECOND - HOUR;
    return Array.from({ length: size }, (_, index) => newest - index * HOUR);
  };

  it('is asked for where the list tells of the platform alone and the account counts more', async () => {
    const paasUsage = { price: { total: 0 } };
    const listed = (query: Readonly<Record<string, string>>) => ({
      data: { usage: hoursOf(query, 200).map((hour) => ({ timestamp: hour / SECOND, paasUsage })) },
    });
    const isLeftOut = (at: number) => (at / HOUR) % 24 === 7;
    const withHole = (query: Readonly<Record<string, string>>) => ({
      data: { usage: listed(query).data.usage.filter(({ timestamp }) => !isLeftOut(timestamp * SECOND)) },
    });
    const hour = (path: string) => ({
      data: { timestamp: secondsIn(path), paasUsage, byocUsage: { price: { total: 500 } } },
    });
    for (const list of [listed, withHole]) {
      const sum = await readOf((path, query) => (isHour(path) ? hour(path) : list(query)));
      assert.equal(sum, cents(500));
    }
  });

  it('is asked for where it lies between two pages, which is where a list loses one', async () => {
    const price = { total: 700 };
    // The cursor leads past one hour more than the page held.
    const listed = (query: Readonly<Record<string, string>>) => {
      const all = hoursOf(query, 200).filter((hour) => hour >= Number(query.startTime) * SECOND);
      const page = all.filter((hour) => (query.cursor ? hour < HOUR_ASKED : hour > HOUR_ASKED));
      const entry = (hour: Instant) => ({ timestamp: hour / SECOND, ...priced(700) });
      const hasNextPage = query.cursor === undefined;
      return {
        data: { usage: page.map(entry) },
        pagination: { hasNextPage, ...(hasNextPage && { cursor: String(HOUR_ASKED / SECOND) }) },
      };
    };
    const hour = (path: string) => ({
      data: { timestamp: secondsIn(path), ...priced(700), paasUsage: { price } },
    });
    assert.equal(await readOf((path, query) => (isHour(path) ? hour(path) : listed(query))), cents(700));
  });
});
