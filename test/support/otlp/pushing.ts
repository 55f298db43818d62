import { ValueType } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { PushEnd, PushEvents } from '../../../src/push/push.ts';
import type { Receiver } from '../../../src/push/receiver.ts';
import type { EncodedPoint } from '../../../src/push/split.ts';
import type { PushFailure } from '../../../src/push/transport.ts';

/** A receiver as configured. */
export function receiverAt(url: string, settings: Partial<Receiver> = {}): Receiver {
  return {
    name: 'default',
    protocol: 'http/protobuf',
    url,
    headers: () => ({}),
    compression: 'none',
    temporality: 'cumulative',
    intervalMs: 60_000,
    timeoutMs: 10_000,
    pushTimeoutMs: 30_000,
    tls: {},
    ...settings,
  };
}

/** One scope of counters with the given numbers of points, distinguished by the attribute `n`. */
export function countersOf(...sizes: readonly number[]): ResourceMetrics {
  return metricsWith(sizes.map((size, family) => counterOf(size, family)));
}

export function metricsWith(metrics: MetricData[]): ResourceMetrics {
  return {
    resource: resourceFromAttributes({ 'service.name': 'test' }),
    scopeMetrics: [{ scope: { name: 'ledger', version: '1' }, metrics }],
  };
}

export function counterOf(size: number, family = 0, attributes: Record<string, string> = {}): MetricData {
  return {
    descriptor: { name: `family.${family}`, description: '', unit: '', valueType: ValueType.DOUBLE },
    dataPointType: DataPointType.SUM,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    isMonotonic: true,
    dataPoints: Array.from({ length: size }, (_, n) => ({
      startTime: [1_800_000_000, 0],
      endTime: [1_800_000_060, 0],
      attributes: { ...attributes, n: `${n}` },
      value: n + 0.5,
    })),
  };
}

/** The points of a push, in its order. */
export function pointsOf({ scopeMetrics }: ResourceMetrics): EncodedPoint[] {
  return scopeMetrics.flatMap(({ metrics }) => metrics.flatMap<EncodedPoint>(({ dataPoints }) => dataPoints));
}

/** Push events, recorded. */
export interface RecordedPushEvents extends PushEvents {
  readonly told: EncodedPoint[];
  readonly losses: (readonly [count: number, reason: PushFailure])[];
  readonly ends: PushEnd[];
  retries: number;
  /** How many pushes were delivered. */
  carries: number;
}

export function recordPushEvents(): RecordedPushEvents {
  const heard: RecordedPushEvents = {
    told: [],
    losses: [],
    ends: [],
    retries: 0,
    carries: 0,
    accepted: (points) => heard.told.push(...points),
    lost: (count, reason) => heard.losses.push([count, reason]),
    retried: () => heard.retries++,
    carried: () => heard.carries++,
    ended: (end) => heard.ends.push(end),
  };
  return heard;
}

/** A clock that only advances by waiting. */
export interface StillClock {
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  /** How long each wait was. */
  readonly waits: number[];
}

export function stillClock(at: number): StillClock {
  const waits: number[] = [];
  return {
    waits,
    now: () => waits.reduce((sum, ms) => sum + ms, at),
    wait: async (ms) => {
      waits.push(ms);
    },
  };
}
