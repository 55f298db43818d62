import { formatPath, type Path, type Problem, truncate } from './errors.ts';

/** A position in the text of the file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where a key of the configuration is, and how its value is written. */
export interface Positions {
  /** The start of the key, or of the item of a list. */
  readonly key: Position;
  readonly value: Position;
  /** The text before variables were replaced: shown instead of the value, which may be secret. */
  readonly written?: string;
  /** The variables that were replaced. */
  readonly variables?: readonly string[];
}

/** Keys whose values no message repeats. */
const SECRET_KEYS: readonly unknown[] = [
  'apiKey',
  'headers',
  'key',
  'basic_auth_users',
  'password',
  'bearerToken',
];

/** Collects what is wrong. Keeps the first problem per key (or per invalid line): the others mostly follow from it. */
export class Problems {
  readonly #file: string;
  readonly #positions: ReadonlyMap<string, Positions>;
  readonly #byKey = new Map<string, Problem>();

  constructor(file: string, positions: ReadonlyMap<string, Positions>) {
    this.#file = file;
    this.#positions = positions;
  }

  /** Reports the value of `path`, at the nearest position if it has none. */
  add(path: Path, message: string, at: 'key' | 'value' = 'value'): void {
    this.addAt(this.position(path, at), path, message);
  }

  /** Reports a problem at a known position, or at none. */
  addAt(position: Position | undefined, path: Path, message: string): void {
    const key = formatPath(path);
    const identity = key === '' ? `line ${position?.line}` : key;
    if (!this.#byKey.has(identity)) {
      this.#byKey.set(identity, { file: this.#file, ...position, key, message });
    }
  }

  /** The position of `path`, or of the nearest key above it. */
  position(path: Path, at: 'key' | 'value'): Position | undefined {
    const here = this.#positions.get(formatPath(path));
    if (here) return { ...here[at] };
    return path.length === 0 ? undefined : this.position(path.slice(0, -1), 'key');
  }

  /** The value of `path` as written, for a message: ` (found "5 minutes")`. */
  quoteValue(path: Path, value: unknown): string {
    if (path.slice(-2).some((step) => SECRET_KEYS.includes(step))) return '';
    const text = this.#positions.get(formatPath(path))?.written ?? value;
    if (typeof text === 'string') return ` (found ${truncate(JSON.stringify(text))})`;
    return typeof text === 'number' || typeof text === 'boolean' ? ` (found ${text})` : '';
  }

  /** In the order of the file. */
  get list(): readonly Problem[] {
    return [...this.#byKey.values()].sort(
      (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
    );
  }
}
