import type { PollerEvents } from '../poll/feed-runner.ts';
import type { UnavailableFeed } from '../poll/poll-outcome.ts';
import type { Logger } from '../runtime/log.ts';
import type { ProgressView } from '../runtime/progress.ts';
import type { FeedLabels, SelfMetrics } from '../sinks/prometheus/self.ts';
import type { Publisher } from './publisher.ts';

/** Who hears of polls. */
export interface Listeners {
  readonly log: Logger;
  readonly progress: ProgressView;
  readonly publisher: Pick<Publisher, 'changed'>;
  readonly self: SelfMetrics;
}

/** Different warnings that are remembered, so that each is told once. */
const MOST_WARNED = 10_000;

/** Counts what polls tell, logs it, and has what they changed published. */
export function pollerEvents({ log, progress, publisher, self }: Listeners): PollerEvents {
  const warned = new Set<string>();
  const once = (key: string, warn: () => void) => {
    if (warned.has(key)) return;
    // What is told may hold whatever a provider writes: after so many it is told again.
    if (warned.size >= MOST_WARNED) warned.clear();
    warned.add(key);
    warn();
  };
  const unconverted = (labels: FeedLabels, currency: string) =>
    once(`${labels.provider} ${labels.account} ${currency}`, () =>
      log.warn(
        { ...labels, currency },
        'no rate for this currency: its amounts are not in dollars; see currencies',
      ),
    );
  const switchedOff = (labels: FeedLabels, { reason, message, isTransition }: UnavailableFeed) => {
    if (!isTransition) return;
    log.info({ ...labels, reason, message }, 'the account may not read this feed: it is switched off');
  };
  return {
    pollEnded({ labels }, outcome) {
      progress.end(readName(labels));
      self.pollEnded(labels, outcome);
      publisher.changed();
      const seconds = Number(outcome.seconds.toFixed(3));
      if (outcome.kind === 'unavailable') return switchedOff(labels, outcome);
      if (outcome.kind !== 'failed') log.info({ ...labels, seconds }, 'poll succeeded');
      else if (outcome.isBug)
        log.error({ ...labels, seconds, err: outcome.error }, 'poll failed: a bug of ours');
      else log.warn({ ...labels, seconds, reason: outcome.reason, message: outcome.message }, 'poll failed');
    },
    applied({ labels }, { changed, late, held }) {
      if (changed) publisher.changed();
      if (late.length > 0) self.drift(labels, 'late_statement');
      for (const tier of held) {
        log.warn(
          { ...labels, tier },
          'amounts are gone from the answer: kept until the same answer comes again',
        );
      }
    },
    drift({ labels }, { kind, what, more }) {
      self.drift(labels, kind, more);
      once(`${labels.provider} ${kind} ${what}`, () =>
        log.warn({ ...labels, kind, what }, 'not as documented'),
      );
    },
    warned({ labels }, { topic, text }) {
      log.warn({ ...labels, topic, text }, 'the provider has something to say');
    },
    unconverted: ({ labels }, currency) => unconverted(labels, currency),
    progress({ labels }, { done, total }) {
      progress.update(readName(labels), done, total);
    },
  };
}

function readName({ provider, account, feed }: FeedLabels): string {
  return `${provider}/${account} ${feed}`;
}
