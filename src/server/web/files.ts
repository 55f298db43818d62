import { readFileSync, statSync } from 'node:fs';
import { reasonUnreadable, versionOf } from '../../config/values/secrets.ts';

/** Far more than a certificate chain or a list of users needs, and small enough to read between two requests. */
const MAX_BYTES = 1 << 20;

/** Reads files and remembers the version of each. */
export interface FileReader {
  /** The text, or why it cannot be read, without path or contents. */
  read(path: string): { readonly text: string } | { readonly problem: string };
  /** By path, {@link versionAt} before the file was read. */
  readonly seen: ReadonlyMap<string, string>;
}

export function createFileReader(): FileReader {
  const seen = new Map<string, string>();
  return {
    seen,
    read(path) {
      seen.set(path, versionAt(path));
      try {
        if (statSync(path).size > MAX_BYTES) return { problem: 'is larger than 1 MiB' };
        return { text: readFileSync(path, 'utf8') };
      } catch (error) {
        return { problem: `cannot be read: ${reasonUnreadable(error)}` };
      }
    },
  };
}

/** A text that differs after every change of a file, or of the reason why it cannot be read. */
export function versionAt(path: string): string {
  try {
    return versionOf(statSync(path));
  } catch (error) {
    return reasonUnreadable(error);
  }
}
