import type { Usd } from '../values/money.ts';
import { type PublishInput, type Window, windowAt, windowState } from './windows.ts';

/** Exact dollars of an account in a window; undefined until all of its streams were read without a gap. */
export function windowCostOf(input: PublishInput, account: number, window: Window): Usd | undefined {
  if (!windowState(input, account, window).isKnown) return undefined;
  const { series, streams } = input.book;
  const { kind, start } = windowAt(window, input.now);
  let sum = 0n;
  for (const [id, value] of input.book.periodTotals(kind, start)) {
    if (streams.get(series.get(id)?.stream ?? 0)?.account === account) sum += value;
  }
  return sum;
}
