interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
const WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const FIELDS: readonly CronField[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 7, names: WEEKDAYS },
];

/**
 * What is wrong with a cron line, or undefined when it is good: five or six fields of `*`, values, ranges, lists and steps.
 *
 * Stricter than node-cron, which also takes `a step of 90` for a minute (and then runs every hour), ranges that run backwards and
 * several extensions: a schedule either means what it says or is refused. What passes here passes there.
 */
export function cronProblem(line: string): string | undefined {
  if (line.startsWith('@')) return 'nicknames such as @hourly are not understood, write the fields';
  if (/[^\S ]/.test(line)) return 'the fields must be parted by spaces, not by tabs or line breaks';
  const texts = line.split(' ').filter((text) => text !== '');
  if (texts.length !== 5 && texts.length !== 6) return `it has ${texts.length} fields instead of five or six`;
  const fields = FIELDS.slice(-texts.length);
  for (const [index, field] of fields.entries()) {
    const problem = fieldProblem(texts[index] ?? '', field);
    if (problem !== undefined) return `in the ${field.name} field, ${problem}`;
  }
  return dateProblem(texts.at(-3) ?? '*', texts.at(-2) ?? '*');
}

function fieldProblem(text: string, field: CronField): string | undefined {
  return text
    .split(',')
    .map((item) => itemProblem(item, field))
    .find((problem) => problem !== undefined);
}

function itemProblem(item: string, field: CronField): string | undefined {
  const [range = '', step, ...rest] = item.split('/');
  if (rest.length > 0 || range === '') return `"${item}" is not understood`;
  const bounds = boundsOf(range, field);
  if (bounds === undefined) return `"${range}" is not ${expected(field)}`;
  const [from, to] = bounds;
  if (from > to) return `the range "${range}" runs backwards, write it as a list of two ranges`;
  if (step === undefined) return undefined;
  if (range !== '*' && !range.includes('-')) return `a step needs * or a range before the slash in "${item}"`;
  const widest = to - from + (field.names === WEEKDAYS && range === '*' ? 0 : 1);
  if (!/^\d{1,2}$/.test(step) || Number(step) < 1 || Number(step) > widest) {
    return `the step of "${item}" is not a number from 1 to ${widest}`;
  }
  return undefined;
}

function expected({ min, max, names }: CronField): string {
  return names
    ? `a number from ${min} to ${max} or a name such as ${names[1]?.slice(0, 3)}`
    : `a number from ${min} to ${max}`;
}

/** The first and last value of `*`, `5` or `5-10`; undefined where a value is out of bounds or not understood. */
function boundsOf(range: string, field: CronField): [number, number] | undefined {
  if (range === '*') return [field.min, field.max];
  const [first = '', last = first, ...rest] = range.split('-');
  const from = numberOf(first, field);
  const to = numberOf(last, field);
  if (from === undefined || to === undefined || rest.length > 0) return undefined;
  // Sunday is 0 where a range starts and 7 where it ends.
  return [from, to === 0 && from > 0 && field.names === WEEKDAYS ? 7 : to];
}

function numberOf(text: string, { min, max, names }: CronField): number | undefined {
  const named =
    names?.findIndex((name) => name === text.toLowerCase() || name.slice(0, 3) === text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** A day that none of the months has: such a feed would never run again. */
function dateProblem(days: string, months: string): string | undefined {
  const [day, month] = [FIELDS[3], FIELDS[4]];
  if (!day || !month || days === '*') return undefined;
  const firstDay = Math.min(
    ...days.split(',').map((item) => boundsOf(item.split('/')[0] ?? '', day)?.[0] ?? 1),
  );
  const reached = LONGEST_MONTHS.filter((_, index) => holds(months, index + 1, month));
  return Math.max(...reached) < firstDay
    ? `no month of "${months}" has a day ${firstDay}, so it would never run`
    : undefined;
}

function holds(text: string, value: number, field: CronField): boolean {
  return text.split(',').some((item) => {
    const [range = '', step = '1'] = item.split('/');
    const [from, to] = boundsOf(range, field) ?? [1, 0];
    return value >= from && value <= to && (value - from) % Number(step) === 0;
  });
}
