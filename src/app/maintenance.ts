import type { Ledger } from '../core/ledger.ts';
import { HOUR, type Instant } from '../core/values/time.ts';
import type { ServerClock } from '../poll/http/server-clock.ts';
import type { Logger } from '../runtime/log.ts';
import { takeInSlices } from '../runtime/slices.ts';

export interface MaintenanceOptions {
  readonly ledger: Pick<Ledger, 'maintenance'>;
  readonly log: Logger;
  readonly now: () => Instant;
  readonly historyMonths: () => number;
  readonly serverClock: Pick<ServerClock, 'confirms'>;
}

export interface Maintenance {
  /** Also ends a run that has begun; what it has stored stays. */
  stop(): void;
}

/** Compacts what has settled, once an hour and in steps, so that polls and scrapes go on meanwhile. */
export function startMaintenance(options: MaintenanceOptions): Maintenance {
  let running: Generator<void, void> | undefined;
  const run = async () => {
    if (running) return;
    running = begin(options);
    if (!running) return;
    try {
      await takeInSlices(running);
    } catch (error) {
      options.log.warn({ err: error }, 'ledger maintenance failed; retrying in an hour');
    } finally {
      running = undefined;
    }
  };
  const timer = setInterval(() => void run(), HOUR).unref();
  return {
    stop() {
      clearInterval(timer);
      running?.return();
    },
  };
}

/** Closed months stay closed, so this needs a clock that is right. */
function begin({ ledger, log, now, historyMonths, serverClock }: MaintenanceOptions) {
  if (serverClock.confirms(now())) return ledger.maintenance(now(), historyMonths());
  log.info(
    'ledger maintenance postponed: no provider has answered yet, or their clocks are more than a day behind',
  );
  return undefined;
}
