import { readFileSync, type Stats, statSync } from 'node:fs';

/** Larger than any credential, small enough to read at once. */
const MAX_BYTES = 65_536;

const DIRECTORY = 'it is a directory; name a file in it';
const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist; correct the path or create it',
  ENOTDIR: 'part of the path is not a directory; correct the path',
  EISDIR: DIRECTORY,
  EACCES: 'permission denied; let the user that runs the exporter read it',
  EPERM: 'permission denied; let the user that runs the exporter read it',
};

/** Why a file cannot be read, and the remedy; contains neither its path nor its contents. */
export function reasonUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return FILE_ERRORS[code] ?? `reading fails${code && ` with ${code}`}`;
}

/** What is wrong with a credential; undefined if a header can carry it. Never contains any part of it. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (/[\r\n]/.test(key)) return 'contains a line break; a key is a single line';
  if (/\s/.test(key)) return 'contains a space or a tab; a key has neither';
  if (!/^[\x21-\x7e]+$/.test(key))
    return 'contains a character that a header cannot carry; was it copied from formatted text?';
  return undefined;
}

/** Editors end a file with a line break, which is not part of the key. */
function trimLineEnd(text: string): string {
  return text.replace(/[\r\n]+$/, '');
}

function readKey(file: string): string {
  return trimLineEnd(readFileSync(file, 'utf8'));
}

/** A credential in a closure, or what is wrong with it. */
export type Secret = { readonly key: () => string } | { readonly problem: string };

/** A credential given as text. */
export function secretOfText(text: string): Secret {
  const key = trimLineEnd(text);
  const problem = keyProblem(key);
  return problem === undefined ? { key: () => key } : { problem };
}

/**
 * A credential in a file, read again whenever the file changes.
 *
 * If the file is missing or no longer holds a usable key, the last good key stays: during a rotation the file may be missing for a
 * moment.
 */
export function secretOfFile(file: string): Secret {
  try {
    const before = statSync(file);
    if (before.isDirectory()) return { problem: `cannot be read: ${DIRECTORY}` };
    if (before.size > MAX_BYTES) return { problem: 'names a file larger than 64 KiB, which cannot be a key' };
    const text = readKey(file);
    const problem = keyProblem(text);
    return problem === undefined
      ? { key: watchKey(file, text, before) }
      : { problem: `names a file that ${problem}` };
  } catch (error) {
    return { problem: `cannot be read: ${reasonUnreadable(error)}` };
  }
}

function watchKey(file: string, first: string, firstStats: Stats): () => string {
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
 * A text that differs after every change of a file. Kubernetes replaces a mounted file by pointing a link at another, hence the inode;
 * `chmod` and tools that preserve the modification time change only the status time.
 */
export function versionOf({ mtimeMs, ctimeMs, size, ino }: Stats): string {
  return `${mtimeMs}/${ctimeMs}/${size}/${ino}`;
}
