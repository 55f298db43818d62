import { ZERO_SERIES, zeroCounters } from '../ledger/known-zero.ts';
import type { AccountRow } from '../ledger/records.ts';
import { balanceOf, observationsOf } from '../reports/balances.ts';
import type { BudgetMatches } from '../reports/budget-matches.ts';
import type { BudgetState } from '../reports/budget-status.ts';
import type { SpendByCurrency } from '../reports/burn-rate.ts';
import { WINDOWS, type Window, windowState } from '../reports/windows.ts';
import { OBSERVATION_METRICS } from '../statement/observation-metrics.ts';
import type { Observation } from '../statement/statement.ts';
import { type Fixed, toNumber } from '../values/money.ts';
import { SECOND } from '../values/time.ts';
import { GAUGES, METRICS, type Metric } from './catalog.ts';
import { labelValues } from './labels.ts';
import type { SampleCollector } from './sample-collector.ts';
import type { SeriesInput } from './series-samples.ts';

export interface AccountInput extends SeriesInput {
  /** What a stream costs in 24 hours, if that is known. */
  readonly dailySpend: (stream: number) => SpendByCurrency | undefined;
  readonly withCosts: ReadonlySet<number>;
}

export function addAccount(input: AccountInput, samples: SampleCollector, account: AccountRow): void {
  addWindows(input, samples, account);
  addFeeds(input, samples, account);
  const observations = observationsOf(input, account.id);
  for (const observation of observations) addObservation(samples, account, observation);
  addRunway(input, samples, account, observations);
  const labels = labelsOf(account);
  samples
    .of(METRICS.seriesFolded)
    .push({ labels, value: account.overflowCount, createdAt: account.openedAt });
  // The sample before this one and this one are among them.
  samples.of(METRICS.series).push({ labels, value: samples.countOf(account.id) + 2 });
}

/** Whether each window is complete, and the known 0 of an account without a series of cost. */
function addWindows(input: AccountInput, samples: SampleCollector, account: AccountRow): void {
  const known: Window[] = [];
  for (const window of WINDOWS) {
    const { isKnown, incomplete } = windowState(input, account.id, window);
    if (isKnown) known.push(window);
    samples.add(account.id, METRICS.costWindowComplete, {
      labels: [...labelsOf(account), window],
      value: incomplete === undefined ? 1 : 0,
    });
  }
  if (known.length > 0 && !input.withCosts.has(account.id)) input.zeros.add(account.id);
  // Once shown it remains, so that no counter disappears, unless a charge has its very labels.
  if (input.zeros.has(account.id)) addZero(input, samples, account, known);
}

function addZero(
  { state, cache }: AccountInput,
  samples: SampleCollector,
  account: AccountRow,
  known: readonly Window[],
): void {
  const { resource, model, tier, detail } = ZERO_SERIES;
  const labels = [...labelsOf(account), resource, model, tier, detail];
  const { total, corrections, createdAt } = zeroCounters(state, account);
  const metric: Metric = METRICS.cost;
  samples.add(account.id, metric, { labels, value: toNumber(total), createdAt });
  if (metric.corrections)
    samples.add(account.id, metric.corrections, { labels, value: toNumber(corrections), createdAt });
  for (const window of known) samples.add(account.id, METRICS[GAUGES[window]], { labels, value: 0 });
  const info = cache.resource(account, resource, () => undefined);
  if (info.isFirstIn(samples)) samples.add(account.id, METRICS.resourceInfo, info.sample);
}

function addFeeds({ state, now }: AccountInput, samples: SampleCollector, account: AccountRow): void {
  for (const { feed, read, reconciliation } of state.feedsOf(account.id)) {
    const labels = [...labelsOf(account), feed];
    const add = (metric: Metric, value: number) => samples.add(account.id, metric, { labels, value });
    const last = read.at(-1);
    if (last) {
      add(METRICS.dataFrom, last.start / 1000);
      // As-ofs of one account are milliseconds apart; an end further ahead comes from a clock that has been set back since.
      add(METRICS.dataThrough, (last.end - now > SECOND ? now : last.end) / 1000);
    }
    if (reconciliation) add(METRICS.reconciliation, toNumber(reconciliation.difference));
  }
}

function addObservation(
  samples: SampleCollector,
  account: AccountRow,
  { metric: key, labels, value }: Observation,
): void {
  const metric = OBSERVATION_METRICS[key];
  samples.add(account.id, metric, { labels: labelValues(metric, account, labels), value: toNumber(value) });
}

function addRunway(
  input: AccountInput,
  samples: SampleCollector,
  account: AccountRow,
  observations: readonly Observation[],
): void {
  const { runwaySeconds } = balanceOf(input, account.id, observations, input.dailySpend);
  if (runwaySeconds !== undefined)
    samples.add(account.id, METRICS.runway, { labels: labelsOf(account), value: toNumber(runwaySeconds) });
}

function labelsOf({ provider, name }: AccountRow): string[] {
  return [provider, name];
}

export function addBudget(samples: SampleCollector, { budget, period, spent, forecast }: BudgetState): void {
  const labels = [budget.name];
  const addUsd = (metric: Metric, amount: Fixed | undefined) => {
    if (amount !== undefined) samples.of(metric).push({ labels, value: toNumber(amount) });
  };
  addUsd(METRICS.budgetLimit, budget.limit);
  addUsd(METRICS.budgetSpent, spent);
  addUsd(METRICS.budgetForecast, forecast);
  const { name, severity, alertAt } = budget;
  samples.of(METRICS.budgetInfo).push({ labels: [name, budget.period, severity], value: 1 });
  for (const value of alertAt)
    samples.of(METRICS.budgetThreshold).push({ labels: [name, String(value)], value });
  samples.of(METRICS.budgetStart).push({ labels, value: period.start / 1000 });
  samples.of(METRICS.budgetEnd).push({ labels, value: period.end / 1000 });
}

export function addBudgetMatches(samples: SampleCollector, { budget, unmatched }: BudgetMatches): void {
  if (unmatched)
    samples.of(METRICS.budgetMatches).push({ labels: [budget.name], value: unmatched.length === 0 ? 1 : 0 });
}
