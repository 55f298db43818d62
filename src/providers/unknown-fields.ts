import { z } from 'zod';
import type { Drift } from '../core/statement.ts';

/**
 * One `unknown_field` for every path at which a value holds a key that its schema does not name.
 *
 * Only objects that keep such keys (`z.looseObject`) can show them. Rows of a list share one path, and what a transform made is
 * not looked into.
 */
export function unknownFieldsOf(schema: z.core.$ZodType, value: unknown): Drift[] {
  const found = new Set<string>();
  walk(schema, value, '', found);
  return [...found].map((what) => ({ kind: 'unknown_field', what }));
}

function walk(schema: z.core.$ZodType, value: unknown, path: string, found: Set<string>): void {
  if (value === null || typeof value !== 'object') return;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodCatch) {
    walk(schema.unwrap(), value, path, found);
  } else if (schema instanceof z.ZodArray && Array.isArray(value)) {
    for (const item of value) walk(schema.element, item, path, found);
  } else if (schema instanceof z.ZodObject) {
    walkObject(schema, value, path, found);
  }
}

function walkObject(schema: z.ZodObject, value: object, path: string, found: Set<string>): void {
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  for (const [key, item] of Object.entries(value)) {
    const below = path === '' ? key : `${path}.${key}`;
    const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (known) walk(known, item, below, found);
    else found.add(below);
  }
}
