import { z } from 'zod';
import { isLabel, LABEL_FORM } from '../../core/values/label.ts';
import { type Fixed, fromNumber, parseDecimal } from '../../core/values/money.ts';
import { type Instant, isoDay } from '../../core/values/time.ts';
import { cronProblem } from './cron.ts';
import { DURATION_FORM, DURATION_PATTERN, formatDuration, parseDuration } from './duration.ts';

/**
 * The values of the configuration: how each kind is written and what it becomes.
 *
 * Messages say what a value must be; whoever reports them adds the key, its place in the file and what was found.
 */

/** The message for a value of the wrong kind; one that is absent or empty is said to be so. */
export function must(form: string) {
  const error = ({ input }: { readonly input?: unknown }) =>
    input === undefined || input === null ? undefined : `must be ${form}`;
  return { error };
}

/** Text that `read` understands; where it gives back undefined, the text "must be" of the form. */
function text<T>(form: string, read: (value: string) => T | undefined) {
  return z.string(must(form)).transform((value, context): T => {
    const result = read(value);
    if (result !== undefined) return result;
    context.issues.push({ code: 'custom', message: `must be ${form}`, input: value });
    return z.NEVER;
  });
}

/** Text such as `90s` within bounds, in milliseconds. */
export function duration(shortestMs: number, longestMs: number) {
  const bounds = `from ${formatDuration(shortestMs)} to ${formatDuration(longestMs)}`;
  const form = `a duration ${bounds}: ${DURATION_FORM}`;
  return text(form, (value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= shortestMs && ms <= longestMs ? ms : undefined;
  }).meta({ pattern: DURATION_PATTERN });
}

/** A day such as `2026-11-01`, as midnight UTC. */
export const Day = text('a day of the calendar, such as 2026-11-01', parseDay).meta({ format: 'date' });

/** Midnight UTC of `2026-11-01`; undefined for any other text and for days no calendar has. */
export function parseDay(value: string): Instant | undefined {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) || isoDay(at) !== value ? undefined : at;
}

/** Where to listen, as host and port. */
export const Listen = text('host:port, such as 0.0.0.0:9464, :9464 or "[::1]:9464"', parseListen);

function parseListen(value: string): { host: string; port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([\w.-]*)):(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  return digits === undefined || port > 65_535
    ? undefined
    : { host: bracketed ?? (plain || '0.0.0.0'), port };
}

/** The address of an API, without a trailing slash. */
export const BaseUrl = z.string().transform((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const refuse = (message: string) => {
    // A URL may hold a password, so that it is not shown.
    context.issues.push({ code: 'custom', message, input: value, params: { secret: true } });
    return z.NEVER;
  };
  if (!url || !['http:', 'https:'].includes(url.protocol))
    return refuse('must be a URL that starts with https:// or http://');
  if (url.username || url.password)
    return refuse('must hold no user or password; the key goes to apiKey or apiKeyFile');
  if (/[?#]/.test(value)) return refuse('must end with the path, without ? or #');
  return url.href.replace(/\/+$/, '');
});

/** A cron line that means what it says. */
export const Cron = z
  .string()
  .transform((line, context) => {
    const problem = cronProblem(line);
    if (problem === undefined) return line;
    const message = `must be a cron line in UTC such as "*/15 * * * *": ${problem}`;
    context.issues.push({ code: 'custom', message, input: line });
    return z.NEVER;
  })
  .meta({ description: 'A cron line of five or six fields, in UTC.' });

/** A name that is shown as a label. */
export const Label = text(LABEL_FORM, (name) => (isLabel(name) ? name : undefined));

/** One pattern or several: exact, or with `*` and `?`. */
const PATTERNS_FORM = 'text such as "team/*", or a list of such texts';
const Pattern = z.string().max(200, 'must be at most 200 characters long');
export const Patterns = z
  .union([Pattern, z.array(Pattern).min(1, 'must hold at least one pattern')], must(PATTERNS_FORM))
  .transform((value) => [value].flat());

/** A positive amount; text too, so that it may come from a variable. */
function positive(form: string) {
  return z.union([z.number(), z.string()], must(form)).transform((value, context): Fixed => {
    const amount = decimalOf(value);
    if (amount !== undefined && amount > 0n) return amount;
    context.issues.push({ code: 'custom', message: `must be ${form}`, input: value });
    return z.NEVER;
  });
}

const Rate = positive('a number above 0: the dollars for one unit');

/** A limit. */
export const Dollars = positive('a number of dollars above 0');

function decimalOf(value: number | string): Fixed | undefined {
  try {
    return typeof value === 'number' ? fromNumber(value) : parseDecimal(value);
  } catch {
    return undefined;
  }
}

const DatedRate = z.strictObject({
  from: Day.meta({ description: 'First day (UTC) on which the rate holds.' }),
  usd: Rate.meta({ description: 'Dollars for one unit.' }),
});

/** Dollars for one unit: one rate, or those that began on certain days. */
export const RateOrHistory = z.union(
  [Rate, z.array(DatedRate).min(1, 'must hold at least one rate')],
  must('a number above 0, or a list such as [{ from: 2026-01-01, usd: 1.08 }]'),
);
