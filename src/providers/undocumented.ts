import { z } from 'zod';
import type { Drift } from '../core/statement.ts';
import { itemOf } from './schemas.ts';

/**
 * One drift for each field that an answer has not, or not as documented, and that its schema reads on without: see `lenient` and its
 * neighbours in `schemas.ts`. The drift names the field; nothing that was received is repeated.
 *
 * @param json as it came: what a schema made of it no longer tells.
 */
export function undocumentedIn(schema: z.core.$ZodType, json: unknown): Drift[] {
  const found = new Map<string, Drift>();
  walk(schema, json, '', (drift) => found.set(drift.what, drift));
  return [...found.values()];
}

type Note = (drift: Drift) => void;

/** @param path such as `dedicated_usage.breakdown.minutes`; rows of a list share one. */
function walk(schema: z.core.$ZodType, value: unknown, path: string, note: Note): void {
  if (!isTolerant(schema)) return;
  if (isOdd(schema, value)) note(driftAt(path, value));
  else if (schema instanceof z.ZodObject) walkObject(schema, value, path, note);
  else if (itemOf(schema)) walkMembers(itemOf(schema), value, path, note);
  else if (schema instanceof z.ZodArray && Array.isArray(value)) {
    for (const item of value) walk(schema.element, item, path, note);
  } else if (schema instanceof z.ZodRecord) {
    for (const item of Object.values(value ?? {})) walk(schema.valueType, item, `${path}.*`, note);
  } else if (schema instanceof z.ZodPipe) walkPipe(schema, value, path, note);
  else if (schema instanceof z.ZodUnion) {
    const option = schema.options.find((each) => z.safeParse(each, value).success);
    if (option) walk(option, value, path, note);
  } else if (isWrapper(schema) && value !== undefined && value !== null)
    walk(schema.unwrap(), value, path, note);
}

function walkMembers(item: z.core.$ZodType | undefined, value: unknown, path: string, note: Note): void {
  if (!item || typeof value !== 'object' || value === null) return;
  const below = Array.isArray(value) ? path : `${path}.*`;
  for (const member of Object.values(value)) walk(item, member, below, note);
}

function walkObject(schema: z.ZodObject, value: unknown, path: string, note: Note): void {
  if (typeof value !== 'object' || value === null) return;
  const known: Readonly<Record<string, unknown>> = { ...value };
  for (const [field, inner] of Object.entries(schema.shape)) {
    const item = Object.hasOwn(known, field) ? known[field] : undefined;
    walk(inner, item, path === '' ? field : `${path}.${field}`, note);
  }
}

/** What a transform is given is looked into before it; what another schema is given, after the one before it. */
function walkPipe(schema: z.ZodPipe, value: unknown, path: string, note: Note): void {
  walk(schema.in, value, path, note);
  if (!isTolerant(schema.out)) return;
  const given = z.safeParse(schema.in, value);
  if (given.success) walk(schema.out, given.data, path, note);
}

/** Whether the schema reads the value on although it is not as documented. */
function isOdd(schema: z.core.$ZodType, value: unknown): boolean {
  if (schema instanceof z.ZodCatch) {
    const inner = schema.unwrap();
    return !z.safeParse(inner instanceof z.ZodOptional ? inner.unwrap() : inner, value).success;
  }
  switch (toleranceOf(schema)) {
    case 'absence':
      return value === undefined || value === null;
    case 'other form': {
      const [documented] = schema instanceof z.ZodUnion ? schema.options : [];
      return documented !== undefined && !z.safeParse(documented, value).success;
    }
    default:
      return false;
  }
}

function toleranceOf(schema: z.core.$ZodType): unknown {
  return z.globalRegistry.get(schema)?.tolerated;
}

/** Whether the schema, or one below it, tolerates anything: the rows of all others need no second look. */
function isTolerant(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodCatch || toleranceOf(schema) !== undefined) return true;
  if (schema instanceof z.ZodObject) return Object.values(schema.shape).some(isTolerant);
  const item = itemOf(schema) ?? (schema instanceof z.ZodArray ? schema.element : undefined);
  if (item) return isTolerant(item);
  if (schema instanceof z.ZodRecord) return isTolerant(schema.valueType);
  if (schema instanceof z.ZodPipe) return isTolerant(schema.in) || isTolerant(schema.out);
  if (schema instanceof z.ZodUnion) return schema.options.some(isTolerant);
  return isWrapper(schema) && isTolerant(schema.unwrap());
}

function isWrapper(schema: z.core.$ZodType): schema is z.ZodOptional | z.ZodNullable | z.ZodCatch {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodCatch;
}

function driftAt(path: string, value: unknown): Drift {
  const what = value === undefined || value === null ? 'is missing' : 'is not as documented';
  return { kind: 'undocumented_field', what: `${path || 'the answer'} ${what}` };
}
