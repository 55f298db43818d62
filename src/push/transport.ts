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
  | { readonly kind: 'refused'; readonly reason: PushFailure; readonly message: string };

/** Carries encoded requests to one receiver. */
export interface Transport {
  /** Sends once. Ends early, as `again` with reason `timeout`, when the signal aborts; never throws. */
  send(body: Uint8Array, signal: AbortSignal): Promise<SendResult>;
  close(): Promise<void>;
}
