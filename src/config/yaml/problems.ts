import { formatPath, type Path, type Problem, shortened } from './errors.ts';

/** A place in the text of the file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where each key of the configuration stands, and how its value was written. */
export interface Positions {
  /** Where the key (or, for an item of a list, the item) starts. */
  readonly key: Position;
  readonly value: Position;
  /** The text as written, where variables were put into it: it is shown instead of the value, which may be secret. */
  readonly written?: string;
  /** The variables that were put into it. */
  readonly variables?: readonly string[];
}

/** Collects what is wrong. Of one key (or one broken line) only the first problem is kept: others mostly follow from it. */
export interface Problems {
  /** Blames the value of `path`, or what is nearest to it where there is none. */
  add(path: Path, message: string, at?: 'key' | 'value'): void;
  /** Adds a problem whose place in the text is known, or has none. */
  addAt(position: Position | undefined, path: Path, message: string): void;
  /** Where `path` stands in the text, or what is nearest to it. */
  place(path: Path, at: 'key' | 'value'): Position | undefined;
  /** How the value of `path` was written, for a message: ` (found "5 minutes")`. */
  found(path: Path, value: unknown): string;
  /** In the order of the file. */
  readonly list: readonly Problem[];
}

/** The keys whose value no message repeats. */
const SECRET_KEYS: readonly unknown[] = ['apiKey', 'headers', 'key', 'basic_auth_users'];

export function problemsOf(file: string, places: ReadonlyMap<string, Positions>): Problems {
  const byKey = new Map<string, Problem>();
  const put = (position: Position | undefined, path: Path, message: string) => {
    const key = formatPath(path);
    const identity = key === '' ? `line ${position?.line}` : key;
    if (!byKey.has(identity)) byKey.set(identity, { file, ...position, key, message });
  };
  return {
    add: (path, message, at = 'value') => put(positionOf(path, at, places), path, message),
    addAt: put,
    place: (path, at) => positionOf(path, at, places),
    found: (path, value) =>
      path.slice(-2).some((step) => SECRET_KEYS.includes(step))
        ? ''
        : foundText(places.get(formatPath(path))?.written, value),
    get list() {
      return [...byKey.values()].sort(
        (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
      );
    },
  };
}

function positionOf(
  path: Path,
  at: 'key' | 'value',
  places: ReadonlyMap<string, Positions>,
): Position | undefined {
  const here = places.get(formatPath(path));
  if (here) return { ...here[at] };
  return path.length === 0 ? undefined : positionOf(path.slice(0, -1), 'key', places);
}

function foundText(written: string | undefined, value: unknown): string {
  const text = written ?? value;
  if (typeof text === 'string') return ` (found ${shortened(JSON.stringify(text))})`;
  return typeof text === 'number' || typeof text === 'boolean' ? ` (found ${text})` : '';
}
