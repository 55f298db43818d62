import { type Fixed, fromNumber } from '../../src/core/values/money.ts';
import type { Scope } from '../support/exporter/process.ts';
import type { OtlpMetric } from '../support/otlp/otlp-metrics.ts';
import { type Answer, type Push, startOtlpReceiver } from '../support/otlp/otlp-receiver.ts';
import { LEDGER_COUNTERS } from '../support/providers/billing-activity.ts';

/** Adds up deltas. */
export interface DeltaTotals {
  readonly url: string;
  /** Accepts everything from now on. */
  calm(): void;
  /** The sum of each counter's deltas, by its name on `/metrics` and its labels, without zeros. */
  totals(): ReadonlyMap<string, Fixed>;
  /** The number of requests refused or not answered. */
  refused(): number;
}

/** A delta repeated with the same start time replaces the previous one. */
interface Sum {
  readonly before: Fixed;
  readonly start: number;
  readonly value: Fixed;
}

/** Starts a receiver that refuses one request in eight, and accepts one in thirty without a response. */
export async function startDeltaReceiver(scope: Scope, dice: () => number): Promise<DeltaTotals> {
  const deltas = new Map<string, Sum>();
  let calm = false;
  let refused = 0;
  const answer = (push: Push): Answer | Promise<Answer> => {
    const thrown = calm ? 1 : dice();
    receiver.pushes.length = 0;
    if (thrown < 0.16) refused += 1;
    if (thrown < 0.05) return { status: 503 };
    if (thrown < 0.09) return { status: 429, headers: { 'retry-after': '0' } };
    if (thrown < 0.125) return { status: 400 };
    for (const metric of push.metrics) add(deltas, metric);
    return thrown < 0.16 ? new Promise<Answer>(() => {}) : {};
  };
  const receiver = await startOtlpReceiver(scope, { protocol: 'http/protobuf', answer });
  return {
    url: receiver.url,
    calm: () => {
      calm = true;
    },
    totals: () => {
      const all = [...deltas].map(([key, { before, value }]) => [key, before + value] as const);
      return new Map(all.filter(([, total]) => total !== 0n));
    },
    refused: () => refused,
  };
}

function add(deltas: Map<string, Sum>, metric: OtlpMetric): void {
  const name = `${metric.name.replaceAll('.', '_')}_total`;
  if (!LEDGER_COUNTERS.has(name)) return;
  if (metric.temporality !== 'delta') throw new Error(`${metric.name} is ${metric.temporality}`);
  for (const { attributes, start, value = Number.NaN } of metric.points) {
    const key = keyOf(name, attributes);
    const known = deltas.get(key);
    const before = known ? known.before + (known.start === start ? 0n : known.value) : 0n;
    deltas.set(key, { before, start, value: fromNumber(value) });
  }
}

/** A key per series, without its empty labels. */
export function keyOf(name: string, labels: Readonly<Record<string, string | number | boolean>>): string {
  const info = Object.entries(labels).filter(([, value]) => value !== '');
  return `${name}${JSON.stringify(info.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}
