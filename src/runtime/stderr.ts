import { Buffer } from 'node:buffer';
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Output } from './output.ts';

/** Standard error. A write never throws, never blocks and never ends the process. */
export interface ErrorOutput extends Output {
  /** Takes the footer away and writes what waits; a reader that takes nothing is given up after half a second. */
  end(): void;
}

/** How text reaches a file descriptor. */
export interface ErrorOutputOptions {
  /**
   * Writes what it can at once and returns how many bytes that was.
   *
   * @throws EAGAIN while the reader takes nothing.
   */
  write(bytes: Uint8Array): number;
  /** The size of the terminal; undefined where there is none. */
  readonly terminal?: (() => { readonly columns: number; readonly rows: number }) | undefined;
}

/** Some 5,000 lines: enough for a reader that restarts. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** A reader that is slow is back soon; a full disk or a reader that left seldom is. */
const SLOW_RETRY_MS = 50;
const FAILED_RETRY_MS = 1000;
const MAX_END_MS = 500;
const END_RETRY_MS = 10;

/** Standard error of this process. */
export function openStderr(): ErrorOutput {
  const isTerminal = isatty(2);
  const fd = isTerminal ? openTerminal() : 2;
  // Node makes a pipe or a socket non-blocking once its stream exists: a full one then refuses a write instead of blocking it.
  const { stderr } = process;
  stderr.on('error', () => {});
  return createErrorOutput({
    write: (bytes) => writeSync(fd, bytes),
    ...(isTerminal &&
      process.env.TERM !== 'dumb' && {
        terminal: () => ({ columns: stderr.columns || 80, rows: stderr.rows || 24 }),
      }),
  });
}

/** A non-blocking way to the terminal that no other process shares: Ctrl-S must not stop the exporter. */
function openTerminal(): number {
  try {
    if (!fstatSync(2).isCharacterDevice()) return 2;
    return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // No /proc, or another user's terminal: it blocks while it is stopped.
    return 2;
  }
}

/** An output with a bounded queue: what does not fit is dropped and counted, and the count is written once the queue is empty. */
export function createErrorOutput({ write, terminal }: ErrorOutputOptions): ErrorOutput {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let retry: NodeJS.Timeout | undefined;
  let footer: readonly string[] = [];
  /** Lines of the footer that are on the terminal. */
  let height = 0;

  /** Undefined once all is written; else how long to wait before the next try. */
  const flush = (): number | undefined => {
    try {
      for (let [head] = waiting; head !== undefined; [head] = waiting) {
        const taken = write(head);
        waitingBytes -= taken;
        if (taken < head.length) waiting[0] = head.subarray(taken);
        else waiting.shift();
      }
      return undefined;
    } catch (error) {
      const isSlow = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
      return isSlow ? SLOW_RETRY_MS : FAILED_RETRY_MS;
    }
  };
  const flushLater = () => {
    const ms = flush();
    retry = ms === undefined ? undefined : setTimeout(flushLater, ms).unref();
    if (ms === undefined) reportDropped();
  };
  const reportDropped = () => {
    if (dropped === 0) return;
    const fields = { level: 'warn', time: new Date().toISOString(), dropped };
    dropped = 0;
    put(`${JSON.stringify({ ...fields, msg: 'log lines dropped: standard error was blocked' })}\n`);
  };
  /** Puts text above the footer. */
  const put = (text: string) => {
    const shown = terminal && !/[^\n]$/.test(text) ? fit(footer, terminal()) : [];
    const bytes = Buffer.from(`${erase(height)}${text}${shown.join('\n')}`);
    const isFull = waitingBytes > 0 && (dropped > 0 || waitingBytes + bytes.length > MAX_WAITING_BYTES);
    if (isFull) {
      if (text !== '') dropped += 1;
      return;
    }
    height = shown.length;
    waiting.push(bytes);
    waitingBytes += bytes.length;
    if (retry === undefined) flushLater();
  };
  const setFooter = (lines: readonly string[]) => {
    footer = lines;
    put('');
  };
  return {
    write: put,
    footer: terminal && setFooter,
    end() {
      if (height > 0) setFooter([]);
      const deadline = performance.now() + MAX_END_MS;
      while (flush() === SLOW_RETRY_MS && performance.now() < deadline) pause(END_RETRY_MS);
      if (waitingBytes === 0) reportDropped();
    },
  };
}

/** Blocks: for a process that is about to end. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/**
 * Takes lines away of which the cursor is on the last.
 *
 * No mode of the terminal is ever changed, so that none is left changed, however the process ends.
 */
function erase(height: number): string {
  if (height === 0) return '';
  return `\r${height > 1 ? `\x1b[${height - 1}A` : ''}\x1b[J`;
}

/** The terminal writes `^C` at the cursor. */
const ECHO_COLUMNS = 4;

/** A line that wrapped, or scrolled away, could not be erased. */
function fit(lines: readonly string[], { columns, rows }: { columns: number; rows: number }): string[] {
  return lines
    .slice(0, Math.max(1, rows - 1))
    .map((line) => line.slice(0, Math.max(0, columns - ECHO_COLUMNS)));
}
