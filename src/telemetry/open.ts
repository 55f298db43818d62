import { setTimeout as sleep } from 'node:timers/promises';
import { context, type MeterProvider, ProxyTracerProvider, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Receiver } from '../push/receiver.ts';
import type { Transport } from '../push/transport.ts';
import { createSpanExporter, type TraceDelivery } from './exporter.ts';
import { tracePolls, type WrapPoll } from './polls.ts';
import { watchRequests } from './requests.ts';

export type { TraceDelivery, WrapPoll };

export interface TelemetryOptions {
  /** Where spans go; none are made when absent. */
  readonly traces: TracesOptions | undefined;
  /** Attributes of the resource. */
  readonly resource: Readonly<Record<string, string>>;
}

export interface TracesOptions {
  readonly receiver: Pick<Receiver, 'protocol' | 'timeoutMs'>;
  /** To the receiver's traces; closed by `stop`. */
  readonly transport: Transport;
  /** From 0 to 1: which part of all polls is traced. */
  readonly sampleRatio: number;
  /** Hears when spans begin to be lost, when they are for another reason than before, and when they arrive again. */
  readonly told: (delivery: TraceDelivery) => void;
}

/** What the exporter tells about itself while it polls. */
export interface Telemetry {
  readonly wrapPoll: WrapPoll;
  /** Counts `http.client.request.duration` for the readers of this provider from now on. */
  measure(meterProvider: MeterProvider): void;
  /** What a log line carries: the ids of the span it is written in, where that is one that will be sent. */
  readonly logFields: () => Readonly<Record<string, string>>;
  /** Once polls have ended: sends what is left, for at most `graceMs`, and leaves nothing behind in the process. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Opens the exporter's own telemetry. Of OpenTelemetry's globals only the context manager is set; a propagator never is.
 * Where several are open in one process they share the first one's contexts, until that one is stopped.
 */
export function openTelemetry({ traces, resource }: TelemetryOptions): Telemetry {
  const spans = traces && openSpans(traces, resource);
  const tracerProvider = spans?.provider ?? new ProxyTracerProvider();
  // Not `createContextKey`, which gives the same key for the same name.
  const key = Symbol('a poll is going on');
  const isFirst = context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const isPolling = () => context.active().getValue(key) === true;
  const requests = watchRequests({ tracerProvider, isPolling });
  return {
    wrapPoll: tracePolls(tracerProvider.getTracer('ai-billing-exporter'), key),
    measure: requests.measure,
    logFields,
    async stop(graceMs) {
      requests.stop();
      await spans?.stop(graceMs);
      if (isFirst) context.disable();
    },
  };
}

/** Spans of some hundred polls: beyond that, while the receiver is down, the newest are dropped. */
const MOST_WAITING = 2048;

function openSpans({ sampleRatio, ...traces }: TracesOptions, resource: TelemetryOptions['resource']) {
  const giveUp = new AbortController();
  const exporter = createSpanExporter({
    ...traces,
    // Only differences count, and they must not jump.
    now: () => performance.now(),
    wait: (ms, signal) => sleep(ms, undefined, { signal }),
    random: Math.random,
    signal: giveUp.signal,
  });
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: MOST_WAITING,
    // Later than the exporter's own end, which alone knows how to give up.
    exportTimeoutMillis: 2 * traces.receiver.timeoutMs,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes(resource),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [processor],
    // Events are stacks of failed requests, which say where we are installed; code and message are on the span itself.
    spanLimits: { eventCountLimit: 0, attributeValueLengthLimit: 1000 },
  });
  const stop = async (graceMs: number) => {
    const grace = setTimeout(() => giveUp.abort(), graceMs);
    await provider.shutdown();
    clearTimeout(grace);
  };
  return { provider, stop };
}

function logFields(): Readonly<Record<string, string>> {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || (span.traceFlags & TraceFlags.SAMPLED) === 0) return {};
  return { trace_id: span.traceId, span_id: span.spanId };
}
