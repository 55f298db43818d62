import type { Output } from './output.ts';
import { createKeyRedactor } from './secrets.ts';

/** Keeps secrets out of what is written, as the last line of defence: nothing should have written one. */
export interface Redactor {
  /** What these give, now and after every rotation, are the secrets from now on; those that were known before stay secret. */
  hide(secrets: readonly (() => string)[]): void;
  /** The text without any of the secrets. */
  clean(text: string): string;
  /** The output, to which only clean text gets. */
  over(output: Output): Output;
}

export function createRedactor(): Redactor {
  let sources: readonly (() => string)[] = [];
  const known = new Set<string>();
  let redact = createKeyRedactor(known);
  // A key that was replaced may still be good.
  const learn = () => {
    const before = known.size;
    for (const secret of sources) known.add(secret());
    if (known.size > before) redact = createKeyRedactor(known);
  };
  const clean = (text: string) => {
    learn();
    return redact(text);
  };
  return {
    hide(secrets) {
      learn();
      sources = secrets;
    },
    clean,
    over: (output) => ({ write: (text) => output.write(clean(text)) }),
  };
}

/** What a crash says: name, message and stack, and nothing that hangs on the error besides. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
