import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { OtlpProtocol } from '../push/receiver.ts';
import type { PushFailure, SendResult } from '../push/transport.ts';
import { type DeliveryOptions, deliveryTo } from './delivery.ts';

export interface SpanExporterOptions extends DeliveryOptions {
  readonly protocol: OtlpProtocol;
  /** Hears when spans begin to be lost, when they are for another reason than before, and when they arrive again. */
  readonly told: (delivery: TraceDelivery) => void;
}

/** How the last batch of spans ended. */
export type TraceDelivery =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: PushFailure; readonly message: string };

/**
 * Sends finished spans to one receiver, whose transport it closes in the end. What cannot be delivered in time is dropped:
 * spans are worth less than memory.
 */
export function createSpanExporter(options: SpanExporterOptions): SpanExporter {
  const serializer = options.protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer;
  const deliver = deliveryTo(options);
  const underWay = new Set<Promise<void>>();
  let last: TraceDelivery = { ok: true };

  const attempt = async (spans: ReadableSpan[]): Promise<TraceDelivery> => {
    try {
      const body = serializer.serializeRequest(spans);
      return body === undefined ? UNENCODED : deliveryOf(await deliver(body));
    } catch {
      return UNENCODED;
    }
  };

  const send = async (spans: ReadableSpan[]): Promise<void> => {
    const delivery = await attempt(spans);
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

function deliveryOf(result: SendResult): TraceDelivery {
  if (result.kind !== 'taken') return { ok: false, reason: result.reason, message: result.message };
  if (result.rejected === 0) return { ok: true };
  return {
    ok: false,
    reason: 'partial',
    message: `${result.rejected} spans were refused: ${result.message}`,
  };
}

function reasonOf(delivery: TraceDelivery): PushFailure | undefined {
  return delivery.ok ? undefined : delivery.reason;
}
