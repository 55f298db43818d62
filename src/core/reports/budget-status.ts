import type { StreamRow } from '../ledger/records.ts';
import type { Usd } from '../values/money.ts';
import { ceilTo, DAY, type Instant, type Range, startOfDay } from '../values/time.ts';
import { type Budget, budgetPeriodAt, EVERYTHING, matcherOf, type SpendScope } from './budget.ts';
import type { BudgetTotals } from './budget-totals.ts';
import { expectedSpend, LOOK_BACK_DAYS, type SpendHistory } from './forecast.ts';
import { daysOf } from './net-cost.ts';
import { isComplete, type PublishInput, type WindowCoverage, windowCoverage } from './windows.ts';

/** What a scope of spend costs in its current period. */
export interface SpendState {
  readonly period: Range;
  /** Net dollars so far; undefined until everything that the scope covers has been read without a gap. */
  readonly spent: Usd | undefined;
  /** Net dollars expected at the end of the period; undefined without `spent`, and with less than 24 hours of data. */
  readonly forecast: Usd | undefined;
}

export interface BudgetState extends SpendState {
  readonly budget: Budget;
}

/** The state of a scope at `now`. A forecast is undefined until the days it looks back on are {@link nextDayToLoad loaded}. */
export function spendState(input: PublishInput, totals: BudgetTotals, scope: SpendScope): SpendState {
  const period = budgetPeriodAt(scope.period, input.now);
  const covered = partsOf(input, scope, period);
  const parts = covered.filter((part) => part !== 'unread');
  if (parts.length < covered.length) return { period, spent: undefined, forecast: undefined };
  const spent = sumKnown(parts.map(({ stream }) => spentIn(totals, scope, stream.id, period)));
  const rest = sumKnown(parts.map((part) => expectedRest(totals, scope, part, period)));
  const forecast = spent === undefined || rest === undefined || parts.length === 0 ? undefined : spent + rest;
  return { period, spent, forecast };
}

/** The current month of one account, from its `since` on. */
export function accountMonth(input: PublishInput, totals: BudgetTotals, account: number): SpendState {
  const settings = input.accounts.get(account);
  const accounts = new Map(settings ? [[account, settings]] : []);
  return spendState({ ...input, accounts }, totals, EVERYTHING);
}

/** The newest day that a forecast looks back on and that is not loaded yet. */
export function nextDayToLoad(input: PublishInput, totals: BudgetTotals): Instant | undefined {
  const missing = totals.scopes.flatMap((scope) =>
    partsOf(input, scope, budgetPeriodAt(scope.period, input.now)).flatMap((part) =>
      part === 'unread'
        ? []
        : (part.days.findLast((start) => !totals.isLoaded({ kind: 'day', start })) ?? []),
    ),
  );
  return missing.length > 0 ? Math.max(...missing) : undefined;
}

/** A stream that a scope covers, and what is known of it. */
interface BudgetPart {
  readonly stream: StreamRow;
  readonly through: Instant;
  /** The whole days read up to the day of `through`: oldest first, without a gap. */
  readonly days: readonly Instant[];
}

/** The streams that a scope covers; `unread` for each with a gap. */
function partsOf(input: PublishInput, { match }: SpendScope, period: Range): (BudgetPart | 'unread')[] {
  const matches = matcherOf(match);
  const parts: (BudgetPart | 'unread')[] = [];
  for (const [id, settings] of input.accounts) {
    if (!matches({ provider: settings.provider, account: settings.name })) continue;
    for (const { name } of settings.streams) {
      const stream = input.state.streamOf(id, name);
      parts.push((stream && partOf(input, stream, period)) ?? 'unread');
    }
  }
  return parts;
}

function partOf(input: PublishInput, stream: StreamRow, period: Range): BudgetPart | undefined {
  const coverage = windowCoverage(input, stream.id);
  if (!coverage || !isComplete({ ...period, isOver: false }, coverage)) return undefined;
  return { stream, through: coverage.through, days: wholeDays(coverage, stream.closedBefore) };
}

function wholeDays({ covered, through, since }: WindowCoverage, closedBefore: Instant): Instant[] {
  const today = startOfDay(through);
  const newest = covered.find(({ start, end }) => start <= today && end >= through);
  const readFrom = ceilTo(DAY, newest?.start ?? today);
  const start = Math.max(readFrom, since, closedBefore, today - LOOK_BACK_DAYS * DAY);
  return daysOf({ start, end: today });
}

function sumKnown(parts: readonly (Usd | undefined)[]): Usd | undefined {
  return parts.reduce<Usd | undefined>(
    (sum, part) => (sum === undefined || part === undefined ? undefined : sum + part),
    0n,
  );
}

function spentIn(totals: BudgetTotals, scope: SpendScope, stream: number, period: Range): Usd | undefined {
  const { start } = period;
  if (scope.period === 'month') return totals.of(scope, stream, { kind: 'month', start });
  return sumKnown(daysOf(period).map((day) => totals.of(scope, stream, { kind: 'day', start: day })));
}

/** Net dollars that a stream is expected to cost between now and the end of the period. */
function expectedRest(
  totals: BudgetTotals,
  scope: SpendScope,
  part: BudgetPart,
  period: Range,
): Usd | undefined {
  const { stream, through, days } = part;
  if (!days.every((start) => totals.isLoaded({ kind: 'day', start }))) return undefined;
  const history = historyOf(part, (start) => totals.of(scope, stream.id, { kind: 'day', start }));
  if (!history) return undefined;
  const untilEnd = expectedSpend(history, period.end);
  // If the readings end before the period starts, what is expected in between does not belong to the period.
  const untilStart = through < period.start ? expectedSpend(history, period.start) : 0n;
  return untilEnd === undefined || untilStart === undefined ? undefined : untilEnd - untilStart;
}

function historyOf(
  { through, days }: BudgetPart,
  usdOn: (day: Instant) => Usd | undefined,
): SpendHistory | undefined {
  const known = days.flatMap((start) => {
    const usd = usdOn(start);
    return usd === undefined ? [] : [{ start, usd }];
  });
  const today = usdOn(startOfDay(through));
  return today === undefined || known.length < days.length ? undefined : { days: known, today, through };
}
