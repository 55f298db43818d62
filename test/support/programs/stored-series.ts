import assert from 'node:assert/strict';
import { z } from 'zod';
import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';
import { type Fixed, fromNumber } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import { type Amounts, LEDGER_COUNTERS, seriesKey } from '../providers/billing-activity.ts';
import type { MatrixSeries, Prometheus } from './prometheus.ts';

const Stored = z.object({
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
});

/** Every raw sample that Prometheus stored for a selector in the last ten minutes, or in the `range` before now. */
export function samplesOf(
  prometheus: Pick<Prometheus, 'url'>,
  selector: string,
  range = '10m',
): Promise<MatrixSeries[]> {
  return samplesIn(prometheus, `${selector}[${range}]`);
}

/** Every raw sample of a range vector such as `up[1h]`, now or at an instant. */
export async function samplesIn(
  prometheus: Pick<Prometheus, 'url'>,
  vector: string,
  at?: Instant,
): Promise<MatrixSeries[]> {
  const query = new URLSearchParams({
    query: vector,
    ...(at === undefined ? {} : { time: String(at / 1000) }),
  });
  const response = await fetch(`${prometheus.url}/api/v1/query?${query}`);
  const { result } = Stored.parse(await response.json()).data;
  return result.map(({ metric, values }) => ({
    labels: metric,
    values: values.map(([at, value]) => ({ at: at * 1000, value })),
  }));
}

/** Matches every counter that survives restarts of the exporter. */
export const COUNTERS = `{__name__=~"${[...LEDGER_COUNTERS].join('|')}"}`;

/** Counters to their corrections, by name. */
export const CORRECTIONS_OF: ReadonlyMap<string, string> = new Map(
  Object.values<Metric>(METRICS).flatMap(({ name, corrections }) =>
    corrections ? [[name, corrections.name]] : [],
  ),
);

/** The key of a series, without what Prometheus added to its labels. */
export function storedKey({
  __name__: name = '',
  job: _job,
  instance: _instance,
  ...labels
}: MatrixSeries['labels']): string {
  return seriesKey(name, labels);
}

/** The growth of each counter from its first sample to its last, less that of its corrections. */
export function netGrowth(history: readonly MatrixSeries[]): Amounts {
  const moved = new Map(history.map(({ labels, values }) => [storedKey(labels), movedOf(values)]));
  const net = new Map<string, Fixed>();
  for (const { labels } of history) {
    const twin = CORRECTIONS_OF.get(labels.__name__ ?? '');
    if (twin === undefined) continue;
    const corrections = moved.get(storedKey({ ...labels, __name__: twin }));
    if (corrections === undefined) assert.fail(`${storedKey(labels)} stands without its twin`);
    net.set(storedKey(labels), (moved.get(storedKey(labels)) ?? 0n) - corrections);
  }
  return new Map([...net].filter(([, value]) => value !== 0n));
}

function movedOf(values: MatrixSeries['values']): Fixed {
  return fromNumber(Number(values.at(-1)?.value)) - fromNumber(Number(values[0]?.value));
}
