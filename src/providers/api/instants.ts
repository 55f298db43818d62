import { z } from 'zod';
import { type Instant, isoDay } from '../../core/values/time.ts';

const FORM = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d)(:\d\d)?(:\d\d(?:\.\d+)?)?)? ?(Z|UTC|[+-]\d\d:?\d\d)?$/i;

/**
 * An instant, as a day or as a day and time of any precision.
 *
 * The documentation shows days only and says nothing of the form that hours and minutes take. What names no zone is UTC.
 */
export const Timestamp = z.string().transform((text, context): Instant => {
  const at = instantOf(text);
  if (at !== undefined) return at;
  context.issues.push({ code: 'custom', message: 'not a date or time', input: text });
  return z.NEVER;
});

function instantOf(text: string): Instant | undefined {
  const [, day, hour = '00', minute = ':00', second = ':00', zone = 'Z'] = FORM.exec(text) ?? [];
  if (day === undefined || !isInCalendar(day)) return undefined;
  const at = Date.parse(`${day}T${hour}${minute}${second}${/^[zu]/i.test(zone) ? 'Z' : zone}`);
  return Number.isNaN(at) ? undefined : at;
}

/** `Date.parse` reads the 30th of February as the 2nd of March. */
function isInCalendar(day: string): boolean {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight) && isoDay(midnight) === day;
}
