import { dirname } from 'node:path';
import type { Document } from '../yaml/document.ts';
import { formatPath, type Path, type Problem } from '../yaml/errors.ts';
import type { Variables } from './env-values.ts';

/** A text with the place it comes from: a key of the file, or a variable. */
export interface Setting {
  readonly path: Path;
  readonly text: string;
}

/** Where settings come from, and who hears what is wrong with them. */
export interface Source {
  /** Where relative paths start. */
  readonly folder: string;
  /** The message never holds the text, which may be secret. */
  refuse(path: Path, message: string): void;
  /** Says of a setting that it has no effect: an error in a file, where somebody meant it, and a warning of a variable, which may be meant for others. */
  pass(path: Path, message: string): void;
}

export function sourceOfFile(file: string, { positions, problems }: Document): Source {
  const refuse = (path: Path, message: string) => {
    const names = positions.get(formatPath(path))?.variables ?? [];
    problems.add(path, names.length > 0 ? `${message} (in variable ${names.join(', ')})` : message);
  };
  return { folder: dirname(file), refuse, pass: refuse };
}

export function sourceOfVariables({ warn }: Variables, problems: Problem[]): Source {
  return {
    folder: '.',
    refuse(path, message) {
      const key = formatPath(path);
      // Metrics and traces may both follow it.
      if (problems.every((problem) => problem.key !== key))
        problems.push({ file: 'environment', key, message });
    },
    pass: (path, message) => warn(formatPath(path), message),
  };
}
