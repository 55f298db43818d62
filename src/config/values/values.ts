import { z } from 'zod';
import { DURATION, DURATION_FORM, formatDuration, parseDuration } from '../../core/values/duration.ts';
import { isLabel, LABEL_FORM } from '../../core/values/label.ts';
import { type Fixed, fromNumber, parseDecimal } from '../../core/values/money.ts';
import { type Instant, isoDay } from '../../core/values/time.ts';
import { cronProblem, shortenNames } from './cron.ts';

/**
 * The value types of the configuration: how each is written and what it becomes.
 *
 * Messages say what a value must be; the reporter adds the key, its position and the value found.
 */

/** The message for a value of the wrong type; missing and empty values have messages of their own. */
export function must(form: string) {
  const error = ({ input }: { readonly input?: unknown }) =>
    input === undefined || input === null ? undefined : `must be ${form}`;
  return { error };
}

/** Notes why a value is invalid; a secret value is not repeated in the message. */
type Refuse = (message: string, secret?: 'secret') => undefined;

/** Extends a schema with `read`, which converts the value or refuses it. */
function converted<S extends z.ZodType, T>(
  schema: S,
  read: (value: z.output<S>, refuse: Refuse) => T | undefined,
) {
  return schema.transform((value, context): T => {
    const refuse: Refuse = (message, secret) => {
      context.issues.push({
        code: 'custom',
        message,
        input: value,
        params: { secret: secret !== undefined },
      });
    };
    return read(value, refuse) ?? z.NEVER;
  });
}

/** Extends a schema with `read`, which returns undefined unless the value has the form. */
export function formed<S extends z.ZodType, T>(
  schema: S,
  form: string,
  read: (value: z.output<S>) => T | undefined,
) {
  return converted(schema, (value, refuse) => read(value) ?? refuse(`must be ${form}`));
}

/** Text that `read` understands. */
export function text<T>(form: string, read: (value: string) => T | undefined) {
  return formed(z.string(must(form)), form, read);
}

/** A duration such as `90s` within bounds, in milliseconds. */
export function duration(minMs: number, maxMs: number) {
  const form = `a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}: ${DURATION_FORM}`;
  return text(form, (value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
  }).meta({ pattern: DURATION.source });
}

/** A day such as `2026-11-01`, as midnight UTC. */
export const Day = text('a day of the calendar, such as 2026-11-01', parseDay).meta({ format: 'date' });

/** Midnight UTC of a day such as `2026-11-01`; undefined for any other text and for days that do not exist. */
export function parseDay(value: string): Instant | undefined {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) || isoDay(at) !== value ? undefined : at;
}

/** A listen address, as host and port. */
export const Listen = text('host:port, such as 0.0.0.0:9464, :9464 or "[::1]:9464"', parseListen);

function parseListen(value: string): { host: string; port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([\w.-]*)):(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  return digits === undefined || port > 65_535
    ? undefined
    : { host: bracketed ?? (plain || '0.0.0.0'), port };
}

/** The base URL of an API, without a trailing slash. */
export const BaseUrl = converted(z.string(), (value, refuse) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  // The URL may contain a password.
  if (!url || !['http:', 'https:'].includes(url.protocol))
    return refuse('must be a URL that starts with https:// or http://', 'secret');
  if (url.username || url.password)
    return refuse('must not contain a user or password; put the key into apiKey or apiKeyFile', 'secret');
  if (/[?#]/.test(value)) return refuse('must end with the path, without ? or #', 'secret');
  return url.href.replace(/\/+$/, '');
});

/** A cron expression. */
export const Cron = converted(z.string(), (expression, refuse) => {
  const problem = cronProblem(expression);
  if (problem === undefined) return shortenNames(expression);
  return refuse(`must be a cron expression in UTC such as "*/15 * * * *": ${problem}`);
}).meta({ description: 'A cron expression of five or six fields, in UTC.' });

/** A name that becomes a label. */
export const Label = text(LABEL_FORM, (name) => (isLabel(name) ? name : undefined));

/** One pattern or several: exact, or with `*` and `?`. */
const PATTERNS_FORM = 'text such as "team/*", or a list of such texts';
const Pattern = z.string().max(200, 'must be at most 200 characters long');
export const Patterns = z
  .union([Pattern, z.array(Pattern).min(1, 'must list at least one pattern')], must(PATTERNS_FORM))
  .transform((value) => [value].flat());

/** A positive amount; text is allowed so that a variable can supply it. */
function positive(form: string) {
  return formed(z.union([z.number(), z.string()], must(form)), form, (value): Fixed | undefined => {
    const amount = decimalOf(value);
    return amount !== undefined && amount > 0n ? amount : undefined;
  });
}

const Rate = positive('a number above 0: the dollars for one unit');

/** The limit of a budget. */
export const Dollars = positive('a number of dollars above 0');

const FRACTION_FORM = 'a fraction of the limit above 0 and up to 10, such as 0.8';
const Fraction = z.number(must(FRACTION_FORM)).gt(0, must(FRACTION_FORM)).max(10, must(FRACTION_FORM));

/** Fractions of a budget at which to alert; each is a series. */
export const AlertAt = z
  .array(Fraction, must('a list of fractions of the limit, such as [0.5, 0.8, 1]'))
  .max(10, 'must list at most 10 fractions')
  .transform((fractions) => [...new Set(fractions)].sort((a, b) => a - b));

function decimalOf(value: number | string): Fixed | undefined {
  try {
    return typeof value === 'number' ? fromNumber(value) : parseDecimal(value);
  } catch {
    return undefined;
  }
}

const DatedRate = z.strictObject({
  from: Day.meta({ description: 'First day (UTC) on which the rate applies.' }),
  usd: Rate.meta({ description: 'Dollars for one unit.' }),
});

/** Dollars per unit: one rate, or a list of rates by first day. */
export const RateOrHistory = z.union(
  [Rate, z.array(DatedRate).min(1, 'must list at least one rate')],
  must('a number above 0, or a list such as [{ from: 2026-01-01, usd: 1.08 }]'),
);
