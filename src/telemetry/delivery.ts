import { setTimeout as sleep } from 'node:timers/promises';
import type { Instant } from '../core/time.ts';
import type { SendResult, Transport } from '../push/transport.ts';

export interface DeliveryOptions {
  readonly transport: Transport;
  /** How long a body may take, repetitions and waits included. */
  readonly timeoutMs: number;
  readonly now: () => Instant;
  /** Gives up what is under way. */
  readonly signal: AbortSignal;
  /** Resolves once `now` has moved on by `ms`; ends early when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** How often a body is sent at most. */
const TRIES = 4;
const FIRST_BACKOFF_MS = 500;

type Again = SendResult & { readonly kind: 'again' };

/** Sends a body again while its receiver wants that, never earlier than told, until its time is up. Never throws. */
export function deliveryTo({ transport, timeoutMs, now, signal, wait = waited }: DeliveryOptions) {
  let pause: { readonly until: Instant; readonly result: Again } | undefined;
  return async (body: Uint8Array): Promise<SendResult> => {
    const endsAt = now() + timeoutMs;
    const deadline = startDeadline(signal, timeoutMs);
    try {
      for (let sent = 1; ; sent++) {
        // What was told about one body holds for the next, which is not even sent where it cannot wait that long.
        if (pause && pause.until > endsAt) return pause.result;
        if (pause) await wait(pause.until - now(), deadline.signal);
        if (pause && deadline.signal.aborted) return pause.result;
        const result = await transport.send(body, deadline.signal);
        pause = result.kind === 'again' ? { until: now() + pauseMs(sent, result), result } : undefined;
        if (!pause || sent === TRIES) return result;
      }
    } finally {
      deadline.end();
    }
  };
}

function pauseMs(sent: number, { retryAfterMs = 0 }: Again): number {
  return Math.max(retryAfterMs, FIRST_BACKOFF_MS * 2 ** (sent - 1));
}

async function waited(ms: number, signal: AbortSignal): Promise<void> {
  // It rejects when the signal aborts, which whoever waits looks at.
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** A signal that aborts when `signal` does or when the time is up; not one of the runtime's, which may be collected before. */
function startDeadline(signal: AbortSignal, ms: number) {
  const controller = new AbortController();
  const expire = () => controller.abort();
  const timer = setTimeout(expire, ms);
  if (signal.aborted) expire();
  signal.addEventListener('abort', expire, { once: true });
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', expire);
    },
  };
}
