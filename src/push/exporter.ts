import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { openPushes, type PushesOptions } from './exporter-queue.ts';
import type { Receiver } from './receiver.ts';
import { temporalityOf } from './temporality.ts';

export interface PushExporterOptions extends PushesOptions {
  readonly receiver: PushesOptions['receiver'] & Pick<Receiver, 'temporality'>;
}

/** Values of `ExportResultCode`, whose package is the library's own. */
const SUCCESS = 0;
const FAILED = 1;

/** Delivers what a reader collects to one receiver: an export is one push. */
export function createPushExporter(options: PushExporterOptions): PushMetricExporter {
  const pushes = openPushes(options);
  return {
    export(metrics, done) {
      const failed = (message: string | undefined) => done({ code: FAILED, error: new Error(message) });
      // Whoever hears of the push may throw; a reader that is not called back would never push again.
      pushes.push(metrics).then(
        ({ ok, message }) => (ok ? done({ code: SUCCESS }) : failed(message)),
        (error) => failed(String(error)),
      );
    },
    forceFlush: pushes.settled,
    shutdown: pushes.close,
    selectAggregationTemporality: (instrument) => temporalityOf(options.receiver.temporality, instrument),
  };
}
