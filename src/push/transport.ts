import type { Instant } from '../core/values/time.ts';

/** Why a receiver did not take points. */
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
  /** `rejected` points of the body were not taken: a partial success, which must not be sent again. */
  | { readonly kind: 'taken'; readonly rejected: number; readonly message: string }
  /** The same body may be sent again, not before `retryAfterMs` where the receiver said so. */
  | {
      readonly kind: 'again';
      readonly reason: PushFailure;
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    }
  | Refused;

/** The same body must not be sent again. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: PushFailure;
  readonly message: string;
  /** Only what this body holds, or its size, was refused: another one may be taken. */
  readonly bodyAtFault?: boolean;
}

/** What a transport is besides its receiver. */
export interface TransportOptions {
  /** Name and version of the program, such as `ai-billing-exporter/1.0.0`. */
  readonly userAgent: string;
  /** For a Retry-After that is a date. */
  readonly now: () => Instant;
}

/** Carries encoded requests to one receiver. */
export interface Transport {
  /** Sends once. Ends early, as `again` with reason `timeout`, when the signal aborts; never throws. */
  send(body: Uint8Array, signal: AbortSignal): Promise<SendResult>;
  close(): Promise<void>;
}
