import { AggregationTemporality, InstrumentType, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { PushQueue, type PushQueueOptions } from './exporter-queue.ts';
import type { Receiver, TemporalityPreference } from './receiver.ts';

export interface PushExporterOptions extends PushQueueOptions {
  readonly receiver: PushQueueOptions['receiver'] & Pick<Receiver, 'temporality'>;
}

/** Values of `ExportResultCode`, whose package is the library's own. */
const SUCCESS = 0;
const FAILED = 1;

/** Delivers what a reader collects to one receiver: an export is one push. */
export function createPushExporter(options: PushExporterOptions): PushMetricExporter {
  const queue = new PushQueue(options);
  return {
    export(metrics, done) {
      const failed = (message: string | undefined) => done({ code: FAILED, error: new Error(message) });
      // A listener of the push may throw; without a callback the reader would never push again.
      queue.push(metrics).then(
        ({ ok, message }) => (ok ? done({ code: SUCCESS }) : failed(message)),
        (error) => failed(String(error)),
      );
    },
    forceFlush: () => queue.settled(),
    shutdown: () => queue.close(),
    selectAggregationTemporality: (instrument) =>
      DELTA_INSTRUMENTS[options.receiver.temporality].includes(instrument)
        ? AggregationTemporality.DELTA
        : AggregationTemporality.CUMULATIVE,
  };
}

/** https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/#additional-environment-variable-configuration */
const DELTA_INSTRUMENTS: Readonly<Record<TemporalityPreference, readonly InstrumentType[]>> = {
  cumulative: [],
  delta: [InstrumentType.COUNTER, InstrumentType.OBSERVABLE_COUNTER, InstrumentType.HISTOGRAM],
  lowmemory: [InstrumentType.COUNTER, InstrumentType.HISTOGRAM],
};
