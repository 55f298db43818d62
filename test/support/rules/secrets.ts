import { occurrences, type Sources } from './source-text.ts';

/** Formats of real keys. A made-up key in a test must not match any. */
const SHAPES: readonly RegExp[] = [
  /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{60,}/,
  /\bnpm_[A-Za-z0-9]{36}\b/,
  /\bxox[abprs]-[\w-]{20,}/,
  /\bAIza[\w-]{35}/,
  /\bsk-[\w-]{24,}/,
  /\beyJ[\w-]{16,}\.eyJ[\w-]{16,}\.[\w-]{16,}/,
  /\b[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}\b/,
  /\/\/[\w.-]+:[^\s@/:$<{*]{8,}@[\w-]+\.\w/,
];

/** Places that look like a real key; the key itself is shortened. */
export function secretsIn(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) =>
    SHAPES.flatMap((shape) => occurrences(path, text, shape)).map(
      (place) => `${place.slice(0, path.length + 16)}…`,
    ),
  );
}
