import { Buffer } from 'node:buffer';
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Output } from './stdout.ts';

export interface ErrorOutputOptions {
  /**
   * Writes what it can without blocking and returns the number of bytes.
   *
   * @throws EAGAIN while nobody reads.
   */
  write(bytes: Uint8Array): number;
  /** The size of the terminal, if there is one. */
  readonly terminal?: (() => { readonly columns: number; readonly rows: number }) | undefined;
  readonly isTerminal?: boolean;
  readonly hasColors?: boolean;
}

/** About 5,000 lines: enough for a reader that restarts. */
const MAX_QUEUED_BYTES = 1024 * 1024;
/** A slow reader recovers soon; a full disk or a reader that left rarely does. */
const SLOW_RETRY_MS = 50;
const FAILED_RETRY_MS = 1000;
const MAX_END_MS = 500;
const END_RETRY_MS = 10;

export function openStderr(): ErrorOutput {
  const isTerminal = isatty(2);
  const fd = isTerminal ? openTerminal() : 2;
  // Node makes a pipe or a socket non-blocking once its stream exists; a full one then refuses a write instead of blocking.
  const { stderr } = process;
  stderr.on('error', () => {});
  return new ErrorOutput({
    write: (bytes) => writeSync(fd, bytes),
    isTerminal,
    ...(isTerminal &&
      process.env.TERM !== 'dumb' && {
        terminal: () => ({ columns: stderr.columns || 80, rows: stderr.rows || 24 }),
        hasColors: stderr.hasColors(),
      }),
  });
}

/** Opens the terminal non-blocking and shared with no other process: Ctrl-S must not stop the exporter. */
function openTerminal(): number {
  try {
    if (!fstatSync(2).isCharacterDevice()) return 2;
    return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // No /proc, or another user's terminal: writes block while it is stopped.
    return 2;
  }
}

/**
 * Standard error with a bounded queue. A write never throws, never blocks and never ends the process: lines that do not fit are dropped
 * and counted, and the count is reported once the queue is empty.
 */
export class ErrorOutput implements Output {
  readonly footer: ((lines: readonly string[]) => void) | undefined;
  readonly isTerminal: boolean;
  readonly hasColors: boolean;
  readonly #options: ErrorOutputOptions;
  readonly #queue: Buffer[] = [];
  #queuedBytes = 0;
  #dropped = 0;
  #report: (count: number) => void = () => {};
  #retry: NodeJS.Timeout | undefined;
  #footer: readonly string[] = [];
  /** Lines of the footer that are on the terminal. */
  #height = 0;

  constructor(options: ErrorOutputOptions) {
    this.#options = options;
    this.footer = options.terminal && ((lines) => this.#setFooter(lines));
    this.isTerminal = options.isTerminal ?? false;
    this.hasColors = options.hasColors ?? false;
  }

  onDropped(report: (count: number) => void): void {
    this.#report = report;
  }

  /** Writes text above the footer. */
  write(text: string): void {
    const { terminal } = this.#options;
    const footer = terminal && !/[^\n]$/.test(text) ? fit(this.#footer, terminal()) : [];
    const bytes = Buffer.from(`${erase(this.#height)}${text}${footer.join('\n')}`);
    const isOver = this.#dropped > 0 || this.#queuedBytes + bytes.length > MAX_QUEUED_BYTES;
    if (this.#queuedBytes > 0 && isOver) {
      if (text !== '') this.#dropped += 1;
      return;
    }
    this.#height = footer.length;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#retry === undefined) this.#flushLater();
  }

  /** Removes the footer and writes what is queued; gives up after half a second if nobody reads it. */
  end(): void {
    if (this.#height > 0) this.#setFooter([]);
    const deadline = performance.now() + MAX_END_MS;
    while (this.#flush() === SLOW_RETRY_MS && performance.now() < deadline) pause(END_RETRY_MS);
    if (this.#queuedBytes === 0) this.#reportDropped();
  }

  #setFooter(lines: readonly string[]): void {
    this.#footer = lines;
    this.write('');
  }

  #flushLater(): void {
    const retryMs = this.#flush();
    this.#retry = retryMs === undefined ? undefined : setTimeout(() => this.#flushLater(), retryMs).unref();
    if (retryMs === undefined) this.#reportDropped();
  }

  /** Undefined once everything is written; otherwise when to try again, in milliseconds. */
  #flush(): number | undefined {
    try {
      for (let [head] = this.#queue; head !== undefined; [head] = this.#queue) {
        const written = this.#options.write(head);
        this.#queuedBytes -= written;
        if (written < head.length) this.#queue[0] = head.subarray(written);
        else this.#queue.shift();
      }
      return undefined;
    } catch (error) {
      const isSlow = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
      return isSlow ? SLOW_RETRY_MS : FAILED_RETRY_MS;
    }
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    const count = this.#dropped;
    this.#dropped = 0;
    this.#report(count);
  }
}

/** Blocks, in a process that is about to end. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/**
 * Erases the last lines, including the one with the cursor.
 *
 * The mode of the terminal is never changed, so it cannot be left changed, however the process ends.
 */
function erase(height: number): string {
  if (height === 0) return '';
  return `\r${height > 1 ? `\x1b[${height - 1}A` : ''}\x1b[J`;
}

/** The terminal writes `^C` at the cursor. */
const ECHO_COLUMNS = 4;

/** A line that wraps or scrolls away could not be erased. */
function fit(lines: readonly string[], { columns, rows }: { columns: number; rows: number }): string[] {
  return lines
    .slice(0, Math.max(1, rows - 1))
    .map((line) => line.slice(0, Math.max(0, columns - ECHO_COLUMNS)));
}
