import type { Steps } from '../../providers/api/steps.ts';

/** Every long number has at least this many digits and points in a row. */
const LONG_RUN = 16;
const HALF_RUN = LONG_RUN / 2;
const NUMBER = /-?\d[\d.eE+-]{15,}/g;
/** From the first digit that is not zero to the last, without the exponent. */
const SIGNIFICANT = /^-?[0.]*([1-9](?:[\d.]*[1-9])?)/;
const EXACT_DIGITS = 15;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads JSON without bending a number.
 *
 * A double holds every decimal of up to 15 significant digits. A longer number arrives as a `string` of its source text;
 * everything else as `JSON.parse` gives it: of equal keys the last one counts, `__proto__` is a key like any other, and
 * nesting has no limit. A byte order mark is ignored.
 *
 * @throws {SyntaxError} when the input is not UTF-8 or not JSON. The message holds nothing of the input.
 */
export function* parseExactJson(input: string | Uint8Array): Steps<unknown> {
  const text = textOf(input);
  yield;
  if (!mayHoldLong(text)) return parse(text);
  assertJson(text);
  yield;
  const quoted = quoteLongNumbers(text);
  yield;
  return parse(quoted);
}

/** A function of its own, so that its result is not kept in memory beside the final one. */
function assertJson(text: string): void {
  parse(text);
}

function textOf(input: string | Uint8Array): string {
  if (typeof input === 'string') return input.startsWith('\u{feff}') ? input.slice(1) : input;
  try {
    return UTF8.decode(input);
  } catch {
    throw new SyntaxError('not UTF-8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its message quotes the text.
    throw new SyntaxError('not JSON, or cut short');
  }
}

/**
 * Rules out most bodies without reading all of them: it checks every sixteenth character, because no long run fits between two.
 */
function mayHoldLong(text: string): boolean {
  for (let at = LONG_RUN - 1; at < text.length; at += LONG_RUN) {
    if (!isDigitOrPoint(text, at)) continue;
    // A long run around it includes the eighth character before or after it.
    if (!isDigitOrPoint(text, at - HALF_RUN) && !isDigitOrPoint(text, at + HALF_RUN)) continue;
    if (runLength(text, at) >= LONG_RUN) return true;
  }
  return false;
}

/** The length of the run of digits and points around `at`. */
function runLength(text: string, at: number): number {
  let start = at;
  while (isDigitOrPoint(text, start - 1)) start--;
  let end = at + 1;
  while (isDigitOrPoint(text, end)) end++;
  return end - start;
}

function isDigitOrPoint(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === POINT || (code >= ZERO && code <= NINE);
}

const [POINT, ZERO, NINE] = [0x2e, 0x30, 0x39];

/**
 * Puts quotes around every long number of `text`, which must be valid JSON.
 *
 * A reviver with source text would also work, but takes four times as long and recurses: 100,000 brackets overflow its stack.
 */
function quoteLongNumbers(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  for (const { start, end } of gapsBetweenStrings(text)) {
    for (const { index, 0: number } of text.slice(start, end).matchAll(NUMBER)) {
      if (significantDigits(number) <= EXACT_DIGITS) continue;
      parts.push(text.slice(copied, start + index), number);
      copied = start + index + number.length;
    }
  }
  parts.push(text.slice(copied));
  // Every second part is a number, so the separators quote it.
  return parts.join('"');
}

/** The parts of valid JSON between strings that are long enough for a long number. */
function* gapsBetweenStrings(text: string): Generator<{ start: number; end: number }> {
  for (let start = 0; start < text.length; ) {
    const quote = text.indexOf('"', start);
    const end = quote < 0 ? text.length : quote;
    if (end - start > EXACT_DIGITS) yield { start, end };
    start = quote < 0 ? text.length : endOfString(text, quote);
  }
}

/** The index after the string that starts with the quote at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}

/** Leading and trailing zeros cost a double nothing. */
function significantDigits(number: string): number {
  const digits = SIGNIFICANT.exec(number)?.[1] ?? '';
  return digits.includes('.') ? digits.length - 1 : digits.length;
}
