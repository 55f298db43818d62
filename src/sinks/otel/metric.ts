import { type HrTime, ValueType } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type GaugeMetricData,
  type Histogram,
  type HistogramMetricData,
  type MetricData,
  type SumMetricData,
} from '@opentelemetry/sdk-metrics';
import type { Instant } from '../../core/values/time.ts';
import type { FamilyHeader } from '../prometheus/encode.ts';
import { otlpName, otlpUnit } from './names.ts';

export interface ProducerOptions {
  readonly now: () => Instant;
  /** Of the exporter: the scope's. */
  readonly version: string;
  /** Adds the attributes of the GenAI semantic conventions. */
  readonly genAi: boolean;
}

/** Milliseconds since the epoch as seconds and nanoseconds, exactly. */
export function hrTime(at: Instant): HrTime {
  return [Math.floor(at / 1000), (at % 1000) * 1e6];
}

/** A counter is a monotonic sum, anything else a gauge. */
export function numbersOf(
  family: FamilyHeader,
  dataPoints: DataPoint<number>[],
  aggregationTemporality = AggregationTemporality.CUMULATIVE,
): SumMetricData | GaugeMetricData {
  const metric = { descriptor: descriptorOf(family), aggregationTemporality, dataPoints };
  return family.type === 'counter'
    ? { ...metric, dataPointType: DataPointType.SUM, isMonotonic: true }
    : { ...metric, dataPointType: DataPointType.GAUGE };
}

export function histogramsOf(
  family: FamilyHeader,
  dataPoints: DataPoint<Histogram>[],
  aggregationTemporality = AggregationTemporality.CUMULATIVE,
): HistogramMetricData {
  const descriptor = descriptorOf(family);
  return { descriptor, aggregationTemporality, dataPointType: DataPointType.HISTOGRAM, dataPoints };
}

function descriptorOf(family: FamilyHeader) {
  return {
    name: otlpName(family),
    description: family.help,
    unit: otlpUnit(family.name),
    valueType: ValueType.DOUBLE,
  };
}

/** A producer's collection; its reader knows the resource. */
export function collection(version: string, metrics: MetricData[], errors: unknown[] = []): CollectionResult {
  const scopeMetrics = [{ scope: { name: 'ai-billing-exporter', version }, metrics }];
  return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors };
}
