import { constants } from 'node:os';

/** How the process is told things from outside. */
export interface Signals {
  /** Aborts at the first SIGINT or SIGTERM; another one, {@link ECHO_MS} later or of the other kind, ends the process at once. */
  readonly stop: AbortSignal;
  /** Calls the listener at each SIGHUP, and soon if there was one before anybody listened. Until then none ends the process. */
  onHangUp(listener: () => void): void;
  /** The same of SIGUSR2. */
  onBackUp(listener: () => void): void;
  /** Has a SIGHUP end the process as SIGTERM does: the terminal of a command is gone. */
  endOnHangUp(): void;
}

/** The part of a process that is needed. */
export interface Signalled {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
}

/**
 * The same signal again so soon is the first one once more: npm passes on the Ctrl-C that the terminal has sent to both.
 * https://github.com/npm/run-script/blob/main/lib/signal-manager.js; seconds pass between the two of a person.
 */
const ECHO_MS = 1000;

/** Listens to the signals of a process from now on. `endNow` ends it with an exit code. `now` is a clock in milliseconds. */
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
      // What a shell says of a process that a signal ended.
      if (!isEcho) endNow(128 + constants.signals[signal]);
    });
  }
  const onHangUp = listening(process, 'SIGHUP');
  const onBackUp = listening(process, 'SIGUSR2');
  return { stop: stop.signal, onHangUp, onBackUp, endOnHangUp: () => onHangUp(() => stop.abort()) };
}

function listening(process: Signalled, signal: NodeJS.Signals): (listener: () => void) => void {
  let hasCome = false;
  let heard = () => {
    hasCome = true;
  };
  process.on(signal, () => heard());
  return (listener) => {
    heard = listener;
    if (hasCome) setImmediate(listener);
  };
}
