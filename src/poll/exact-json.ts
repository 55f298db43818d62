/** Tells most bodies apart at the cost of one pass: without such a run of digits no number in them is long. */
const MAYBE_LONG = /\d[\d.]{15}/;
const NUMBER = /-?\d[\d.eE+-]{15,}/g;
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
export function parseExactJson(input: string | Uint8Array): unknown {
  const text = textOf(input);
  const value = parse(text);
  return MAYBE_LONG.test(text) ? parse(withLongNumbersQuoted(text)) : value;
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
 * Puts quotes around every long number of `text`, which must be valid JSON.
 *
 * A reviver with source text would do, but takes four times as long and recurses: 100,000 brackets end it.
 */
function withLongNumbersQuoted(text: string): string {
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    const quote = text.indexOf('"', from);
    const end = quote < 0 ? text.length : quote;
    const next = quote < 0 ? text.length : endOfString(text, quote);
    parts.push(quoteLong(text.slice(from, end)), text.slice(end, next));
    from = next;
  }
  return parts.join('');
}

/** Replaces in a piece of JSON that lies between two strings. */
function quoteLong(gap: string): string {
  if (gap.length <= EXACT_DIGITS) return gap;
  return gap.replace(NUMBER, (number) => (significantDigits(number) > EXACT_DIGITS ? `"${number}"` : number));
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
  const [mantissa = ''] = number.split(/[eE]/);
  return mantissa.replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
}
