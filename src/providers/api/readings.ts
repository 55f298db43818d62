import type { Note, Observation, ResourceFacts } from '../../core/statement/statement.ts';
import type { Fixed } from '../../core/values/money.ts';
import type { FeedContext, RangeReading } from './provider.ts';

type Parts = { readonly [Part in keyof RangeReading]?: RangeReading[Part] | undefined };

/** A reading of what is there: a part that is undefined is absent, and a list that is undefined is empty. */
export function reading({ statement, reconciliation, notes, state, reread, ...lists }: Parts): RangeReading {
  const { resources = [], observations = [], drift = [] } = lists;
  return {
    ...(statement && { statement }),
    resources,
    observations,
    ...(reconciliation && { reconciliation }),
    drift,
    ...(notes && { notes }),
    ...(state !== undefined && { state }),
    ...(reread && { reread }),
  };
}

type Absent = null | undefined;

/** One observation, or none if there is no value: unknown is not zero. */
export function observe(
  metric: Observation['metric'],
  labels: Observation['labels'],
  value: Fixed | Absent,
): Observation[] {
  return typeof value === 'bigint' ? [{ metric, labels, value }] : [];
}

/** An amount of `currency` in US dollars; none if it is unknown or has no rate. */
export function observeUsd(
  metric: Observation['metric'],
  { amount, currency }: { readonly amount: Fixed | Absent; readonly currency: string },
  { usdOf }: Pick<FeedContext<unknown>, 'usdOf'>,
): Observation[] {
  return typeof amount === 'bigint' ? observe(metric, { currency }, usdOf(amount, currency)) : [];
}

type WrittenFacts = { readonly [Fact in keyof ResourceFacts]: ResourceFacts[Fact] | Absent } & {
  readonly resource: string;
};

/** What is known of a resource, without what is empty. */
export function factsOf({ resource, ...facts }: WrittenFacts): ResourceFacts {
  const known = Object.entries(facts).filter(
    ([, fact]) => fact !== undefined && fact !== null && fact !== '',
  );
  return { resource, ...Object.fromEntries(known) };
}

/** Something to read in the log and the status. */
export function note(topic: string, text: string, isWarning = false): Note {
  return { topic, text, isWarning };
}

/** The sum, undefined while one of the amounts is unknown: a part must not pass for the whole. */
export function sumOfAll(amounts: readonly (Fixed | Absent)[]): Fixed | undefined {
  const known = amounts.filter((amount) => typeof amount === 'bigint');
  return known.length === amounts.length ? sum(known) : undefined;
}

export function sum(amounts: readonly Fixed[]): Fixed {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
