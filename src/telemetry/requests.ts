import type { Attributes, MeterProvider, TracerProvider } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';

export interface RequestsOptions {
  readonly tracerProvider: TracerProvider;
  /** Whether what is asked now is asked for a poll: nothing else is watched, least of all what goes to receivers. */
  readonly isPolling: () => boolean;
}

/** The HTTP requests of polls, watched. */
export interface WatchedRequests {
  /** Measures `http.client.request.duration` for the readers of this provider. */
  measure(meterProvider: MeterProvider): void;
  stop(): void;
}

/**
 * Makes a span of each HTTP request of a poll, and `http.client.request.duration` of all of them, until it is stopped.
 * The metric's attributes are method, status, server and kind of error: as many as there are providers, not as there are paths.
 */
export function watchRequests({ tracerProvider, isPolling }: RequestsOptions): WatchedRequests {
  const instrumentation = new UndiciInstrumentation({
    ignoreRequestHook: () => !isPolling(),
    startSpanHook: addressOf,
    requestHook(_span, request) {
      // The promise that no trace header reaches a provider, kept also where other code in the process set a propagator.
      request.addHeader = () => {};
    },
  });
  instrumentation.setTracerProvider(tracerProvider);
  return {
    measure: (meterProvider) => instrumentation.setMeterProvider(meterProvider),
    stop: () => instrumentation.disable(),
  };
}

/** Replaces what the library would record, which has the query in it. */
function addressOf({ origin, path }: { readonly origin: string; readonly path: string }): Attributes {
  const url = new URL(path, origin);
  return { 'url.full': url.origin + url.pathname, 'url.query': undefined };
}
