import { setTimeout as sleep } from 'node:timers/promises';
import { context, ProxyTracerProvider, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { createSpanExporter, type SpanExporterOptions, type TraceDelivery } from './exporter.ts';
import { tracePolls, type WrapPoll } from './polls.ts';
import { watchRequests } from './requests.ts';

export type { TraceDelivery, WrapPoll };

export interface TelemetryOptions {
  /** Where spans are sent; no spans when absent. */
  readonly traces: TracesOptions | undefined;
  /** Attributes of the resource. */
  readonly resource: Readonly<Record<string, string>>;
}

export interface TracesOptions extends Pick<SpanExporterOptions, 'receiver' | 'transport' | 'onTransition'> {
  /** From 0 to 1: the fraction of polls that is traced. */
  readonly sampleRatio: number;
}

/** Traces and request metrics of polls. */
export type Telemetry = ReturnType<typeof openTelemetry>;

/**
 * Opens the exporter's own telemetry. It sets only the global context manager of OpenTelemetry, never a propagator.
 * Several in one process share the context manager of the first, until that one is stopped.
 */
export function openTelemetry({ traces, resource }: TelemetryOptions) {
  const spans = traces && openSpans(traces, resource);
  const tracerProvider = spans?.provider ?? new ProxyTracerProvider();
  // Not `createContextKey`, which gives the same key for the same name.
  const key = Symbol('polling');
  const isFirst = context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const isPolling = () => context.active().getValue(key) === true;
  const requests = watchRequests({ tracerProvider, isPolling });
  return {
    wrapPoll: tracePolls(tracerProvider.getTracer('ai-billing-exporter'), key),
    /** Measures `http.client.request.duration` for the readers of this provider from now on. */
    measure: requests.measure,
    logFields,
    /** After polls have ended: sends remaining spans, for at most `graceMs`, and removes all instrumentation. */
    async stop(graceMs: number): Promise<void> {
      requests.stop();
      await spans?.stop(graceMs);
      if (isFirst) context.disable();
    },
  };
}

/** The spans of some hundred polls: beyond that, while the receiver is down, the newest are dropped. */
const MAX_QUEUED_SPANS = 2048;

function openSpans({ sampleRatio, ...traces }: TracesOptions, resource: TelemetryOptions['resource']) {
  const aborting = new AbortController();
  const exporter = createSpanExporter({
    ...traces,
    // Monotonic: only durations count.
    now: () => performance.now(),
    wait: (ms, signal) => sleep(ms, undefined, { signal }),
    random: Math.random,
    signal: aborting.signal,
  });
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: MAX_QUEUED_SPANS,
    // Later than the exporter's own timeout, which ends a batch in order.
    exportTimeoutMillis: 2 * traces.receiver.timeoutMs,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes(resource),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [processor],
    // Events are stack traces of failed requests, with installation paths; code and message are on the span itself.
    spanLimits: { eventCountLimit: 0, attributeValueLengthLimit: 1000 },
  });
  const stop = async (graceMs: number) => {
    const grace = setTimeout(() => aborting.abort(), graceMs);
    await provider.shutdown();
    clearTimeout(grace);
  };
  return { provider, stop };
}

/** The ids of the active span for a log line, if the span is sampled. */
function logFields(): Readonly<Record<string, string>> {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || (span.traceFlags & TraceFlags.SAMPLED) === 0) return {};
  return { trace_id: span.traceId, span_id: span.spanId };
}
