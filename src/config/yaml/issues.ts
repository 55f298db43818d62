import { z } from 'zod';
import type { Document } from './document.ts';
import type { Path } from './errors.ts';
import { formatPath } from './errors.ts';
import type { Problems } from './problems.ts';
import { nearest, suggestion } from './suggest.ts';

type SchemaIssue = z.core.$ZodIssue;

/** A value, its path, the schema to validate it with, and where problems go. */
export interface Validation<T> {
  readonly schema: z.ZodType<T>;
  readonly value: unknown;
  readonly path: Path;
  readonly problems: Problems;
}

/** The value as the schema converts it; undefined, with every problem reported, if it is invalid. */
export function validate<T>({ schema, value, path, problems }: Validation<T>): T | undefined {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  for (const issue of result.error.issues.flatMap(flattenUnion)) {
    const here = [...path, ...issue.path];
    const found = issue.input;
    if (issue.code === 'unrecognized_keys') {
      const known = keysOf(schema, issue.path);
      for (const key of issue.keys) reportUnknownKey(problems, [...here, key], known);
    } else {
      problems.add(
        here,
        `${messageOf(issue, found)}${isShown(issue, found) ? problems.quoteValue(here, found) : ''}`,
      );
    }
  }
  return undefined;
}

/** Reports an unknown key, and which one was probably meant. */
export function reportUnknownKey(problems: Problems, path: Path, known: readonly string[], more = ''): void {
  const key = String(path.at(-1));
  // In `apiKey:secret`, without a space, YAML reads one long key: the part after the colon is not repeated.
  const [, word = key, glued] = /^([A-Za-z]\w*)([:=])/.exec(key) ?? [];
  const hint =
    glued === undefined ? suggestion(word, known) : '; put a colon and a space between key and value';
  const message = `unknown key${more === '' ? hint : more}`;
  problems.addAt(problems.position(path, 'key'), [...path.slice(0, -1), word], message);
}

/** Replaces the issues of a union with those of the branch that takes this type of value, if one does. */
function flattenUnion(issue: SchemaIssue): SchemaIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const branch = issue.errors.find((issues) => !issues.some(isWrongType));
  if (branch === undefined) return [issue];
  return branch.flatMap(flattenUnion).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function isWrongType(issue: SchemaIssue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((issues) => issues.some(isWrongType));
  return issue.code === 'invalid_type';
}

/** Messages of this project start in lower case; those of zod start with a capital. */
const OWN_MESSAGE = /^[a-z]/;

function messageOf(issue: SchemaIssue, found: unknown): string {
  if (OWN_MESSAGE.test(issue.message)) return issue.message;
  if (found === undefined) return 'is missing; add it';
  if (found === null) return 'is empty; give it a value or remove the line';
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_union':
      return wrongType(typesOf(issue), found);
    case 'invalid_value':
      return oneOf(issue.values.map(String), found);
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    default:
      return `is invalid: ${issue.message}`;
  }
}

function oneOf(words: readonly string[], found: unknown): string {
  const best = typeof found === 'string' ? nearest(found, words) : undefined;
  return `must be one of ${words.join(', ')}${best === undefined ? '' : `; did you mean "${best}"?`}`;
}

function wrongType(expected: readonly string[], found: unknown): string {
  const remedy = typeof found === 'number' || typeof found === 'boolean' ? '; put it in quotes' : '';
  const fits = expected.includes('string') ? remedy : '';
  return `must be ${[...new Set(expected.map(typeName))].join(' or ')}, not ${typeOf(found)}${fits}`;
}

function typesOf(issue: SchemaIssue): string[] {
  if (issue.code === 'invalid_type') return [issue.expected];
  return issue.code === 'invalid_union' ? issue.errors.flatMap((issues) => issues.flatMap(typesOf)) : [];
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
};

function typeName(expected: string): string {
  return TYPES[expected] ?? expected;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'boolean') return String(value);
  if (value === null) return 'empty';
  return TYPES[typeof value] ?? typeof value;
}

/** A message quotes the value unless it may be secret or the message already names its type. */
function isShown(issue: SchemaIssue, found: unknown): boolean {
  if (issue.code === 'custom' && issue.params?.secret === true) return false;
  const isType = issue.code === 'invalid_type' || issue.code === 'invalid_union';
  return !isType || OWN_MESSAGE.test(issue.message) || typeof found === 'number';
}

/** The keys that the mapping at `path` may have. */
function keysOf(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const [step, ...rest] = path;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault)
    return keysOf(schema.unwrap(), path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysOf(option, path));
  if (schema instanceof z.ZodArray) return keysOf(schema.element, rest);
  if (schema instanceof z.ZodRecord) return keysOf(schema.valueType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (step === undefined) return Object.keys(schema.shape);
  const inner = schema.shape[String(step)];
  return inner ? keysOf(inner, rest) : [];
}

/** Reports entries of a list that share a name. */
export function reportDuplicateNames(
  entries: readonly { readonly name: string }[],
  path: Path,
  problems: Document['problems'],
): void {
  const first = new Map<string, number>();
  for (const [index, { name }] of entries.entries()) {
    const before = first.get(name);
    if (before === undefined) first.set(name, index);
    else
      problems.add(
        [...path, index, 'name'],
        `is already the name of ${formatPath([...path, before])}; choose another`,
      );
  }
}
