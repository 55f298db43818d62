import type { ServiceError, status as StatusCodes } from '@grpc/grpc-js';
import { NOTHING_REJECTED, partialSuccessIn } from './partial.ts';
import { readRpcStatus } from './rpc-status.ts';
import type { Sanitizer } from './sanitize.ts';
import type { PushFailure, SendResult } from './transport.ts';

/** What the codes mean, https://grpc.io/docs/guides/status-codes/; all others are failures of the server. */
const REASONS: Readonly<Record<string, PushFailure>> = {
  INVALID_ARGUMENT: 'refused',
  NOT_FOUND: 'refused',
  ALREADY_EXISTS: 'refused',
  FAILED_PRECONDITION: 'refused',
  UNIMPLEMENTED: 'refused',
  PERMISSION_DENIED: 'auth',
  UNAUTHENTICATED: 'auth',
  RESOURCE_EXHAUSTED: 'rate_limited',
  DEADLINE_EXCEEDED: 'timeout',
  UNAVAILABLE: 'network',
};

/** https://opentelemetry.io/docs/specs/otlp/#failures */
const RETRYABLE = new Set(
  'CANCELLED DEADLINE_EXCEEDED ABORTED OUT_OF_RANGE UNAVAILABLE DATA_LOSS'.split(' '),
);

/** The result of a call. Its error comes from the receiver, from a proxy, or from our own client. */
export function resultOfGrpc(
  error: ServiceError | null,
  answer: Uint8Array | undefined,
  names: typeof StatusCodes,
  sanitize: Sanitizer,
): SendResult {
  if (!error) {
    const { rejected, message } = partialSuccessIn(answer ?? new Uint8Array(), 'grpc') ?? NOTHING_REJECTED;
    return { kind: 'accepted', rejected, message: sanitize(message) };
  }
  const { code, details, metadata } = error;
  const name: string = names[code] ?? `code ${code}`;
  const [encoded] = metadata.get('grpc-status-details-bin');
  const { retryAfterMs } = readRpcStatus(encoded instanceof Buffer ? encoded : new Uint8Array());
  const message = sanitize([name, details].filter(Boolean).join(': '));
  // Without trailers the code comes from our own client.
  const isFromReceiver = Object.keys(metadata.getMap()).length > 0;
  const reason = name === 'UNAVAILABLE' && isFromReceiver ? 'server' : (REASONS[name] ?? 'server');
  if (RETRYABLE.has(name) || (name === 'RESOURCE_EXHAUSTED' && retryAfterMs !== undefined))
    return { kind: 'retryable', reason, message, retryAfterMs };
  return { kind: 'refused', reason, message, bodyAtFault: name === 'INVALID_ARGUMENT' };
}
