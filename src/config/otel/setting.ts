import { dirname } from 'node:path';
import type { Document } from '../yaml/document.ts';
import { formatPath, type Path, type Problem } from '../yaml/errors.ts';
import type { Variables } from './env-values.ts';

/** A text and where it comes from: a key of the file, or a variable. */
export interface Setting {
  readonly path: Path;
  readonly text: string;
}

/** Where settings come from, and where their problems are reported. */
export interface SettingsSource {
  /** Relative paths start here. */
  readonly folder: string;
  /** Reports an invalid setting. The message never contains the text, which may be secret. */
  refuse(path: Path, message: string): void;
  /** Reports a setting without effect: an error in a file, but a warning for a variable, which may be meant for another program. */
  ignore(path: Path, message: string): void;
}

export function sourceOfFile(file: string, { positions, problems }: Document): SettingsSource {
  const refuse = (path: Path, message: string) => {
    const names = positions.get(formatPath(path))?.variables ?? [];
    problems.add(path, names.length > 0 ? `${message} (in variable ${names.join(', ')})` : message);
  };
  return { folder: dirname(file), refuse, ignore: refuse };
}

export function sourceOfVariables({ warn }: Variables, problems: Problem[]): SettingsSource {
  return {
    folder: '.',
    refuse(path, message) {
      const key = formatPath(path);
      // Metrics and traces may both read the variable.
      if (problems.every((problem) => problem.key !== key))
        problems.push({ file: 'environment', key, message });
    },
    ignore: (path, message) => warn(formatPath(path), message),
  };
}
