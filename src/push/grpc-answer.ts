import type { ServiceError } from '@grpc/grpc-js';
import { readRpcStatus } from './rpc-status.ts';
import type { Wording } from './sanitize.ts';
import type { PushFailure, SendResult } from './transport.ts';

/** What a code means for the body that was sent. */
interface Meaning {
  readonly name: string;
  readonly reason: PushFailure;
  /** Whether the same body may be sent again; `told`: where the receiver says when. */
  readonly again: boolean | 'told';
}

/**
 * https://opentelemetry.io/docs/specs/otlp/#failures says which may be sent again,
 * https://grpc.io/docs/guides/status-codes/ what they are.
 */
const CODES: readonly Meaning[] = [
  { name: 'OK', reason: 'server', again: false },
  { name: 'CANCELLED', reason: 'server', again: true },
  { name: 'UNKNOWN', reason: 'server', again: false },
  { name: 'INVALID_ARGUMENT', reason: 'refused', again: false },
  { name: 'DEADLINE_EXCEEDED', reason: 'timeout', again: true },
  { name: 'NOT_FOUND', reason: 'refused', again: false },
  { name: 'ALREADY_EXISTS', reason: 'refused', again: false },
  { name: 'PERMISSION_DENIED', reason: 'auth', again: false },
  { name: 'RESOURCE_EXHAUSTED', reason: 'rate_limited', again: 'told' },
  { name: 'FAILED_PRECONDITION', reason: 'refused', again: false },
  { name: 'ABORTED', reason: 'server', again: true },
  { name: 'OUT_OF_RANGE', reason: 'server', again: true },
  { name: 'UNIMPLEMENTED', reason: 'refused', again: false },
  { name: 'INTERNAL', reason: 'server', again: false },
  { name: 'UNAVAILABLE', reason: 'network', again: true },
  { name: 'DATA_LOSS', reason: 'server', again: true },
  { name: 'UNAUTHENTICATED', reason: 'auth', again: false },
];

/** What the status means with which a receiver, or the way to it, ended a call. */
export function resultOfGrpc({ code, details, metadata }: ServiceError, words: Wording): SendResult {
  const {
    name,
    reason: usual,
    again,
  } = CODES[code] ?? { name: `code ${code}`, reason: 'server', again: false };
  const [encoded] = metadata.get('grpc-status-details-bin');
  const { retryAfterMs } = readRpcStatus(encoded instanceof Buffer ? encoded : new Uint8Array());
  const message = words([name, details].filter(Boolean).join(': '));
  // Without a trailer nobody but ourselves has said so.
  const reason = name === 'UNAVAILABLE' && saidByReceiver(metadata) ? 'server' : usual;
  if (again === true || (again === 'told' && retryAfterMs !== undefined))
    return { kind: 'again', reason, message, retryAfterMs };
  return { kind: 'refused', reason, message, bodyAtFault: name === 'INVALID_ARGUMENT' };
}

function saidByReceiver(metadata: ServiceError['metadata']): boolean {
  return Object.keys(metadata.getMap()).length > 0;
}
