import { type Fixed, parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, type Instant, startOfDay, startOfMonth } from '../../../src/core/values/time.ts';
import type { BillingBooks } from '../kit/books.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import type { World } from '../kit/world.ts';
import { KEY_LIMITS } from './catalogue.ts';
import type { VeniceRow } from './rows.ts';

/** `GET /api_keys`: the keys of the account, newest first, without their secrets. */
export function keysOf(books: BillingBooks<VeniceRow>, world: World): (call: SimulatedCall) => Reply {
  return ({ now }) => ({
    status: 200,
    body: { object: 'list', data: KEY_LIMITS.map((key) => entryOf(key, { books, world, now })) },
  });
}

interface DayPosition {
  readonly books: BillingBooks<VeniceRow>;
  readonly world: World;
  readonly now: Instant;
}

function entryOf(key: (typeof KEY_LIMITS)[number], moment: DayPosition): object {
  const { now, world } = moment;
  const week = spentBy(key.id, now - 7 * DAY, moment);
  const start = key.period === 'MONTH' ? startOfMonth(now) : startOfDay(now);
  const period = spentBy(key.id, start, moment);
  const limits = { usd: decimal(key.usd), diem: decimal(key.diem), vcu: null };
  return {
    id: key.id,
    apiKeyType: 'INFERENCE',
    description: key.description,
    createdAt: new Date(world.genesis).toISOString(),
    expiresAt:
      key.expiresInDays === null ? null : new Date(startOfDay(now) + key.expiresInDays * DAY).toISOString(),
    lastUsedAt: new Date(now).toISOString(),
    last6Chars: key.id.slice(-6),
    consumptionLimits: limits,
    limitPeriod: key.period,
    usage: { trailingSevenDays: { usd: places(week.usd), vcu: '0.0000', diem: places(week.diem) } },
    ...((key.usd !== null || key.diem !== null) && {
      currentPeriodUsage: { usd: places(period.usd), diem: places(period.diem) },
    }),
  };
}

function decimal(text: string | null): Fixed | null {
  return text === null ? null : parseDecimal(text);
}

/** What a key spent since `start`; dollars hold what bundled credits paid. */
function spentBy(id: string, start: Instant, { books, now }: DayPosition): { usd: Fixed; diem: Fixed } {
  const own = books
    .rows({ start, end: now + 1 }, books.moment(now))
    .filter((row) => row.apiKey?.id === id && row.amount < 0n);
  const paidWith = (...currencies: string[]) =>
    own.filter((row) => currencies.includes(row.currency)).reduce((sum, row) => sum - row.amount, 0n);
  return { usd: paidWith('USD', 'BUNDLED_CREDITS'), diem: paidWith('DIEM') };
}

/** Text with four places, cut off. */
function places(value: Fixed): string {
  const units = value / 100_000_000n;
  return `${units / 10_000n}.${String(units % 10_000n).padStart(4, '0')}`;
}
