import { readFileSync, type Stats, statSync } from 'node:fs';

/** Larger than any credential, small enough to read at once. */
const MAX_BYTES = 65_536;

const DIRECTORY = 'it is a directory; name the file within it';
const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist; correct the path or create it',
  ENOTDIR: 'a part of the path is no directory; correct the path',
  EISDIR: DIRECTORY,
  EACCES: 'permission denied; let the user that runs the exporter read it',
  EPERM: 'permission denied; let the user that runs the exporter read it',
};

/** Why a file cannot be read and what to do, in words that hold neither its path nor its contents. */
export function reasonUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return FILE_ERRORS[code] ?? `reading fails${code && ` with ${code}`}`;
}

/** What is wrong with a credential, or undefined when it can go into a header. The answer never holds any of it. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (/[\r\n]/.test(key)) return 'holds a line break; a key is a single line';
  if (/\s/.test(key)) return 'holds a space or a tab; a key has none';
  if (!/^[\x21-\x7e]+$/.test(key))
    return 'holds a character that a header cannot carry; was it copied from formatted text?';
  return undefined;
}

/** The line breaks that editors put at the end of a file are no part of a key, whichever way it comes from there. */
function withoutLineEnd(text: string): string {
  return text.replace(/[\r\n]+$/, '');
}

function readKey(file: string): string {
  return withoutLineEnd(readFileSync(file, 'utf8'));
}

/** A credential held by a closure, or what is wrong with it. */
export type Secret = { readonly key: () => string } | { readonly problem: string };

/** A credential whose text is known. */
export function secretOfText(text: string): Secret {
  const key = withoutLineEnd(text);
  const problem = keyProblem(key);
  return problem === undefined ? { key: () => key } : { problem };
}

/**
 * The credential in a file, which is read again whenever the file has changed.
 *
 * Where the file has gone or no longer holds a usable key, the last good one stays: a key that is being replaced may
 * be missing for a moment.
 */
export function secretOfFile(file: string): Secret {
  try {
    const before = statSync(file);
    if (before.isDirectory()) return { problem: `cannot be read: ${DIRECTORY}` };
    if (before.size > MAX_BYTES) return { problem: 'names a file of more than 64 KiB, which is no key' };
    const text = readKey(file);
    const problem = keyProblem(text);
    return problem === undefined
      ? { key: rereading(file, text, before) }
      : { problem: `names a file that ${problem}` };
  } catch (error) {
    return { problem: `cannot be read: ${reasonUnreadable(error)}` };
  }
}

function rereading(file: string, first: string, firstStats: Stats): () => string {
  let last = first;
  let seen = versionOf(firstStats);
  return () => {
    try {
      const now = statSync(file);
      if (versionOf(now) === seen || now.size > MAX_BYTES) return last;
      const text = readKey(file);
      if (keyProblem(text) !== undefined) return last;
      [last, seen] = [text, versionOf(now)];
    } catch {
      return last;
    }
    return last;
  };
}

/**
 * Another text for every change of a file. Kubernetes replaces what it mounts by pointing a link at another file, hence the inode;
 * `chmod` and tools that keep the time of the last change alter the status alone.
 */
export function versionOf({ mtimeMs, ctimeMs, size, ino }: Stats): string {
  return `${mtimeMs}/${ctimeMs}/${size}/${ino}`;
}
