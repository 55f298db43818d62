import { constants } from 'node:os';

/** The signals of a process. */
export interface Signals {
  /** Aborts on the first SIGINT or SIGTERM. A second one, {@link ECHO_MS} later or of the other kind, ends the process at once. */
  readonly stop: AbortSignal;
  /** Calls the listener on each SIGHUP, and soon if one came before there was a listener. Until then SIGHUP is ignored. */
  onHangUp(listener: () => void): void;
  /** The same for SIGUSR2. */
  onBackUp(listener: () => void): void;
  /** Makes SIGHUP end the process like SIGTERM: the terminal of a command is gone. */
  endOnHangUp(): void;
}

export interface Signalled {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
}

/**
 * The same signal within this time is an echo of the first: npm forwards the Ctrl-C that the terminal has sent to both.
 * https://github.com/npm/run-script/blob/main/lib/signal-manager.js; a person takes longer to send two.
 */
const ECHO_MS = 1000;

/** Handles the signals of a process from now on. `endNow` ends it with an exit code; `now` is a clock in milliseconds. */
export function watchSignals(
  process: Signalled,
  endNow: (code: number) => void,
  now: () => number = () => performance.now(),
): Signals {
  const stop = new AbortController();
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (first === undefined) {
        first = { signal, at: now() };
        stop.abort();
        return;
      }
      const isEcho = signal === first.signal && now() - first.at < ECHO_MS;
      // The exit code that a shell reports for a process ended by a signal.
      if (!isEcho) endNow(128 + constants.signals[signal]);
    });
  }
  const onHangUp = createListener(process, 'SIGHUP');
  const onBackUp = createListener(process, 'SIGUSR2');
  return { stop: stop.signal, onHangUp, onBackUp, endOnHangUp: () => onHangUp(() => stop.abort()) };
}

function createListener(process: Signalled, signal: NodeJS.Signals): (listener: () => void) => void {
  let isPending = false;
  let handle = () => {
    isPending = true;
  };
  process.on(signal, () => handle());
  return (listener) => {
    handle = listener;
    if (isPending) setImmediate(listener);
  };
}
