/** Steps from the top of the configuration to a value: `['accounts', 1, 'apiKey']`. */
export type Path = readonly PropertyKey[];

/** One thing that is wrong with the configuration, and the remedy. */
export interface Problem {
  /** The file as the user named it, or `environment`. */
  readonly file: string;
  /** Both count from 1; absent if the problem is not in the text of a file. */
  readonly line?: number;
  readonly column?: number;
  /** `accounts[1].apiKey`, or `""` for the file as a whole. */
  readonly key: string;
  readonly message: string;
}

/** An invalid configuration, with every problem and not only the first. */
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

/** Keys whose mappings have names chosen by the user and secret values. */
const SECRET_MAPPINGS: readonly unknown[] = ['headers', 'basic_auth_users'];
const GLUED = /[:=].*$/s;
const PLAIN_STEP = /^[A-Za-z_][\w-]*$/;

/**
 * `accounts[1].schedule.usage`; a step that is not a plain word is quoted, and a long one is cut.
 *
 * In `{ key:secret }`, without a space, YAML reads one long name: the part after the colon is not repeated.
 */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, given, index) => {
    if (typeof given === 'number') return `${text}[${given}]`;
    const part = String(given);
    const isSecret = SECRET_MAPPINGS.includes(path[index - 1]);
    const step = isSecret ? part.replace(/[^\w.@-].*$/s, '') : part.replace(GLUED, '');
    if (!PLAIN_STEP.test(step)) return `${text}[${truncate(JSON.stringify(step.replace(GLUED, '')))}]`;
    return text === '' ? truncate(step) : `${text}.${truncate(step)}`;
  }, '');
}

/** Text from the user, cut so that the message stays on one line. */
export function truncate(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
