import { z } from 'zod';
import type { Drift } from '../../core/statement/statement.ts';
import { isObject, isWrapper, type MemberSchema, membersOf, run, valuesOf } from './members.ts';
import { type Steps, takeAll } from './steps.ts';

/** A longer key is data, not a name. */
const MAX_KEY_CHARACTERS = 60;
const MAX_UNKNOWN_FIELDS = 10;

/**
 * One `undocumented_field` for each field that an answer lacks, or has in another form, and that its schema reads on without (see
 * `lenient` and its neighbours in `schemas.ts`), and one `unknown_field` for each that a `z.looseObject` does not name. Of many
 * unknown fields, the first few and how many more there are. A drift names the field; nothing that was received is repeated.
 *
 * @param json as it came: what a schema made of it no longer tells.
 */
export function driftIn(schema: z.core.$ZodType, json: unknown): Drift[] {
  return takeAll(findDrift(schema, json));
}

/** What tells the drift of an answer by itself, for schemas whose rows are too many to look into each. */
export const OWN_DRIFT = z.registry<{ driftOf(json: unknown): Drift[] }>();

/** The same with a step for each member of the outermost lists and maps. */
export function* findDrift(schema: z.core.$ZodType, json: unknown): Steps<Drift[]> {
  const own = OWN_DRIFT.get(schema);
  if (own) return own.driftOf(json);
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
  return bounded(found);
}

function bounded(found: readonly Drift[]): Drift[] {
  const unknown = found.filter(({ kind }) => kind === 'unknown_field');
  const left = new Set(unknown.slice(MAX_UNKNOWN_FIELDS));
  const told = found.filter((drift) => !left.has(drift));
  const more = left.size;
  return more === 0 ? told : [...told, { kind: 'unknown_field', what: `and ${more} more`, more }];
}

interface Report {
  note(drift: Drift): void;
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
  const inside = lookInside(schema, path, report);
  const documented = documentedBy(schema);
  if (!documented) return inside;
  const [whenMissing, whenOdd] = [{ isNoted: false }, { isNoted: false }];
  return (value) => {
    const known = isMissing(value) ? whenMissing : whenOdd;
    // What is inside of a missing value is nothing; inside of another, a row may lack what the others have.
    if (known.isNoted && (!inside || isMissing(value))) return;
    if (documented(value)) return inside?.(value);
    if (!known.isNoted) report.note(driftAt(path, value));
    known.isNoted = true;
  };
}

function lookInside(schema: z.core.$ZodType, path: string, report: Report): Look | undefined {
  const members = membersOf(schema);
  if (members) return lookAtMembers(members, path, report);
  if (schema instanceof z.ZodObject) return lookAtFields(schema, path, report);
  if (schema instanceof z.ZodPipe) return lookThrough(schema, path, report);
  if (schema instanceof z.ZodUnion) return lookAtOption(schema.options, path, report);
  if (!isWrapper(schema)) return undefined;
  const look = lookOf(schema.unwrap(), path, report);
  return look && ((value) => (isMissing(value) ? undefined : look(value)));
}

/** Rows of a list share its path; those of a map are below it. */
function lookAtMembers({ item, isMap }: MemberSchema, path: string, report: Report): Look | undefined {
  const look = lookOf(item, isMap ? `${path}.*` : path, report.inside ?? report);
  return look && ((value) => (isObject(value) ? report.each(look, valuesOf(value)) : undefined));
}

function lookAtFields(schema: z.ZodObject, path: string, report: Report): Look | undefined {
  const looks = Object.entries(schema.shape).flatMap(([field, inner]) => {
    const look = lookOf(inner, below(path, field), report);
    return look ? [{ field, look }] : [];
  });
  const lookAtKeys = isLoose(schema) ? lookForUnknownKeys(schema, path, report) : undefined;
  if (looks.length === 0 && !lookAtKeys) return undefined;
  return (value) => {
    if (!isObject(value)) return;
    for (const { field, look } of looks) look(Object.hasOwn(value, field) ? value[field] : undefined);
    lookAtKeys?.(value);
  };
}

/** Notes each key that the schema does not name, once for all rows. */
function lookForUnknownKeys({ shape }: z.ZodObject, path: string, report: Report): (value: object) => void {
  const known = new Set(Object.keys(shape));
  return (value) => {
    if (Array.isArray(value)) return;
    for (const key of Object.keys(value)) {
      if (known.has(key)) continue;
      known.add(key);
      report.note({ kind: 'unknown_field', what: below(path, key.slice(0, MAX_KEY_CHARACTERS)) });
    }
  };
}

/** Whether the schema keeps keys that it does not name, which says that it names all that are documented. */
function isLoose({ def }: z.ZodObject): boolean {
  return def.catchall instanceof z.ZodUnknown;
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** What a transform is given is looked into before it; what another schema is given, after the one before it. */
function lookThrough(schema: z.ZodPipe, path: string, report: Report): Look | undefined {
  const before = lookOf(schema.in, path, report);
  const after = lookOf(schema.out, path, report);
  if (!after) return before;
  return (value) => {
    before?.(value);
    const given = run(schema.in, value);
    if (given.issues.length === 0) after(given.value);
  };
}

function lookAtOption(options: readonly z.core.$ZodType[], path: string, report: Report): Look | undefined {
  const each = options.map((option) => ({ option, look: lookOf(option, path, report) }));
  if (each.every(({ look }) => !look)) return undefined;
  return (value) => each.find(({ option }) => isValid(option, value))?.look?.(value);
}

/** Whether a value is as documented, where the schema reads on what is not; undefined where it refuses that. */
function documentedBy(schema: z.core.$ZodType): ((value: unknown) => boolean) | undefined {
  if (schema instanceof z.ZodCatch) {
    const inner = schema.unwrap();
    const documented = inner instanceof z.ZodOptional ? inner.unwrap() : inner;
    return (value) => isValid(documented, value);
  }
  const tolerated = z.globalRegistry.get(schema)?.tolerated;
  if (tolerated === 'absence') return (value) => !isMissing(value);
  if (tolerated !== 'other form' || !(schema instanceof z.ZodUnion)) return undefined;
  const [documented] = schema.options;
  return documented && ((value) => isValid(documented, value));
}

function isValid(schema: z.core.$ZodType, value: unknown): boolean {
  return run(schema, value).issues.length === 0;
}

function isMissing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function driftAt(path: string, value: unknown): Drift {
  const what = isMissing(value) ? 'is missing' : 'is not as documented';
  return { kind: 'undocumented_field', what: `${path || 'the answer'} ${what}` };
}
