import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { METRICS, type Metric } from '../../core/metrics/catalog.ts';
import type { Instant } from '../../core/values/time.ts';

/** How a push to a receiver ended, when, and how long it took. */
export interface RecordedPush {
  readonly ok: boolean;
  readonly at: Instant;
  readonly seconds: number;
}

/** From a push of a few points to one that takes as long as it may. */
const PUSH_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Self-metrics of pushes. */
export function createPushMetrics(registry: Registry) {
  const shape = shapeIn(registry);
  const up = new Gauge(shape(METRICS.otlpUp));
  const lastSuccess = new Gauge(shape(METRICS.otlpLastSuccess));
  const duration = new Histogram({ ...shape(METRICS.otlpPushDuration), buckets: PUSH_SECONDS });
  const taken = new Counter(shape(METRICS.otlpPoints));
  const retries = new Counter(shape(METRICS.otlpRetries));
  const lost = new Counter(shape(METRICS.otlpUndelivered));
  return {
    /** Exposes the receiver's counters at 0, before its first push. */
    receiverSeen(receiver: string, reasons: readonly string[]): void {
      duration.zero({ receiver });
      taken.inc({ receiver }, 0);
      retries.inc({ receiver }, 0);
      for (const reason of reasons) lost.inc({ receiver, reason }, 0);
    },
    pointsTaken: (receiver: string, points: number) => taken.inc({ receiver }, points),
    pointsLost: (receiver: string, points: number, reason: string) => lost.inc({ receiver, reason }, points),
    pushRetried: (receiver: string) => retries.inc({ receiver }),
    pushEnded(receiver: string, { ok, at, seconds }: RecordedPush): void {
      up.set({ receiver }, ok ? 1 : 0);
      if (ok) lastSuccess.set({ receiver }, at / 1000);
      duration.observe({ receiver }, seconds);
    },
  };
}

/** prom-client's configuration of a metric. */
export function shapeIn(registry: Registry) {
  return ({ name, help, labels }: Metric) => ({ name, help, labelNames: [...labels], registers: [registry] });
}
