import { readFileSync, statSync } from 'node:fs';
import { reasonUnreadable, versionOf } from '../../config/values/secrets.ts';

/** Far more than a chain of certificates or a list of users has, and little enough to be read between two requests. */
const MAX_BYTES = 1 << 20;

/** Reads files, and remembers as of which version it has read each. */
export interface FileReader {
  /** The text, or why there is none, in words that hold neither path nor contents. */
  read(path: string): { readonly text: string } | { readonly problem: string };
  /** By path, what {@link versionAt} said before the file was read. */
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

/** Another text for every change of a file, or of why it cannot be read. */
export function versionAt(path: string): string {
  try {
    return versionOf(statSync(path));
  } catch (error) {
    return reasonUnreadable(error);
  }
}
