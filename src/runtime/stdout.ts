import { Buffer } from 'node:buffer';
import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Output } from './output.ts';

/** Standard output: the result of a command, which arrives whole or fails. */
export interface ResultOutput extends Output {
  /** From now on nobody minds whether it arrives: the result of a daemon is its pages. */
  release(): void;
  /** Resolves once all that was written has been taken, or could not be, or nobody minds. */
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
  // Node's stream of a file takes a write of which only a part fitted on the disk for a whole one.
  const write = isFile(1) ? writerOf(1, fail) : (text: string) => stdout.write(text);
  return {
    write,
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

function writerOf(fd: number, failed: (error: NodeJS.ErrnoException) => void): Output['write'] {
  let isBroken = false;
  return (text) => {
    const bytes = Buffer.from(text);
    try {
      for (let from = 0; from < bytes.length && !isBroken; ) from += writeSync(fd, bytes, from);
    } catch (error) {
      isBroken = true;
      if (error instanceof Error) failed(error);
    }
  };
}
