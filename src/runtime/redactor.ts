import { createKeyRedactor } from './secrets.ts';
import type { Output } from './stdout.ts';

/** Keeps secrets out of output, as the last line of defence: nothing should have written one. */
export class Redactor {
  readonly #known = new Set<string>();
  #sources: readonly (() => string)[] = [];
  #redactKnown = createKeyRedactor(this.#known);

  /** Replaces the sources of secrets, which are asked again after every rotation. Secrets that were known before remain secret. */
  register(secrets: readonly (() => string)[]): void {
    this.#update();
    this.#sources = secrets;
  }

  redact(text: string): string {
    this.#update();
    return this.#redactKnown(text);
  }

  /** An output that receives only redacted text. */
  wrap(output: Output): Output {
    return { write: (text) => output.write(this.redact(text)) };
  }

  /** A key that was replaced may still be valid. */
  #update(): void {
    const before = this.#known.size;
    for (const secret of this.#sources) this.#known.add(secret());
    if (this.#known.size > before) this.#redactKnown = createKeyRedactor(this.#known);
  }
}

/** What a crash prints: name, message and stack, and no other property of the error. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
