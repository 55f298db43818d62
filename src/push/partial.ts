import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { z } from 'zod';
import type { OtlpProtocol } from './receiver.ts';

/** What a receiver says of a body that it took: none of it was rejected where it says nothing. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

const NONE: PartialSuccess = { rejected: 0, message: '' };

/** A 64-bit integer is a string in JSON; nonsense counts as 0. */
const Count = z.coerce.number().int().nonnegative().catch(0);

/** Of metrics or of traces: https://opentelemetry.io/docs/specs/otlp/#partial-success-1 */
const ExportResponse = z.object({
  partialSuccess: z.object({
    rejectedDataPoints: Count.optional(),
    rejectedSpans: Count.optional(),
    errorMessage: z.string().catch(''),
  }),
});

/** Reads the body of a success; one that cannot be read says nothing. */
export function partialSuccessIn(body: Uint8Array, protocol: OtlpProtocol): PartialSuccess {
  const response = ExportResponse.safeParse(decoded(body, protocol));
  if (!response.success) return NONE;
  const { rejectedDataPoints, rejectedSpans, errorMessage } = response.data.partialSuccess;
  return { rejected: rejectedDataPoints ?? rejectedSpans ?? 0, message: errorMessage };
}

function decoded(body: Uint8Array, protocol: OtlpProtocol): unknown {
  const serializer = protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  try {
    return serializer.deserializeResponse(body);
  } catch {
    return undefined;
  }
}
