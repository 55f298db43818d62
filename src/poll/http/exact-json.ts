import type { Steps } from '../../providers/api/steps.ts';

/** Without so many digits and points in a row no number is long. */
const LONG_RUN = 16;
const HALF_RUN = LONG_RUN / 2;
const NUMBER = /-?\d[\d.eE+-]{15,}/g;
/** From the first digit that is not zero to the last, the exponent left out. */
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
  const quoted = withLongNumbersQuoted(text);
  yield;
  return parse(quoted);
}

/** In a function of its own, so that what it parses is not kept beside what is returned. */
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
 * Tells most bodies apart without reading all of them: of every sixteen characters one is looked at, since no long run fits between
 * two of those.
 */
function mayHoldLong(text: string): boolean {
  for (let at = LONG_RUN - 1; at < text.length; at += LONG_RUN) {
    if (!isDigitOrPoint(text, at)) continue;
    // A long run that holds the one holds the eighth before or behind it, too.
    if (!isDigitOrPoint(text, at - HALF_RUN) && !isDigitOrPoint(text, at + HALF_RUN)) continue;
    if (runAround(text, at) >= LONG_RUN) return true;
  }
  return false;
}

/** How many digits and points in a row stand around the one at `at`. */
function runAround(text: string, at: number): number {
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
 * A reviver with source text would do, but takes four times as long and recurses: 100,000 brackets end it.
 */
function withLongNumbersQuoted(text: string): string {
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
  // Every second part is a number: what joins them is its quotes.
  return parts.join('"');
}

/** The pieces of valid JSON outside of its strings that have room for a long number. */
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

/** Zeros in front and behind cost a double nothing. */
function significantDigits(number: string): number {
  const digits = SIGNIFICANT.exec(number)?.[1] ?? '';
  return digits.includes('.') ? digits.length - 1 : digits.length;
}
