/**
 * Exact amounts: fixed-point integers of 1e-12, for dollars and for every other quantity alike.
 *
 * No amount is a `number` between this file and the encoder. Amounts come in as decimal text (or as a JSON
 * number, which counts as its shortest decimal) and leave through {@link toNumber}, once, at the very edge.
 */

/** An exact decimal in units of 1e-12: `1_500_000_000_000n` is 1.5. */
export type Fixed = bigint;

/** US dollars in units of 1e-12 dollars. */
export type Usd = Fixed;

/** Decimal places a {@link Fixed} keeps. */
const FIXED_DIGITS = 12;
/** One whole unit: one dollar, one token, one second. */
export const ONE: Fixed = 1_000_000_000_000n;

/** A double written without an exponent has at most 1,077 characters. What is longer, or comes to more digits, is no amount. */
const MAX_DIGITS = 1100;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/**
 * Reads decimal text: sign, leading zeros, `5.`, `.5` and exponents are understood.
 *
 * Digits beyond the twelfth round half to even.
 * @throws {RangeError} when the text is not a decimal number; the message contains the text, cut to 40 characters.
 */
export function parseDecimal(text: string): Fixed {
  const match = text.length > MAX_DIGITS ? null : DECIMAL.exec(text);
  const whole = match?.[2] ?? '';
  const fraction = match?.[3] ?? '';
  if (!match || whole.length + fraction.length === 0) {
    throw new RangeError(`not a decimal number: ${JSON.stringify(text.slice(0, 40))}`);
  }
  const magnitude = shifted(whole + fraction, Number(match[4] ?? 0) - fraction.length + FIXED_DIGITS);
  return match[1] === '-' ? -magnitude : magnitude;
}

/** `digits` times ten to the power of `places`, rounded half to even. */
function shifted(digits: string, places: number): bigint {
  const value = BigInt(digits);
  if (value === 0n) return 0n;
  if (digits.length + places > MAX_DIGITS)
    throw new RangeError(`not a decimal number: more than ${MAX_DIGITS} digits`);
  if (places >= 0) return value * 10n ** BigInt(places);
  if (-places > digits.length) return 0n;
  return divideHalfEven(value, 10n ** BigInt(-places));
}

/**
 * Reads a JSON number as its shortest decimal, which is what was written for up to 15 digits.
 *
 * @throws {RangeError} when the value is not finite.
 */
export function fromNumber(value: number): Fixed {
  // Below 1e15 units, integers divided by 1e12 are distinct doubles: a quotient that gives the value back is the decimal
  // that was written. The property test compares this with the text path.
  const units = Math.round(value * 1e12);
  if (units < 1e15 && units > -1e15 && units / 1e12 === value) return BigInt(units);
  if (!Number.isFinite(value)) throw new RangeError(`not a decimal number: ${value}`);
  return parseDecimal(String(value));
}

/** An integer count (tokens, requests, microcents) as `count` times 10 to the power of `exponent`; exact beyond 2^53. */
export function fromInteger(count: bigint, exponent = 0): Fixed {
  const places = FIXED_DIGITS + exponent;
  if (places < 0) return divideHalfEven(count, 10n ** BigInt(-places));
  return count * 10n ** BigInt(places);
}

export function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The product of two amounts, rounded half to even. */
export function multiply(a: Fixed, b: Fixed): Fixed {
  return divideHalfEven(a * b, ONE);
}

/** `dividend / divisor` for a positive divisor, rounded half to even. */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = dividend % divisor;
  if (rest === 0n) return quotient;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  if (twice < divisor || (twice === divisor && quotient % 2n === 0n)) return quotient;
  return dividend < 0n ? quotient - 1n : quotient + 1n;
}

/** The exact decimal text, without trailing zeros: `-0.06356`. */
export function formatDecimal(value: Fixed): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(FIXED_DIGITS + 1, '0');
  const whole = digits.slice(0, -FIXED_DIGITS);
  const fraction = digits.slice(-FIXED_DIGITS).replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${fraction ? `.${fraction}` : ''}`;
}

/** The double nearest to the amount: the one conversion, at the very edge, through decimal text. */
export function toNumber(value: Fixed): number {
  // Both operands are exact below 2^53, so that this quotient is correctly rounded; larger amounts go through text.
  if (value < 9_007_199_254_740_992n && value > -9_007_199_254_740_992n) return Number(value) / 1e12;
  return Number(formatDecimal(value));
}

/** A trillion dollars: more than everybody together spends on what is billed here. */
export const MAX_DOLLARS = 1_000_000_000_000n * ONE;
/** Of tokens, seconds, units and currencies that no rate converts: a double still counts them one by one. */
export const MAX_QUANTITY = 1_000_000_000_000_000n * ONE;

/**
 * Refuses implausible amounts: even if it is taken back, one would leave its counter so large that cents are lost for good.
 *
 * @throws {RangeError} when the amount, of either sign, lies beyond the bound; the message does not contain it.
 */
export function assertPlausible(value: Fixed, bound: Fixed, what: string): void {
  if (value <= bound && value >= -bound) return;
  throw new RangeError(`${what} beyond ${formatDecimal(bound)} cannot be right`);
}
