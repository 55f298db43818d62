import { z } from 'zod';
import type { Drift } from '../../core/statement/statement.ts';
import { isObject, isWrapper, itemOf } from './members.ts';
import { type Steps, takeAll } from './steps.ts';

/**
 * One drift for each field that an answer has not, or not as documented, and that its schema reads on without: see `lenient` and its
 * neighbours in `schemas.ts`. The drift names the field; nothing that was received is repeated.
 *
 * @param json as it came: what a schema made of it no longer tells.
 */
export function undocumentedIn(schema: z.core.$ZodType, json: unknown): Drift[] {
  return takeAll(findUndocumented(schema, json));
}

/** The same with a step for each member of the outermost lists and maps. */
export function* findUndocumented(schema: z.core.$ZodType, json: unknown): Steps<Drift[]> {
  const found: Drift[] = [];
  const postponed: { readonly look: Look; readonly members: readonly unknown[] }[] = [];
  const postpone = (look: Look, members: readonly unknown[]) => void postponed.push({ look, members });
  const inside: Report = {
    note: (drift) => void found.push(drift),
    each(look, members) {
      for (const member of members) look(member);
    },
  };
  // In the order in which all of it would be noted at once.
  const note = (drift: Drift) => postpone(() => inside.note(drift), [drift]);
  lookOf(schema, '', { note, each: postpone, inside })?.(json);
  for (const { look, members } of postponed) {
    for (const member of members) {
      look(member);
      yield;
    }
  }
  return found;
}

/** Where looks report to. */
interface Report {
  note(drift: Drift): void;
  /** Looks at the members of a list or map. */
  each(look: Look, members: readonly unknown[]): void;
  /** For the looks at those members; absent: this one. */
  readonly inside?: Report;
}

/** Looks at one value; rows of a list share a look. */
type Look = (value: unknown) => void;

/**
 * How to look at the values of a schema, worked out once for all rows; undefined where it tolerates nothing.
 *
 * @param path such as `dedicated_usage.breakdown.minutes`; rows of a list share one.
 */
function lookOf(schema: z.core.$ZodType, path: string, report: Report): Look | undefined {
  if (!isTolerant(schema)) return undefined;
  const inside = lookInside(schema, path, report);
  const documented = documentedBy(schema);
  if (!documented) return inside;
  const noteOnce = onceEach(path, report);
  return (value) => {
    // What is inside of a missing value is nothing; inside of another, a row may lack what the others have.
    if (noteOnce.isKnown(value) && (!inside || isMissing(value))) return;
    if (documented(value)) inside?.(value);
    else if (!noteOnce.isKnown(value)) noteOnce.note(value);
  };
}

/** Notes a field at most once as missing and once as something else; a value that could only be noted again needs no look. */
function onceEach(path: string, report: Report) {
  let [isMissingKnown, isOddKnown] = [false, false];
  return {
    isKnown: (value: unknown) => (isMissing(value) ? isMissingKnown : isOddKnown),
    note(value: unknown): void {
      if (isMissing(value)) isMissingKnown = true;
      else isOddKnown = true;
      report.note(driftAt(path, value));
    },
  };
}

function lookInside(schema: z.core.$ZodType, path: string, report: Report): Look | undefined {
  const item = itemOf(schema);
  if (schema instanceof z.ZodObject) return lookAtFields(schema, path, report);
  if (item) return lookAtMembers(item, path, report);
  if (schema instanceof z.ZodRecord) return lookAtMembers(schema.valueType, path, report);
  if (schema instanceof z.ZodPipe) return lookThrough(schema, path, report);
  if (schema instanceof z.ZodUnion) return lookAtOption(schema.options, path, report);
  if (!isWrapper(schema)) return undefined;
  const look = lookOf(schema.unwrap(), path, report);
  return look && ((value) => (isMissing(value) ? undefined : look(value)));
}

/** Rows of a list share its path; those of a map are below it. */
function lookAtMembers(item: z.core.$ZodType, path: string, report: Report): Look {
  const inside = report.inside ?? report;
  const inList = lookOf(item, path, inside);
  const inMap = lookOf(item, `${path}.*`, inside);
  return (value) => {
    if (Array.isArray(value)) inList && report.each(inList, value);
    else if (isObject(value)) inMap && report.each(inMap, Object.values(value));
  };
}

function lookAtFields(schema: z.ZodObject, path: string, report: Report): Look {
  const looks = Object.entries(schema.shape).flatMap(([field, inner]) => {
    const look = lookOf(inner, path === '' ? field : `${path}.${field}`, report);
    return look ? [{ field, look }] : [];
  });
  return (value) => {
    if (!isObject(value)) return;
    for (const { field, look } of looks) look(Object.hasOwn(value, field) ? value[field] : undefined);
  };
}

/** What a transform is given is looked into before it; what another schema is given, after the one before it. */
function lookThrough(schema: z.ZodPipe, path: string, report: Report): Look {
  const before = lookOf(schema.in, path, report);
  const after = lookOf(schema.out, path, report);
  return (value) => {
    before?.(value);
    if (!after) return;
    const given = run(schema.in, value);
    if (given.issues.length === 0) after(given.value);
  };
}

function lookAtOption(options: readonly z.core.$ZodType[], path: string, report: Report): Look {
  const each = options.map((option) => ({ option, look: lookOf(option, path, report) }));
  return (value) => each.find(({ option }) => isValid(option, value))?.look?.(value);
}

/** Whether a value is as documented, where the schema reads on what is not; undefined where it refuses that. */
function documentedBy(schema: z.core.$ZodType): ((value: unknown) => boolean) | undefined {
  if (schema instanceof z.ZodCatch) {
    const inner = schema.unwrap();
    const documented = inner instanceof z.ZodOptional ? inner.unwrap() : inner;
    return (value) => isValid(documented, value);
  }
  switch (toleranceOf(schema)) {
    case 'absence':
      return (value) => !isMissing(value);
    case 'other form': {
      const [documented] = schema instanceof z.ZodUnion ? schema.options : [];
      return documented && ((value) => isValid(documented, value));
    }
    default:
      return undefined;
  }
}

function isValid(schema: z.core.$ZodType, value: unknown): boolean {
  return run(schema, value).issues.length === 0;
}

/** `safeParse` describes what is wrong, for which a failure takes ten times as long. */
function run(schema: z.core.$ZodType, value: unknown): z.core.ParsePayload {
  const parsed = schema._zod.run({ value, issues: [] }, { async: false });
  if (parsed instanceof Promise) throw new z.core.$ZodAsyncError();
  return parsed;
}

function isMissing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function toleranceOf(schema: z.core.$ZodType): unknown {
  return z.globalRegistry.get(schema)?.tolerated;
}

/** Whether the schema, or one below it, tolerates anything: the rows of all others need no second look. */
function isTolerant(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodCatch || toleranceOf(schema) !== undefined) return true;
  if (schema instanceof z.ZodObject) return Object.values(schema.shape).some(isTolerant);
  const item = itemOf(schema);
  if (item) return isTolerant(item);
  if (schema instanceof z.ZodRecord) return isTolerant(schema.valueType);
  if (schema instanceof z.ZodPipe) return isTolerant(schema.in) || isTolerant(schema.out);
  if (schema instanceof z.ZodUnion) return schema.options.some(isTolerant);
  return isWrapper(schema) && isTolerant(schema.unwrap());
}

function driftAt(path: string, value: unknown): Drift {
  const what = isMissing(value) ? 'is missing' : 'is not as documented';
  return { kind: 'undocumented_field', what: `${path || 'the answer'} ${what}` };
}
