import { z } from 'zod';
import type { Drift } from '../../core/statement/statement.ts';
import { itemOf } from './members.ts';

/** What of a path is told: a longer key was not written to be read. */
const MAX_KEY_CHARACTERS = 60;
const MAX_TOLD = 10;

/**
 * One `unknown_field` for every path at which a value holds a key that its schema does not name; of many, the first few and how
 * many more there are.
 *
 * Only objects that keep such keys (`z.looseObject`) can show them. Rows of a list share one path, and what a transform made is
 * not looked into.
 */
export function unknownFieldsOf(schema: z.core.$ZodType, value: unknown): Drift[] {
  const found = new Set<string>();
  walk(schema, value, '', found);
  const told = [...found].slice(0, MAX_TOLD).map((what): Drift => ({ kind: 'unknown_field', what }));
  const more = found.size - told.length;
  return more > 0 ? [...told, { kind: 'unknown_field', what: `and ${more} more`, more }] : told;
}

function walk(schema: z.core.$ZodType, value: unknown, path: string, found: Set<string>): void {
  if (value === null || typeof value !== 'object') return;
  const item = itemOf(schema);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodCatch) {
    walk(schema.unwrap(), value, path, found);
  } else if (item && Array.isArray(value)) {
    for (const each of value) walk(item, each, path, found);
  } else if (schema instanceof z.ZodObject) {
    walkObject(schema, value, path, found);
  }
}

function walkObject(schema: z.ZodObject, value: object, path: string, found: Set<string>): void {
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  for (const [key, item] of Object.entries(value)) {
    const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (!known) found.add(below(path, key));
    else if (typeof item === 'object') walk(known, item, below(path, key), found);
  }
}

function below(path: string, key: string): string {
  const name = key.slice(0, MAX_KEY_CHARACTERS);
  return path === '' ? name : `${path}.${name}`;
}
