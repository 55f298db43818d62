import type { App, AppOptions } from '../app/app.ts';
import type { Logger } from '../runtime/log.ts';
import type { Readiness } from '../server/server.ts';

/**
 * Ready once there is something to show, and from then on: what the ledger held, or the first poll of each feed. Outages do not count,
 * nor do waits that a provider asked for, nor accounts that a reload adds.
 */
export function readinessOf(app: App): () => Readiness {
  let known = app.wasRestored ? { ready: true, reason: 'ready: the ledger was restored' } : undefined;
  return () => {
    const now = known ?? firstPollReadiness(app);
    if (now.ready) known = now;
    return now;
  };
}

function firstPollReadiness(app: App): Readiness {
  const now = Date.now();
  const untried = app.poller
    .states()
    .filter(({ last, feed }) => last === undefined && feed.client.notBefore() <= now);
  if (untried.length === 0) return { ready: true, reason: 'ready: each feed was tried' };
  const names = untried.map(({ feed: { labels } }) => `${labels.provider}/${labels.account} ${labels.feed}`);
  return { ready: false, reason: `not ready: not tried yet: ${names.join(', ')}` };
}

type PollWrapper = NonNullable<AppOptions['wrapPoll']>;

/** Wraps polls so that `done` is called once, after the last of the first polls. */
export function afterFirstPolls(
  app: () => App,
  wrapped: PollWrapper | undefined,
  done: () => void,
): PollWrapper {
  let isDone = false;
  return async (feed, poll, stopping) => {
    const outcome = await (wrapped ? wrapped(feed, poll, stopping) : poll());
    if (!isDone && !stopping.aborted && firstPollReadiness(app()).ready) {
      isDone = true;
      done();
    }
    return outcome;
  };
}

/** Logs how the first polls ended. */
export function logFirstPolls({ poller }: App, log: Logger): void {
  const states = poller.states();
  const failed = states.filter(({ last }) => last?.kind === 'failed').length;
  log.info({ feeds: states.length, failed }, 'all feeds have been polled once');
}
