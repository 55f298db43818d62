import { type Attributes, context, type Span, SpanStatusCode, type Tracer } from '@opentelemetry/api';

/** The feed, as far as the poll's span describes it. */
export interface Polled {
  readonly labels: { readonly provider: string; readonly account: string; readonly feed: string };
}

/** How a poll ended, as far as its span describes it. */
export type PollEnd =
  | { readonly kind: 'succeeded' | 'postponed' }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string; readonly isBug: boolean };

/** Runs a poll in a root span; `stopping` is aborted if the poll was abandoned. */
export type WrapPoll = <End extends PollEnd>(
  polled: Polled,
  poll: () => Promise<End>,
  stopping: AbortSignal,
) => Promise<End>;

/** @param isPolling the key of the context that polls run in. */
export function tracePolls(tracer: Tracer, isPolling: symbol): WrapPoll {
  return ({ labels }, poll, stopping) => {
    const name = `poll ${labels.provider} ${labels.feed}`;
    const options = { root: true, attributes: attributesOf(labels) };
    const marked = context.active().setValue(isPolling, true);
    return tracer.startActiveSpan(name, options, marked, async (span) => {
      try {
        const end = await poll();
        describe(span, end, stopping.aborted);
        return end;
      } finally {
        span.end();
      }
    });
  };
}

function attributesOf({ provider, account, feed }: Polled['labels']): Attributes {
  return { 'ai_billing.provider': provider, 'ai_billing.account': account, 'ai_billing.feed': feed };
}

function describe(span: Span, end: PollEnd, isAbandoned: boolean): void {
  span.setAttribute('ai_billing.outcome', isAbandoned ? 'abandoned' : OUTCOMES[end.kind]);
  if (isAbandoned || !('reason' in end)) return;
  span.setAttribute('ai_billing.reason', end.reason);
  if (end.kind === 'unavailable') return;
  // Messages of known failures hold no secret; those of internal errors may hold anything, and are only logged.
  span.setStatus({ code: SpanStatusCode.ERROR, message: end.isBug ? 'internal error' : end.message });
}

const OUTCOMES = {
  succeeded: 'succeeded',
  postponed: 'postponed',
  unavailable: 'switched_off',
  failed: 'failed',
} as const;
