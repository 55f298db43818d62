import { Buffer } from 'node:buffer';
import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Output } from './output.ts';

/** Standard output: the result of a command, which arrives whole or fails. */
export interface ResultOutput extends Output {
  /** Resolves once all that was written has been taken, or could not be. */
  end(): Promise<void>;
}

/** Standard output of this process. `failed` is called once, when it cannot be written. */
export function openStdout(failed: (error: NodeJS.ErrnoException) => void): ResultOutput {
  const { stdout } = process;
  stdout.once('error', failed);
  // Node's stream of a file takes a write of which only a part fitted on the disk for a whole one.
  if (isFile(1)) return fileOutput(1, failed);
  return {
    write: (text) => stdout.write(text),
    end: () => new Promise((resolve) => stdout.write('', () => resolve())),
  };
}

function isFile(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFile() || (stats.isCharacterDevice() && !isatty(fd));
}

function fileOutput(fd: number, failed: (error: NodeJS.ErrnoException) => void): ResultOutput {
  let isBroken = false;
  return {
    write(text) {
      const bytes = Buffer.from(text);
      try {
        for (let from = 0; from < bytes.length && !isBroken; ) from += writeSync(fd, bytes, from);
      } catch (error) {
        isBroken = true;
        if (error instanceof Error) failed(error);
      }
    },
    end: async () => {},
  };
}
