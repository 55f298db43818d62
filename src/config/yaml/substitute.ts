/** What became of a text with references to environment variables. */
export interface Substituted {
  readonly text: string;
  /** The variables it named, in order. */
  readonly names: readonly string[];
  /** What to fix, where a reference could not be followed. */
  readonly problems: readonly string[];
}

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_]\w*$/;

/** Puts the values of variables in place of `${NAME}`; `$${` stands for a literal `${`. */
export function substitute(text: string, env: Environment): Substituted {
  const names: string[] = [];
  const problems: string[] = [];
  const replaced = text.replace(REFERENCE, (whole, name: string | undefined, closing: string | undefined) => {
    if (name === undefined) return '${';
    if (!NAME.test(name) || closing === '') {
      problems.push(`only \${NAME} names a variable; write $\${ for a literal \${`);
      return whole;
    }
    names.push(name);
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) {
      problems.push(
        `the environment variable ${name} is not set; set it, or write $\${${name}} for the literal text`,
      );
    }
    return value ?? '';
  });
  return { text: replaced, names, problems };
}

/** Environment variables as the process got them. */
export type Environment = Readonly<Record<string, string | undefined>>;
