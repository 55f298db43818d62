import { constants } from 'node:os';

/** How the process is told things from outside. */
export interface Signals {
  /** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. */
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

/** Listens to the signals of a process from now on. `endNow` ends it with an exit code. */
export function watchSignals(process: Signalled, endNow: (code: number) => void): Signals {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // What a shell says of a process that a signal ended.
      if (stop.signal.aborted) endNow(128 + constants.signals[signal]);
      else stop.abort();
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
