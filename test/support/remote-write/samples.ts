import type { SeriesLabels, WriteSample } from '../../../src/push/remote-write/sample.ts';
import { type WriteOptions, writeRemotely } from '../../../src/push/remote-write/write-remotely.ts';

/** The label sets of `count` series, the same objects in every call's samples. */
export function seriesOf(count: number, more: SeriesLabels = []): SeriesLabels[] {
  return Array.from(
    { length: count },
    (_, index): SeriesLabels => [
      ['__name__', 'ai_billing_cost_usd_total'],
      ['account', 'prod'],
      ...more,
      ['model', `m${index}`],
    ],
  );
}

/** One sample of each series per time, five minutes apart; a value is the number of its time plus a hundredth of its series. */
export function* samplesOf(
  series: readonly SeriesLabels[],
  times: number,
  start = Date.UTC(2026, 9, 1),
): Generator<WriteSample> {
  for (let time = 0; time < times; time++) {
    for (const [index, labels] of series.entries())
      yield { labels, at: start + time * 300_000, value: time + index / 100 };
  }
}

/** Sends with a clock that waits advance at once. */
export function write(
  stream: Parameters<typeof writeRemotely>[0],
  url: string,
  {
    receiver,
    ...options
  }: Partial<Omit<WriteOptions, 'receiver'>> & { receiver?: Partial<WriteOptions['receiver']> } = {},
) {
  let at = Date.UTC(2026, 10, 1);
  return writeRemotely(stream, {
    receiver: { url, headers: () => ({}), tls: {}, timeoutMs: 10_000, giveUpAfterMs: 60_000, ...receiver },
    userAgent: 'test/1',
    now: () => at,
    wait: async (ms) => {
      at += ms;
    },
    random: () => 0.5,
    signal: new AbortController().signal,
    ...options,
  });
}
