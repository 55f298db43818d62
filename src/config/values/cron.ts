import { Cron } from 'croner';
import { validateDetailed } from 'node-cron';

type FieldName = keyof NonNullable<ReturnType<typeof validateDetailed>['fields']>;

/** What each field takes, by the names that node-cron gives them. */
const FIELDS: readonly { readonly name: FieldName; readonly takes: string }[] = [
  { name: 'second', takes: '0 to 59' },
  { name: 'minute', takes: '0 to 59' },
  { name: 'hour', takes: '0 to 23' },
  { name: 'dayOfMonth', takes: '1 to 31' },
  { name: 'month', takes: '1 to 12 or names such as feb' },
  { name: 'dayOfWeek', takes: '0 to 7 or names such as mon' },
];

/**
 * The text between `*`, `,`, `-`, `/` and spaces. Excludes what node-cron also accepts: nicknames (`@hourly`), tabs, `L`, `W`, `#`
 * and words that begin with a name; and large numbers, on which it runs out of memory.
 */
const TOKEN =
  /^(?:\d{0,2}|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|(?:sun|mon|fri)(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|sat(?:urday)?)$/i;

/**
 * Explains what is wrong with a cron expression, or returns undefined for a valid one: five or six fields of `*`, values, ranges,
 * lists and steps.
 *
 * Stricter than node-cron, which has extensions, runs `*\/90` of the minutes every hour and wraps ranges such as `22-2`.
 */
export function cronProblem(expression: string): string | undefined {
  const texts = expression.split(' ').filter((text) => text !== '');
  const stray = expression.split(/[*,/ -]/).find((token) => !TOKEN.test(token));
  if (stray !== undefined) return `${JSON.stringify(stray)} is not a number or a name such as feb or mon`;
  if (texts.length !== 5 && texts.length !== 6) return `it has ${texts.length} fields instead of five or six`;
  const problems = [syntaxProblem(expression), ...texts.map(fieldProblem), scheduleProblem(expression)];
  return problems.find((problem) => problem !== undefined);
}

/** Shortens names to three letters, the only form that croner reads. */
export function shortenNames(expression: string): string {
  return expression.replace(/[a-z]+/gi, (name) => name.slice(0, 3));
}

/** croner, which works out the runs, reads Sunday at the end of a range only as 7 or by name. */
function scheduleProblem(expression: string): string | undefined {
  try {
    new Cron(shortenNames(expression), { paused: true }).stop();
    return undefined;
  } catch (error) {
    return String(error).replace(/^.*CronPattern: /, '');
  }
}

function syntaxProblem(expression: string): string | undefined {
  const [error] = validateDetailed(expression).errors;
  if (!error) return undefined;
  if (error.message.includes('impossible day'))
    return `no such month has a day ${error.value}: it would never run`;
  const takes = FIELDS.find(({ name }) => name === error.field)?.takes;
  const field = error.field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `the ${field} field takes ${takes}, ranges, lists and steps such as */5, not "${error.value}"`;
}

function fieldProblem(text: string, index: number, texts: readonly string[]): string | undefined {
  const field = index + FIELDS.length - texts.length;
  return text
    .split(',')
    .map((item) => itemProblem(item, field))
    .find((problem) => problem !== undefined);
}

function itemProblem(item: string, field: number): string | undefined {
  const [range = '', step] = item.split('/');
  if (!/[-/]/.test(item)) return undefined;
  const values = valuesOf(range, field);
  const [first = 0, last = 0] = [values[0], values.at(-1)];
  // Sunday is 0, and may end a range.
  const endsOnSunday = FIELDS[field]?.name === 'dayOfWeek' && last === 0;
  if (first > last && !endsOnSunday) return `the range "${range}" runs backwards; write it as two ranges`;
  return Number(step ?? 1) > values.length
    ? `the step of "${item}" must be at most ${values.length}`
    : undefined;
}

function valuesOf(range: string, field: number): readonly (number | string)[] {
  const { fields } = validateDetailed(FIELDS.map((_, index) => (index === field ? range : '*')).join(' '));
  const name = FIELDS[field]?.name;
  return (name && fields?.[name]) ?? [];
}
