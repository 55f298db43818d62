/** A text in which references to environment variables have been replaced. */
export interface Substituted {
  readonly text: string;
  /** The referenced variables, in order. */
  readonly names: readonly string[];
  /** What to fix in references that could not be resolved. */
  readonly problems: readonly string[];
}

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_]\w*$/;

/** Replaces `${NAME}` with the value of the variable; `$${` is a literal `${`. */
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

/** The environment variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;
