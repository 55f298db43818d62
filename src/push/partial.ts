import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { z } from 'zod';
import type { OtlpProtocol } from './receiver.ts';

/** What a receiver says about a body that it accepted. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

export const NOTHING_REJECTED: PartialSuccess = { rejected: 0, message: '' };

/** A 64-bit integer is a string in JSON; nonsense counts as 0. */
const Count = z.coerce.number().int().nonnegative().catch(0);

/** Of metrics or of traces: https://opentelemetry.io/docs/specs/otlp/#partial-success-1 */
const PartialSuccessBody = z.object({
  rejectedDataPoints: Count.optional(),
  rejectedSpans: Count.optional(),
  errorMessage: z.string().catch(''),
});

/** Its only field is optional. An object that has only other fields is not an OTLP answer. */
const ExportResponse = z
  .looseObject({ partialSuccess: PartialSuccessBody.nullish() })
  .refine((body) => 'partialSuccess' in body || Object.keys(body).length === 0);

/** Reads the body of a success; undefined if it is not OTLP, such as a login page. An empty body is OTLP. */
export function partialSuccessIn(body: Uint8Array, protocol: OtlpProtocol): PartialSuccess | undefined {
  if (body.length === 0) return NOTHING_REJECTED;
  const response = ExportResponse.safeParse(decoded(body, protocol));
  if (!response.success) return undefined;
  const { rejectedDataPoints, rejectedSpans, errorMessage = '' } = response.data.partialSuccess ?? {};
  return { rejected: rejectedDataPoints ?? rejectedSpans ?? 0, message: errorMessage };
}

function decoded(body: Uint8Array, protocol: OtlpProtocol): unknown {
  try {
    // The library's serializer reads invalid JSON as an empty answer.
    if (protocol === 'http/json') return JSON.parse(Buffer.from(body).toString());
    return ProtobufMetricsSerializer.deserializeResponse(body);
  } catch {
    return undefined;
  }
}
