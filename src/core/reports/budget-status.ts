import type { StreamRow } from '../ledger/records.ts';
import type { Usd } from '../values/money.ts';
import { ceilTo, DAY, type Instant, type Range, startOfDay } from '../values/time.ts';
import { type Budget, budgetPeriodAt, matcherOf } from './budget.ts';
import type { BudgetTotals, PeriodKey } from './budget-totals.ts';
import { expectedSpend, LOOK_BACK_DAYS, type SpendHistory } from './forecast.ts';
import { isComplete, type PublishInput, type WindowCoverage, windowCoverage } from './windows.ts';

/** How a budget stands in its current period. */
export interface BudgetState {
  readonly budget: Budget;
  readonly period: Range;
  /** Net dollars so far; undefined until everything it is about was read without a hole. */
  readonly spent: Usd | undefined;
  /** Net dollars expected at the end of the period; undefined without `spent`, and below 24 hours of data. */
  readonly forecast: Usd | undefined;
}

/** How each budget stands at `now`. A forecast waits until the days it looks back on were {@link nextToLoad loaded}. */
export function budgetsAt(input: PublishInput, totals: BudgetTotals): BudgetState[] {
  return totals.budgets.map((budget) => {
    const period = budgetPeriodAt(budget.period, input.now);
    const parts = partsOf(input, budget, period);
    if (!parts) return { budget, period, spent: undefined, forecast: undefined };
    const spent = summed(parts.map(({ stream }) => spentIn(totals, budget, stream.id, period)));
    const rest = summed(parts.map((part) => restOf(totals, budget, part, period)));
    const forecast =
      spent === undefined || rest === undefined || parts.length === 0 ? undefined : spent + rest;
    return { budget, period, spent, forecast };
  });
}

/** The newest day that a forecast looks back on and that is not loaded yet. */
export function nextToLoad(input: PublishInput, totals: BudgetTotals): Instant | undefined {
  let next: Instant | undefined;
  for (const budget of totals.budgets) {
    for (const part of partsOf(input, budget, budgetPeriodAt(budget.period, input.now)) ?? []) {
      const missing = part.days.findLast((day) => !totals.isLoaded('day', day));
      if (missing !== undefined) next = Math.max(next ?? missing, missing);
    }
  }
  return next;
}

/** A stream that a budget is about, and what is known of it. */
interface BudgetPart {
  readonly stream: StreamRow;
  /** How far its readings reach. */
  readonly through: Instant;
  /** The days that were read whole, up to the one that holds `through`: oldest first, without a hole. */
  readonly days: readonly Instant[];
}

/** Undefined where anything that the budget is about was not read without a hole. */
function partsOf(input: PublishInput, { match }: Budget, period: Range): BudgetPart[] | undefined {
  const matches = matcherOf(match);
  const parts: BudgetPart[] = [];
  for (const [id, settings] of input.accounts) {
    if (!matches({ provider: settings.provider, account: settings.name })) continue;
    for (const { name } of settings.streams) {
      const stream = input.book.streamOf(id, name);
      const part = stream && partOf(input, stream, period);
      if (!part) return undefined;
      parts.push(part);
    }
  }
  return parts;
}

function partOf(input: PublishInput, stream: StreamRow, period: Range): BudgetPart | undefined {
  const reach = windowCoverage(input, stream.id);
  if (!reach || !isComplete({ ...period, isOver: false }, reach)) return undefined;
  return { stream, through: reach.through, days: daysRead(reach, stream.closedBefore) };
}

function daysRead({ covered, through, since }: WindowCoverage, closedBefore: Instant): Instant[] {
  const today = startOfDay(through);
  const stretch = covered.find(({ start, end }) => start <= today && end >= through);
  const first = Math.max(
    ceilTo(DAY, stretch?.start ?? today),
    since,
    closedBefore,
    today - LOOK_BACK_DAYS * DAY,
  );
  return Array.from({ length: Math.max(0, (today - first) / DAY) }, (_, index) => first + index * DAY);
}

/** Undefined where any part is. */
function summed(parts: readonly (Usd | undefined)[]): Usd | undefined {
  const known = parts.flatMap((part) => part ?? []);
  return known.length < parts.length ? undefined : known.reduce((sum, part) => sum + part, 0n);
}

function spentIn(totals: BudgetTotals, budget: Budget, stream: number, period: Range): Usd | undefined {
  if (budget.period === 'month')
    return totalOf(totals, budget, stream, { kind: 'month', start: period.start });
  const days = Array.from(
    { length: (period.end - period.start) / DAY },
    (_, day) => period.start + day * DAY,
  );
  return summed(days.map((start) => totalOf(totals, budget, stream, { kind: 'day', start })));
}

/** Loads what is asked for: of a period these are few. */
function totalOf(totals: BudgetTotals, budget: Budget, stream: number, period: PeriodKey): Usd | undefined {
  if (!totals.isLoaded(period.kind, period.start)) totals.load(period.kind, period.start);
  return totals.of(budget, stream, period);
}

/** Net dollars expected of a stream between now and the period's end. */
function restOf(totals: BudgetTotals, budget: Budget, part: BudgetPart, period: Range): Usd | undefined {
  const { stream, through, days } = part;
  if (!days.every((day) => totals.isLoaded('day', day))) return undefined;
  const history = historyOf(part, (start) => totalOf(totals, budget, stream.id, { kind: 'day', start }));
  if (!history) return undefined;
  const untilEnd = expectedSpend(history, period.end);
  // Where the readings lag behind the period's start, what is still to come before it is not the period's.
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
