/** Steps from the top of the configuration to a value: `['accounts', 1, 'apiKey']`. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with the configuration, and what to do about it. */
export interface Problem {
  /** The file as the user named it, or `environment`. */
  readonly file: string;
  /** Both count from 1; absent where the problem is not in a file's text. */
  readonly line?: number;
  readonly column?: number;
  /** `accounts[1].apiKey`, or `""` for the file as a whole. */
  readonly key: string;
  readonly message: string;
}

/** A configuration that cannot be used. It knows every problem, not only the first. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** `config.yml:7:5: accounts[1].apiKy: unknown key; did you mean "apiKey"?` */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  return [place, problem.key, problem.message].filter((part) => part !== '').join(': ');
}

/** Keys that hold names which are up to the user, each with a secret. */
const HOLDERS: readonly unknown[] = ['headers', 'basic_auth_users'];
const GLUED = /[:=].*$/s;
const PLAIN_STEP = /^[A-Za-z_][\w-]*$/;

/**
 * `accounts[1].schedule.usage`; a step that is no plain word is quoted, and cut where it runs long.
 *
 * In `{ key:secret }`, without a space, YAML sees one long name: what follows the colon is not repeated.
 */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part, index) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const holds = HOLDERS.includes(path[index - 1]);
    const step = holds ? part.replace(/[^\w.@-].*$/s, '') : part.replace(GLUED, '');
    // Where a key is glued to what no name is, only that is told.
    if (!PLAIN_STEP.test(step)) return `${text}[${shortened(JSON.stringify(step.replace(/[:=].*$/s, '')))}]`;
    return text === '' ? shortened(step) : `${text}.${shortened(step)}`;
  }, '');
}

/** Text of the user's, cut so that a message stays one line. */
export function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
