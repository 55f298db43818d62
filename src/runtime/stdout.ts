import { Buffer } from 'node:buffer';
import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Where text is written: the part of a stream that is needed. */
export interface Output {
  write(text: string): unknown;
  /** Absent where only text can be written. */
  readonly writeBytes?: (bytes: Uint8Array) => unknown;
  /** Shows lines below everything that is written, replacing the previous ones. Terminals only. */
  readonly footer?: ((lines: readonly string[]) => void) | undefined;
  readonly isTerminal?: boolean;
  /** The terminal shows colors, and the user has not disabled them. */
  readonly hasColors?: boolean;
  /** Sets what is called with the number of writes that were dropped, once there is room again. */
  readonly onDropped?: (report: (count: number) => void) => void;
  /** The width of the terminal in characters; undefined for anything else. */
  readonly columns?: number | undefined;
}

/** Standard output: the result of a command, which is written whole or fails. */
export interface ResultOutput extends Output {
  /** Ignores failures from now on: the result of a daemon is its pages. */
  release(): void;
  /** Resolves once everything has been written, has failed, or was released. */
  end(): Promise<void>;
}

/** Standard output of this process. `failed` is called when it cannot be written. */
export function openStdout(failed: (error: NodeJS.ErrnoException) => void): ResultOutput {
  const { stdout } = process;
  let isReleased = false;
  const fail = (error: NodeJS.ErrnoException) => {
    if (!isReleased) failed(error);
  };
  stdout.on('error', fail);
  // Node's file stream treats a write of which only a part fit on the disk as complete.
  const write = isFile(1) ? writerOf(1, fail) : (text: string | Uint8Array) => stdout.write(text);
  return {
    write,
    writeBytes: write,
    columns: stdout.isTTY ? stdout.columns : undefined,
    release() {
      isReleased = true;
    },
    end: () =>
      new Promise((resolve) => {
        if (isReleased) resolve();
        else stdout.write('', () => resolve());
      }),
  };
}

function isFile(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFile() || (stats.isCharacterDevice() && !isatty(fd));
}

function writerOf(fd: number, failed: (error: NodeJS.ErrnoException) => void) {
  let isBroken = false;
  return (text: string | Uint8Array) => {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    try {
      for (let from = 0; from < bytes.length && !isBroken; ) from += writeSync(fd, bytes, from);
    } catch (error) {
      isBroken = true;
      if (error instanceof Error) failed(error);
    }
  };
}
