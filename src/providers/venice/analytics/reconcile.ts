import type { Reading } from '../../../core/statement/statement.ts';
import { formatDecimal, ONE, type Usd } from '../../../core/values/money.ts';
import { DAY, type Instant, isoDay, type Range, startOfDay } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import type { FeedContext } from '../../api/provider.ts';
import { sum } from '../../api/readings.ts';
import { SETTLE_MS } from '../usage/plan.ts';
import { readState } from '../usage/state.ts';
import type { Analytics } from './schema.ts';

type ReconcileContext = Pick<FeedContext<unknown>, 'now' | 'netCost' | 'stateOf' | 'usdOf'>;

/** What the analytics have a total of, and the ledger's currencies that are within it. */
const TOTALS = [
  { total: 'USD', currencies: ['USD', 'BUNDLED_CREDITS'] },
  { total: 'DIEM', currencies: ['DIEM'] },
] as const;
type CurrencyTotal = (typeof TOTALS)[number];

/** How many days back the oldest lies that is compared: seven of them are settled. */
const REACH_DAYS = 9;

/** Closed UTC days whose charges the ledger knows for good, newest first, at most so many. */
export function comparableDays(context: ReconcileContext, most: number): Instant[] {
  const today = startOfDay(context.now);
  const days: Instant[] = [];
  for (let back = 1; back <= REACH_DAYS && days.length < most; back++) {
    const day = today - back * DAY;
    if (TOTALS.some((total) => chargesOf(total, day, context) !== undefined)) days.push(day);
  }
  return days;
}

/** One total of one day: the provider's, and the same of the ledger, in dollars. */
interface Compared {
  readonly day: Instant;
  readonly total: CurrencyTotal;
  readonly theirs: Usd;
  readonly ours: Usd;
}

/** Sets the provider's totals of closed days against the ledger, day by day and like with like. */
export function reconciliationOf(
  body: Analytics,
  range: Range,
  context: ReconcileContext,
): Pick<Reading, 'reconciliation' | 'drift'> {
  const theirs = Map.groupBy(body.byDate, ({ date }) => date);
  const compared: Compared[] = [];
  const drift = new DriftLog();
  for (let day = range.start; day < range.end; day += DAY) {
    for (const total of TOTALS) {
      const ours = chargesOf(total, day, context);
      const rows = theirs.get(day);
      if (ours !== undefined && !rows) drift.add('unknown_value', `analytics without ${isoDay(day)}`);
      const usd = rows && context.usdOf(sum(rows.map((row) => row[total.total])), total.total, day);
      if (ours !== undefined && usd !== undefined) compared.push({ day, total, theirs: usd, ours });
    }
  }
  return { drift: drift.list(), ...(compared.length > 0 && { reconciliation: differenceOf(compared) }) };
}

function differenceOf(compared: readonly Compared[]) {
  const theirs = sum(compared.map((one) => one.theirs));
  const days = [...new Set(compared.map(({ day }) => isoDay(day)))];
  const currencies = [...new Set(compared.flatMap(({ total }) => total.currencies))];
  const [first, last] = [days[0], days.at(-1)];
  const span = first === last ? `of ${first}` : `of ${days.length} UTC days from ${first} to ${last}`;
  return {
    difference: theirs - sum(compared.map(({ ours }) => ours)),
    against: `usage-analytics: ${formatDecimal(theirs)} US dollars charged in ${currencies.join(', ')}, ${span}`,
  };
}

/**
 * What the ledger holds of charges, refunds not taken off, of a closed day. Undefined until all of it was read after it
 * settled, and where the currencies within the total are not worth the same: then the total cannot be taken apart.
 */
function chargesOf(
  { total, currencies }: CurrencyTotal,
  day: Instant,
  context: ReconcileContext,
): Usd | undefined {
  const refunds = readState(context.stateOf('usage_history')).refunds[isoDay(day)];
  if (!refunds) return undefined;
  const rates = [total, ...currencies].map((currency) => context.usdOf(ONE, currency, day));
  if (rates[0] === undefined || rates.some((rate) => rate !== rates[0])) return undefined;
  const isWithin = ({ detail }: { readonly detail: string }) => currencies.some((one) => one === detail);
  const billed = context.netCost({ start: day, end: day + DAY }, isWithin);
  if (!billed || billed.asOf < day + DAY + SETTLE_MS) return undefined;
  const refunded = sum(currencies.map((currency) => refunds[currency] ?? 0n));
  const back = context.usdOf(refunded, total, day);
  return back === undefined ? undefined : billed.usd + back;
}
