import { styleText } from 'node:util';

/** The columns before the message: `10:28:31 warn  `. */
const INDENT = ' '.repeat(15);
const LEVEL_WIDTH = 5;

const STYLES: Readonly<Record<string, Parameters<typeof styleText>[0]>> = {
  debug: 'dim',
  warn: 'yellow',
  error: 'red',
};

/** Fields that are sentences, a line each; the others are labels and figures. */
const TEXTS: readonly string[] = ['message', 'hint', 'text', 'warning', 'problems', 'err'];

/** A JSON log line as a person reads it: time of day in UTC, level, message and labels; sentences follow on lines of their own. */
export function prettyLine(json: string, hasColors: boolean): string {
  const { time, level, msg, fields } = partsOf(json);
  const padded = level.padEnd(LEVEL_WIDTH);
  const style = STYLES[level];
  const shown = style && hasColors ? styleText(style, padded, { validateStream: false }) : padded;
  const labels = fields.filter(([key]) => !TEXTS.includes(key)).map(pairOf);
  const head = [time.slice(11, 19), shown, printable(msg), '', ...labels].join(' ').trimEnd();
  const texts = fields.filter(([key]) => TEXTS.includes(key)).flatMap(([, value]) => linesOf(value));
  return `${[head, ...texts.map((line) => INDENT + printable(line))].join('\n')}\n`;
}

/** A JSON log line as logfmt: `time=... level=warn msg="poll failed" feed=usage`. */
export function logfmtLine(json: string): string {
  const { time, level, msg, fields } = partsOf(json);
  const all: LogParts['fields'] = [['time', time], ['level', level], ['msg', msg], ...fields];
  return `${all.map(pairOf).join(' ')}\n`;
}

interface LogParts {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  /** Without empty lists. */
  readonly fields: [key: string, value: unknown][];
}

function partsOf(json: string): LogParts {
  const { time, level, msg, ...fields }: Record<string, unknown> = JSON.parse(json);
  const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
  return {
    ...{ time: String(time), level: String(level), msg: String(msg) },
    fields: Object.entries(fields).filter(([, value]) => !isEmpty(value)),
  };
}

function pairOf([key, value]: [key: string, value: unknown]): string {
  const text = Array.isArray(value) ? value.join(',') : plain(value);
  return `${key}=${/^[^\s"=\\\p{C}]+$/u.test(text) ? text : printable(JSON.stringify(text))}`;
}

function plain(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function linesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(linesOf);
  return isError(value) ? errorLines(value) : plain(value).split('\n');
}

/** An error as the log serializes it. */
interface LoggedError {
  readonly stack: string;
  readonly cause?: unknown;
}

function isError(value: unknown): value is LoggedError {
  return typeof value === 'object' && value !== null && 'stack' in value;
}

function errorLines({ stack, cause }: LoggedError): string[] {
  if (cause === undefined) return stack.split('\n');
  const [first, ...more] = linesOf(cause);
  return [...stack.split('\n'), `caused by ${first}`, ...more];
}

/** What a provider writes must neither control the terminal nor reorder its text. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
