import type { StreamRow } from '../ledger/records.ts';
import type { Usd } from '../values/money.ts';
import { ceilTo, DAY, type Instant, type Range, startOfDay } from '../values/time.ts';
import { type Budget, budgetPeriodAt, matcherOf } from './budget.ts';
import type { BudgetTotals } from './budget-totals.ts';
import { expectedSpend, LOOK_BACK_DAYS, type SpendHistory } from './forecast.ts';
import { daysOf } from './net-cost.ts';
import { isComplete, type PublishInput, type WindowCoverage, windowCoverage } from './windows.ts';

export interface BudgetState {
  readonly budget: Budget;
  readonly period: Range;
  /** Net dollars so far; undefined until everything that the budget covers has been read without a gap. */
  readonly spent: Usd | undefined;
  /** Net dollars expected at the end of the period; undefined without `spent`, and with less than 24 hours of data. */
  readonly forecast: Usd | undefined;
}

/** The state of each budget at `now`. A forecast is undefined until the days it looks back on are {@link nextDayToLoad loaded}. */
export function budgetStates(input: PublishInput, totals: BudgetTotals): BudgetState[] {
  return totals.budgets.map((budget) => {
    const period = budgetPeriodAt(budget.period, input.now);
    const parts = partsOf(input, budget, period);
    if (!parts) return { budget, period, spent: undefined, forecast: undefined };
    const spent = sumKnown(parts.map(({ stream }) => spentIn(totals, budget, stream.id, period)));
    const rest = sumKnown(parts.map((part) => expectedRest(totals, budget, part, period)));
    const forecast =
      spent === undefined || rest === undefined || parts.length === 0 ? undefined : spent + rest;
    return { budget, period, spent, forecast };
  });
}

/** The newest day that a forecast looks back on and that is not loaded yet. */
export function nextDayToLoad(input: PublishInput, totals: BudgetTotals): Instant | undefined {
  const missing = totals.budgets.flatMap((budget) =>
    (partsOf(input, budget, budgetPeriodAt(budget.period, input.now)) ?? []).flatMap(
      ({ days }) => days.findLast((start) => !totals.isLoaded({ kind: 'day', start })) ?? [],
    ),
  );
  return missing.length > 0 ? Math.max(...missing) : undefined;
}

/** A stream that a budget covers, and what is known of it. */
interface BudgetPart {
  readonly stream: StreamRow;
  readonly through: Instant;
  /** The whole days read up to the day of `through`: oldest first, without a gap. */
  readonly days: readonly Instant[];
}

/** Undefined if any stream that the budget covers has a gap. */
function partsOf(input: PublishInput, { match }: Budget, period: Range): BudgetPart[] | undefined {
  const matches = matcherOf(match);
  const parts: BudgetPart[] = [];
  for (const [id, settings] of input.accounts) {
    if (!matches({ provider: settings.provider, account: settings.name })) continue;
    for (const { name } of settings.streams) {
      const stream = input.state.streamOf(id, name);
      const part = stream && partOf(input, stream, period);
      if (!part) return undefined;
      parts.push(part);
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

function spentIn(totals: BudgetTotals, budget: Budget, stream: number, period: Range): Usd | undefined {
  const { start } = period;
  if (budget.period === 'month') return totals.of(budget, stream, { kind: 'month', start });
  return sumKnown(daysOf(period).map((day) => totals.of(budget, stream, { kind: 'day', start: day })));
}

/** Net dollars that a stream is expected to cost between now and the end of the period. */
function expectedRest(
  totals: BudgetTotals,
  budget: Budget,
  part: BudgetPart,
  period: Range,
): Usd | undefined {
  const { stream, through, days } = part;
  if (!days.every((start) => totals.isLoaded({ kind: 'day', start }))) return undefined;
  const history = historyOf(part, (start) => totals.of(budget, stream.id, { kind: 'day', start }));
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
