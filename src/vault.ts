import type { Output } from './output.ts';
import { textWithoutKeys } from './poll/redact.ts';

/** Keeps secrets out of what is written, as the last line of defence: nothing should have written one. */
export interface Vault {
  /** What this gives, now and after every rotation, is a secret from now on. */
  hide(secret: () => string): void;
  /** The text without any of the secrets. */
  clean(text: string): string;
  /** The output, to which only clean text gets. */
  over(output: Output): Output;
}

export function createVault(): Vault {
  const sources: (() => string)[] = [];
  const known = new Set<string>();
  const clean = (text: string) => {
    // A key that was replaced may still be good.
    for (const secret of sources) known.add(secret());
    return textWithoutKeys(text, known);
  };
  return {
    hide: (secret) => void sources.push(secret),
    clean,
    over: (output) => ({ write: (text) => output.write(clean(text)) }),
  };
}

/** What a crash says: name, message and stack, and nothing that hangs on the error besides. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
