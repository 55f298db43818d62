import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Instant } from '../core/values/time.ts';
import type { Receiver } from '../push/receiver.ts';
import { type RetryPolicy, type SendOutcome, sendWithRetry } from '../push/retry.ts';
import type { PushFailure, Transport } from '../push/transport.ts';

export interface SpanExporterOptions extends Pick<RetryPolicy, 'now' | 'wait' | 'random' | 'signal'> {
  /** A batch may take as long as its `timeoutMs`, repetitions and waits included. */
  readonly receiver: Pick<Receiver, 'protocol' | 'timeoutMs'>;
  /** To the receiver's traces; closed when the exporter is shut down. */
  readonly transport: Transport;
  /** Hears when spans begin to be lost, when they are for another reason than before, and when they arrive again. */
  readonly told: (delivery: TraceDelivery) => void;
}

/** How the last batch of spans ended. */
export type TraceDelivery =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: PushFailure; readonly message: string };

/** Sends finished spans to one receiver. What cannot be delivered in time is dropped: spans are worth less than memory. */
export function createSpanExporter(options: SpanExporterOptions): SpanExporter {
  const deliver = deliveryTo(options);
  const underWay = new Set<Promise<void>>();
  let last: TraceDelivery = { ok: true };

  const send = async (spans: ReadableSpan[]): Promise<void> => {
    const delivery = await deliver(spans).catch(() => UNENCODED);
    const isNews = reasonOf(delivery) !== reasonOf(last);
    last = delivery;
    if (isNews) options.told(delivery);
  };

  return {
    export(spans, done) {
      // These requests are not those of the poll that happened to end last.
      const sending = context.with(ROOT_CONTEXT, send, undefined, spans).finally(() => {
        underWay.delete(sending);
        // Always a success: a failure was told already, and would keep the processor from shutting down in order.
        done({ code: 0 });
      });
      underWay.add(sending);
    },
    async shutdown() {
      await Promise.all(underWay);
      await options.transport.close();
    },
  };
}

const UNENCODED: TraceDelivery = { ok: false, reason: 'refused', message: 'spans could not be encoded' };

function deliveryTo({ receiver, ...options }: SpanExporterOptions) {
  const { now, wait, signal } = options;
  const serializer = receiver.protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer;
  const patience = { ...options, retried() {} };
  let silence: { readonly until: Instant; readonly delivery: TraceDelivery } | undefined;
  return async (spans: ReadableSpan[]): Promise<TraceDelivery> => {
    const body = serializer.serializeRequest(spans) ?? new Uint8Array();
    const until = now() + receiver.timeoutMs;
    // What the receiver said about one batch holds for the next, which is not even sent where it cannot wait that long.
    if (silence && silence.until >= until) return silence.delivery;
    if (silence && silence.until > now()) await wait(silence.until - now(), signal).catch(() => {});
    const sent = await sendWithRetry(body, { ...patience, until });
    const delivery = deliveryOf(sent);
    silence = sent.kind === 'given up' ? { until: sent.notBefore, delivery } : undefined;
    return delivery;
  };
}

function deliveryOf(sent: SendOutcome): TraceDelivery {
  if (sent.kind !== 'taken') return { ok: false, reason: sent.reason, message: sent.message };
  if (sent.rejected === 0) return { ok: true };
  return { ok: false, reason: 'partial', message: `${sent.rejected} spans were refused: ${sent.message}` };
}

function reasonOf(delivery: TraceDelivery): PushFailure | undefined {
  return delivery.ok ? undefined : delivery.reason;
}
