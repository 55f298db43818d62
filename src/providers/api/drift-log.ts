import type { Drift, DriftKind } from '../../core/statement/statement.ts';

const MAX_TEXT_CHARACTERS = 100;

/** Collects what a reading finds that is not as documented, each oddity once, however many rows show it. */
export class DriftLog {
  readonly #found = new Map<string, Drift>();
  readonly #max: number;

  constructor(max = Number.POSITIVE_INFINITY) {
    this.#max = max;
  }

  add(kind: DriftKind, what: string): void {
    const text = what.slice(0, MAX_TEXT_CHARACTERS);
    if (this.#found.size < this.#max) this.#found.set(`${kind} ${text}`, { kind, what: text });
  }

  addUnknown(value: string | null | undefined, documented: ReadonlySet<string>, title: string): void {
    if (value && !documented.has(value)) this.add('unknown_value', `${title} ${value}`);
  }

  /** The first `max` of some rows, each of which would be a series or remembered; that there are more is drift. */
  limit<Row>(max: number, title: string, rows: readonly Row[]): readonly Row[] {
    if (rows.length <= max) return rows;
    this.add('too_many_rows', title);
    return rows.slice(0, max);
  }

  list(): Drift[] {
    return [...this.#found.values()];
  }
}
