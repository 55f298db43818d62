import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Receiver } from '../push/receiver.ts';
import { type Exhausted, type RetryPolicy, type SendOutcome, sendWithRetry } from '../push/retry.ts';
import type { PushFailure, Transport } from '../push/transport.ts';

export interface SpanExporterOptions extends Pick<RetryPolicy, 'now' | 'wait' | 'random' | 'signal'> {
  /** `timeoutMs` limits a batch, including retries and waits. */
  readonly receiver: Pick<Receiver, 'protocol' | 'timeoutMs'>;
  /** To the receiver's traces; closed when the exporter is shut down. */
  readonly transport: Transport;
  /** Called when spans begin to be lost, when the reason changes, and when they arrive again. */
  readonly onTransition: (delivery: TraceDelivery) => void;
}

/** How the last batch of spans ended. */
export type TraceDelivery =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: PushFailure; readonly message: string };

/** Sends finished spans to one receiver. Drops what cannot be delivered in time: spans are worth less than memory. */
export function createSpanExporter(options: SpanExporterOptions): SpanExporter {
  const deliver = createDelivery(options);
  const running = new Set<Promise<void>>();
  let lastReason: PushFailure | undefined;

  const send = async (spans: ReadableSpan[]): Promise<void> => {
    const delivery = await deliver(spans).catch(() => UNENCODED);
    const reason = delivery.ok ? undefined : delivery.reason;
    const isTransition = reason !== lastReason;
    lastReason = reason;
    if (isTransition) options.onTransition(delivery);
  };

  return {
    export(spans, done) {
      // Outside of the context of the poll that happened to end last.
      const sending = context.with(ROOT_CONTEXT, send, undefined, spans).finally(() => {
        running.delete(sending);
        // Always a success: a failure has been reported, and would prevent an orderly shutdown of the processor.
        done({ code: 0 });
      });
      running.add(sending);
    },
    async shutdown() {
      await Promise.all(running);
      await options.transport.close();
    },
  };
}

const UNENCODED: TraceDelivery = { ok: false, reason: 'refused', message: 'spans could not be encoded' };

function createDelivery({ receiver, ...options }: SpanExporterOptions) {
  const { now, wait, signal } = options;
  const serializer = receiver.protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer;
  let pause: Exhausted | undefined;
  return async (spans: ReadableSpan[]): Promise<TraceDelivery> => {
    const body = serializer.serializeRequest(spans) ?? new Uint8Array();
    const until = now() + receiver.timeoutMs;
    // A pause applies to later batches: one that cannot wait that long is dropped.
    if (pause && pause.notBefore >= until) return deliveryOf(pause);
    if (pause && pause.notBefore > now()) await wait(pause.notBefore - now(), signal).catch(() => {});
    const sent = await sendWithRetry(body, { ...options, retried() {}, until });
    pause = sent.kind === 'exhausted' ? sent : undefined;
    return deliveryOf(sent);
  };
}

function deliveryOf(sent: SendOutcome): TraceDelivery {
  if (sent.kind !== 'accepted') return { ok: false, reason: sent.reason, message: sent.message };
  if (sent.rejected === 0) return { ok: true };
  return { ok: false, reason: 'partial', message: `${sent.rejected} spans were refused: ${sent.message}` };
}
