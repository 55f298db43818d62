import type { Charge, Statement } from '../statement/statement.ts';
import { DAY, type Instant, startOfDay } from '../values/time.ts';
import type { AccountSettings } from './settings.ts';
import { assertApplicable } from './sum-charges.ts';

/** Whole days with more charges than this are not applied together: as many take a quarter of a second the first time. */
const MAX_CHARGES = 10_000;

/**
 * A statement in parts, each of which can be applied.
 *
 * @param closedBefore charges before this do not count.
 * @throws {RangeError} for a charge that its part would be refused for.
 */
export function splitApplicable(
  statement: Statement,
  settings: AccountSettings,
  closedBefore: Instant | undefined,
): Statement[] {
  const parts = splitStatement(statement);
  if (parts.length > 1) assertApplicable(statement, settings, closedBefore);
  return parts;
}

/**
 * A statement as several about adjoining whole days, the newest first, each of which takes a moment to apply. The newest comes first because a
 * stream's first statement draws the baseline.
 */
export function splitStatement(statement: Statement, maxCharges = MAX_CHARGES): Statement[] {
  if (statement.charges.length <= maxCharges) return [statement];
  const days = Map.groupBy(statement.charges, ({ at }) => startOfDay(at));
  const parts: Statement[] = [];
  let { end } = statement.range;
  let charges: Charge[] = [];
  const cut = (start: Instant) => {
    parts.push({ ...statement, range: { start, end }, charges });
    [end, charges] = [start, []];
  };
  for (const [day, more] of [...days].sort(([a], [b]) => b - a)) {
    if (charges.length > 0 && charges.length + more.length > maxCharges) cut(day + DAY);
    charges = charges.concat(more);
  }
  cut(statement.range.start);
  return parts;
}
