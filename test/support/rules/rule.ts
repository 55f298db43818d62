import { codeOf, occurrences, type Sources } from './source-text.ts';

/** A code rule that a program can check. */
export interface Rule {
  readonly name: string;
  /** Violations, as `path:line what`. */
  readonly findings: (sources: Sources) => string[];
  /** Small repositories that violate it. */
  readonly broken: readonly Readonly<Record<string, string>>[];
  /** Small repositories that only look like violations. */
  readonly sound: readonly Readonly<Record<string, string>>[];
}

/** Finds patterns in the code, not in comments or strings, of the files that a rule covers. */
export function inCode(
  concerns: (path: string) => boolean,
  ...patterns: readonly RegExp[]
): Rule['findings'] {
  return (sources) =>
    [...sources].flatMap(([path, text]) => {
      if (!path.endsWith('.ts') || !concerns(path)) return [];
      const code = codeOf(text);
      return patterns.flatMap((pattern) => occurrences(path, code, pattern));
    });
}
