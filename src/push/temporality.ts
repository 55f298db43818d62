import { AggregationTemporality, InstrumentType } from '@opentelemetry/sdk-metrics';
import type { TemporalityPreference } from './receiver.ts';

/** What is told as differences: https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/#additional-environment-variable-configuration */
const AS_DIFFERENCES: Readonly<Record<TemporalityPreference, readonly InstrumentType[]>> = {
  cumulative: [],
  delta: [InstrumentType.COUNTER, InstrumentType.OBSERVABLE_COUNTER, InstrumentType.HISTOGRAM],
  lowmemory: [InstrumentType.COUNTER, InstrumentType.HISTOGRAM],
};

/** How an instrument of the library's own is told. */
export function temporalityOf(
  preference: TemporalityPreference,
  instrument: InstrumentType,
): AggregationTemporality {
  return AS_DIFFERENCES[preference].includes(instrument)
    ? AggregationTemporality.DELTA
    : AggregationTemporality.CUMULATIVE;
}
