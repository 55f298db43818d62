import type { Attributes, MeterProvider, TracerProvider } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';

export interface RequestsOptions {
  readonly tracerProvider: TracerProvider;
  /** Whether the current request belongs to a poll: no other request is instrumented, in particular none to receivers. */
  readonly isPolling: () => boolean;
}

/**
 * Traces each HTTP request of a poll, and measures `http.client.request.duration`, until it is stopped.
 * The metric's attributes are method, status, server and kind of error: their cardinality follows the providers, not the paths.
 */
export function watchRequests({ tracerProvider, isPolling }: RequestsOptions) {
  const instrumentation = new UndiciInstrumentation({
    ignoreRequestHook: () => !isPolling(),
    startSpanHook: addressOf,
    requestHook(_span, request) {
      // No trace header reaches a provider, even if other code in the process sets a propagator.
      request.addHeader = () => {};
    },
  });
  instrumentation.setTracerProvider(tracerProvider);
  return {
    measure: (meterProvider: MeterProvider) => instrumentation.setMeterProvider(meterProvider),
    stop: () => instrumentation.disable(),
  };
}

/** Replaces the library's attributes, which include the query. */
function addressOf({ origin, path }: { readonly origin: string; readonly path: string }): Attributes {
  const url = new URL(path, origin);
  return { 'url.full': url.origin + url.pathname, 'url.query': undefined };
}
