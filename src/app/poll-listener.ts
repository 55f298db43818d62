import type { PollerEvents } from '../poll/feed-runner.ts';
import type { Logger } from '../runtime/log.ts';
import type { ProgressView } from '../runtime/progress.ts';
import type { SelfMetrics } from '../sinks/prometheus/self.ts';
import type { DuplicateBillingWatch } from './duplicate-billing.ts';
import { createPollLog, readName } from './poll-log.ts';
import type { Publisher } from './publisher.ts';

export interface PollListeners {
  readonly log: Logger;
  readonly progress: ProgressView;
  readonly publisher: Pick<Publisher, 'changed'>;
  readonly self: SelfMetrics;
  readonly duplicates: Pick<DuplicateBillingWatch, 'invalidate' | 'check'>;
}

/** Different warnings that are remembered, so that each is logged once. */
const MAX_REMEMBERED = 10_000;

/** Counts and logs the events of polls, and publishes what they changed. */
export function pollerEvents(listeners: PollListeners): PollerEvents {
  const { log, progress, publisher, self, duplicates } = listeners;
  const warnOnce = createWarnOnce(log);
  const logOutcome = createPollLog(log);
  return {
    pollEnded({ labels }, outcome) {
      progress.end(readName(labels));
      self.pollEnded(labels, outcome);
      publisher.changed();
      logOutcome(labels, outcome);
      duplicates.check();
    },
    applied({ labels }, { changed, late, keptTiers }) {
      if (changed) publisher.changed();
      if (changed) duplicates.invalidate();
      if (late.length > 0) self.drift(labels, 'late_statement');
      for (const tier of keptTiers)
        log.warn(
          { ...labels, tier },
          'category missing from response; keeping previous amounts until confirmed',
        );
    },
    drift({ labels }, { kind, what, more }) {
      self.drift(labels, kind, more);
      const fields = { ...labels, kind, what };
      warnOnce(`${labels.provider} ${kind} ${what}`, fields, 'response does not match the documentation');
    },
    warned({ labels }, { topic, text }) {
      log.warn({ ...labels, topic, text }, 'provider notice');
    },
    unconverted({ labels }, currency) {
      const message = 'no exchange rate for this currency; its amounts stay unconverted (see currencies)';
      warnOnce(`${labels.provider} ${labels.account} ${currency}`, { ...labels, currency }, message);
    },
    progress({ labels }, { done, total }) {
      progress.update(readName(labels), done, total);
    },
  };
}

function createWarnOnce(log: Logger): (key: string, fields: object, message: string) => void {
  const warned = new Set<string>();
  return (key, fields, message) => {
    if (warned.has(key)) return;
    // A key may contain anything that a provider writes, so the set is bounded; after that warnings repeat.
    if (warned.size >= MAX_REMEMBERED) warned.clear();
    warned.add(key);
    log.warn(fields, message);
  };
}
