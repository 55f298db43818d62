import type { Instant } from '../core/values/time.ts';
import type { Receiver } from './receiver.ts';

/** Why points were not delivered. */
export const PUSH_FAILURES = [
  'auth',
  'rate_limited',
  'timeout',
  'network',
  'server',
  'refused',
  'partial',
] as const;
export type PushFailure = (typeof PUSH_FAILURES)[number];

/** How a request ended. Messages hold no header, body or key. */
export type SendResult =
  /** `rejected` points of the body were not accepted: a partial success, which must not be sent again. */
  { readonly kind: 'accepted'; readonly rejected: number; readonly message: string } | Retryable | Refused;

/** The same body may be sent again, after `retryAfterMs` if the receiver named a pause. */
export interface Retryable {
  readonly kind: 'retryable';
  readonly reason: PushFailure;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/** The same body must not be sent again. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: PushFailure;
  readonly message: string;
  /** Only the content or size of this body was refused: another body may be accepted. */
  readonly bodyAtFault?: boolean;
}

/** What a transport needs in addition to its receiver. */
export interface TransportOptions {
  /** Name and version of the program, such as `ai-billing-exporter/1.0.0`. */
  readonly userAgent: string;
  /** For a Retry-After that is a date. */
  readonly now: () => Instant;
}

/** Where requests go over HTTP. */
export type HttpTarget = Pick<Receiver, 'url' | 'headers' | 'tls'>;

/** An answer over HTTP, as received. */
export interface HttpAnswer {
  readonly status: number;
  /** The first value of a header, whose name is in lower case. */
  readonly header: (name: string) => string | undefined;
  /** The beginning of the body; empty if it could not be read. */
  readonly body: Uint8Array;
}

/** Carries encoded requests to one receiver. */
export interface Transport {
  /** Sends once. Ends early, as `retryable` with reason `timeout`, when the signal aborts; never throws. */
  send(body: Uint8Array, signal: AbortSignal): Promise<SendResult>;
  close(): Promise<void>;
}
