import { codeOf, occurrences, type Sources } from './source-text.ts';

/** A rule of the house that a program can check. */
export interface Rule {
  readonly name: string;
  /** Where it is broken, as `path:line what`. */
  readonly findings: (sources: Sources) => string[];
  /** Small repositories that break it. */
  readonly broken: readonly Readonly<Record<string, string>>[];
  /** Small repositories that look as if they did. */
  readonly sound: readonly Readonly<Record<string, string>>[];
}

/** Finds patterns in the code, not in the comments or strings, of the files that a rule is about. */
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
