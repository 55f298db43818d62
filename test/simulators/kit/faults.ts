import type { Reply } from './reply.ts';

/** Where a 429 says how long to wait. `reset`: the provider's own headers; `body`: a member of its JSON. */
export type WaitStyle = 'seconds' | 'date' | 'reset' | 'body' | 'none';

/** A way for a provider to misbehave. */
export type SimulatedFault = (
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'throttle'; readonly waitSeconds: number; readonly style: WaitStyle }
  /** Sends nothing until the caller gives up, or with `afterHeaders` no body. */
  | { readonly kind: 'hang'; readonly afterHeaders?: boolean }
  /** The connection ends without an answer. */
  | { readonly kind: 'reset' }
  /** The connection ends in the middle of the body. */
  | { readonly kind: 'cut' }
  /** A complete answer whose JSON ends in the middle. */
  | { readonly kind: 'truncated' }
  | { readonly kind: 'html' }
  | { readonly kind: 'empty' }
  /** A valid response with an edited body. */
  | { readonly kind: 'edit'; readonly edit: (body: string) => string }
  /** A valid response, delayed. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** A valid response of a provider whose clock is ahead (or, if negative, behind). */
  | { readonly kind: 'skew'; readonly aheadMs: number }
  /** The next page is always this page (Venice's cursor). */
  | { readonly kind: 'repeat_cursor' }
) & {
  /** The number of matching requests that pass first: 2 damages page 3. */
  readonly after?: number;
  /** How many requests then fail; all of them by default. */
  readonly times?: number;
};

interface Armed {
  readonly fault: SimulatedFault;
  readonly paths: RegExp | undefined;
  met: number;
}

export interface FaultInjector {
  /** Sets the fault of the paths, replacing an earlier one; undefined removes it (without paths: all faults). */
  arm(fault: SimulatedFault | undefined, paths?: RegExp): void;
  /** The fault of this request, if any. Counts the request. */
  strike(path: string): SimulatedFault | undefined;
}

export function createFaultInjector(): FaultInjector {
  let armed: Armed[] = [];
  return {
    arm: (fault, paths) => {
      armed = fault || paths ? armed.filter((other) => other.paths?.source !== paths?.source) : [];
      if (fault) armed.unshift({ fault, paths, met: 0 });
    },
    strike: (path) => {
      for (const candidate of armed.filter(({ paths }) => paths?.test(path) ?? true)) {
        candidate.met += 1;
        const from = candidate.fault.after ?? 0;
        const nth = candidate.met - from;
        if (nth > 0 && nth <= (candidate.fault.times ?? Number.POSITIVE_INFINITY)) return candidate.fault;
      }
      return undefined;
    },
  };
}

/** Applies a fault that changes the bytes of a response. */
export function corrupt(
  reply: Reply,
  text: string,
  fault: SimulatedFault | undefined,
): { reply: Reply; text: string } {
  switch (fault?.kind) {
    case 'truncated':
      return { reply, text: text.slice(0, Math.ceil(text.length / 2)) };
    case 'html':
      return { reply: { ...reply, type: 'text/html; charset=utf-8' }, text: MAINTENANCE };
    case 'empty':
      return { reply, text: '' };
    case 'edit':
      return { reply, text: fault.edit(text) };
    default:
      return { reply, text };
  }
}

const MAINTENANCE = '<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>';
