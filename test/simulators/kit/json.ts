import { type Fixed, formatDecimal, ONE } from '../../../src/core/values/money.ts';

/**
 * JSON text in which every `bigint` is a {@link Fixed} amount, written as a number with all of its digits: a provider does not
 * stop at what a double can hold.
 */
export function exactJson(value: unknown): string {
  if (typeof value === 'bigint') return formatDecimal(value);
  if (Array.isArray(value)) return `[${value.map((item) => exactJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}:${exactJson(member)}`);
  return `{${members.join(',')}}`;
}

/** An amount without what lies below `grain`, towards zero: keeps made-up numbers as short as real ones. */
export function truncateTo(grain: Fixed, value: Fixed): Fixed {
  return (value / grain) * grain;
}

/** A millionth of a unit. */
export const MICRO: Fixed = ONE / 1_000_000n;
