import { type Attributes, context, type Span, SpanStatusCode, type Tracer } from '@opentelemetry/api';

/** What is polled, as far as its span tells. */
export interface Polled {
  readonly labels: { readonly provider: string; readonly account: string; readonly feed: string };
}

/** How a poll ended, as far as its span tells. */
export type PollEnd =
  | { readonly ok: true; readonly isPostponed: boolean }
  | { readonly ok: null; readonly reason: string; readonly message: string }
  | { readonly ok: false; readonly reason: string; readonly message: string; readonly isBug: boolean };

/** Runs a poll in a span of its own, the root of its trace; `stopping` has aborted where the poll was abandoned. */
export type AroundPoll = <End extends PollEnd>(
  polled: Polled,
  poll: () => Promise<End>,
  stopping: AbortSignal,
) => Promise<End>;

/** @param isPolling marks the context that polls run in. */
export function spansOfPolls(tracer: Tracer, isPolling: symbol): AroundPoll {
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
  const outcome = isAbandoned ? 'abandoned' : outcomeOf(end);
  span.setAttribute('ai_billing.outcome', outcome);
  if (end.ok || isAbandoned) return;
  span.setAttribute('ai_billing.reason', end.reason);
  if (end.ok === null) return;
  // The messages of known failures hold no secret; those of bugs may hold anything, and are for the log.
  span.setStatus({ code: SpanStatusCode.ERROR, message: end.isBug ? 'a bug of ours' : end.message });
}

function outcomeOf(end: PollEnd): string {
  if (end.ok) return end.isPostponed ? 'postponed' : 'succeeded';
  return end.ok === null ? 'switched_off' : 'failed';
}
