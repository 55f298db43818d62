import { z } from 'zod';
import { type Fixed, fromNumber, parseDecimal } from '../core/money.ts';
import { DAY, type Instant, isoDay, MINUTE } from '../core/time.ts';
import { cronProblem } from './cron.ts';
import { DURATION_FORM, DURATION_PATTERN, formatDuration, parseDuration } from './duration.ts';

/**
 * The shape of the configuration: what may stand where, and what each key is for.
 *
 * Messages say what a value must be; whoever reports them adds the key, its place in the file and what was found.
 */

/** The message for a value of the wrong kind; one that is absent or empty is said to be so. */
function must(form: string) {
  const error = ({ input }: { readonly input?: unknown }) =>
    input === undefined || input === null ? undefined : `must be ${form}`;
  return { error };
}

/** Text that `read` understands, or `must be ...` with the first message that `read` gives back. */
function text<T>(form: string, read: (value: string) => T | undefined) {
  return z.string(must(form)).transform((value, context): T => {
    const result = read(value);
    if (result !== undefined) return result;
    context.issues.push({ code: 'custom', message: `must be ${form}`, input: value });
    return z.NEVER;
  });
}

function duration(shortestMs: number, longestMs: number) {
  const bounds = `from ${formatDuration(shortestMs)} to ${formatDuration(longestMs)}`;
  const form = `a duration ${bounds}: ${DURATION_FORM}`;
  return text(form, (value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= shortestMs && ms <= longestMs ? ms : undefined;
  }).meta({ pattern: DURATION_PATTERN });
}

const Day = text('a day of the calendar, such as 2026-11-01', parseDay).meta({ format: 'date' });

/** Midnight UTC of `2026-11-01`; undefined for any other text and for days no calendar has. */
export function parseDay(value: string): Instant | undefined {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) || isoDay(at) !== value ? undefined : at;
}

const Listen = text('host:port, such as 0.0.0.0:9464, :9464 or "[::1]:9464"', parseListen);

function parseListen(value: string): { host: string; port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([\w.-]*)):(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  return digits === undefined || port > 65_535
    ? undefined
    : { host: bracketed ?? (plain || '0.0.0.0'), port };
}

const BaseUrl = z.string().transform((value, context) => {
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

const Cron = z
  .string()
  .transform((line, context) => {
    const problem = cronProblem(line);
    if (problem === undefined) return line;
    const message = `must be a cron line in UTC such as "*/15 * * * *": ${problem}`;
    context.issues.push({ code: 'custom', message, input: line });
    return z.NEVER;
  })
  .meta({ description: 'A cron line of five or six fields, in UTC.' });

/** A positive amount of dollars; text too, so that it may come from a variable. */
const RATE_FORM = 'a number above 0: the dollars for one unit';
const Rate = z.union([z.number(), z.string()], must(RATE_FORM)).transform((value, context): Fixed => {
  const rate = decimalOf(value);
  if (rate !== undefined && rate > 0n) return rate;
  context.issues.push({ code: 'custom', message: `must be ${RATE_FORM}`, input: value });
  return z.NEVER;
});

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

const RateOrHistory = z.union(
  [Rate, z.array(DatedRate).min(1, 'must hold at least one rate')],
  must('a number above 0, or a list such as [{ from: 2026-01-01, usd: 1.08 }]'),
);

/** What a version that has no budgets, probes or TLS yet says to them: ignoring them would be a lie. */
const NOT_YET = 'is not supported by this version yet; remove it';

/** Keys of every account, whatever its provider. */
export const AccountKeys = z.strictObject({
  provider: z.string().meta({ description: 'Which service is read.' }),
  name: text('1 to 64 printable characters, without spaces around them', (name) =>
    /^(?!\s)\P{C}{1,64}(?<!\s)$/u.test(name) ? name : undefined,
  )
    .optional()
    .meta({ description: 'The account label, unique within the provider. Default: the id of the provider.' }),
  apiKey: z.string().optional().meta({ description: `The credential, best as a variable: \${NAME}.` }),
  apiKeyFile: z.string().optional().meta({
    description:
      'A file that holds the credential, relative to the configuration; read again when it changes.',
  }),
  baseUrl: BaseUrl.optional().meta({ format: 'uri', description: 'Where the API lives; a path is kept.' }),
  since: Day.optional().meta({
    format: 'date',
    description: 'First UTC day that is read. Default: the start of last month.',
  }),
  schedule: z
    .union([Cron, z.record(z.string(), Cron)], must('a cron line, or a mapping of feeds to cron lines'))
    .optional()
    .meta({ description: 'A cron line for all feeds, or one a feed. Default: that of each feed.' }),
  timeout: duration(100, 10 * MINUTE)
    .prefault('30s')
    .meta({ description: 'How long one request may take.' }),
});
export type AccountKeys = z.infer<typeof AccountKeys>;

/** Everything but the accounts, whose keys depend on their provider. */
export const Sections = z.strictObject({
  server: z
    .strictObject({
      listen: Listen.prefault('0.0.0.0:9464').meta({
        description:
          'Address and port of the web server; ":9464" is every IPv4 address, port 0 any free one.',
      }),
      webConfig: z.never(NOT_YET).optional().meta({ description: 'Reserved: TLS and authentication.' }),
    })
    .prefault({}),
  state: z
    .strictObject({
      path: z
        .string()
        .min(1, 'must name a file')
        .prefault('./data/ledger.db')
        .meta({ description: 'The database file, relative to the working directory.' }),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      newSeriesZero: duration(0, DAY).prefault('2m').meta({
        description: 'How long a new series shows 0 before its value: at least two scrape intervals.',
      }),
      maxSeries: z.int().min(1).prefault(10_000).meta({
        description: 'Series an account may have; the rest share one.',
      }),
    })
    .prefault({}),
  accounts: z
    .array(z.unknown())
    .min(1, 'must list at least one account')
    .meta({ description: 'One entry for each set of credentials.' }),
  budgets: z
    .array(z.unknown())
    .max(0, NOT_YET)
    .prefault([])
    .meta({ description: 'Reserved: must be empty.' }),
  currencies: z.record(z.string(), RateOrHistory).prefault({}).meta({
    description: 'Dollars for one unit of a currency: one rate, or a list of rates with the day each begins.',
  }),
  priceProbes: z
    .array(z.unknown())
    .max(0, NOT_YET)
    .prefault([])
    .meta({ description: 'Reserved: must be empty.' }),
});
export type Sections = z.infer<typeof Sections>;
