import type { FailedPoll, PollOutcome } from '../poll/poll-outcome.ts';
import type { Logger } from '../runtime/log.ts';
import type { FeedLabels } from '../sinks/prometheus/self.ts';

/** Of the successes of a feed only the first one and recoveries are news; the rest are for debugging. */
export function createPollLog(log: Logger): (labels: FeedLabels, outcome: PollOutcome) => void {
  const known = new Map<string, PollOutcome['kind']>();
  return (labels, outcome) => {
    const fields = { ...labels, seconds: Number(outcome.seconds.toFixed(3)) };
    const before = known.get(readName(labels));
    if (outcome.kind !== 'postponed') known.set(readName(labels), outcome.kind);
    if (outcome.kind === 'failed') logFailure(log, fields, outcome);
    else if (outcome.kind === 'unavailable') {
      if (outcome.isTransition)
        log.info(
          { ...labels, ...explained(outcome) },
          'account has no access to this feed; feed switched off',
        );
    } else if (outcome.kind === 'postponed') log.debug(fields, 'poll postponed');
    else if (before === undefined) log.info(fields, 'first poll succeeded');
    else if (before === 'succeeded') log.debug(fields, 'poll succeeded');
    else log.info(fields, 'poll recovered');
  };
}

function logFailure(log: Logger, fields: object, outcome: FailedPoll): void {
  if (outcome.isBug) log.error({ ...fields, err: outcome.error }, 'poll failed: internal error');
  else log.warn({ ...fields, ...explained(outcome) }, 'poll failed');
}

function explained({ reason, message, hint }: Pick<FailedPoll, 'reason' | 'message' | 'hint'>) {
  return { reason, message, hint };
}

export function readName({ provider, account, feed }: FeedLabels): string {
  return `${provider}/${account} ${feed}`;
}
