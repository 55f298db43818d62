import { z } from 'zod';
import type { Steps } from './steps.ts';

/** More wrong members are not looked for: one is enough to refuse an answer, and describing millions takes minutes. */
export const MAX_ISSUES = 100;

/** The schema of what a list or map holds. */
export interface MemberSchema {
  readonly item: z.core.$ZodType;
  readonly isMap: boolean;
}

/** Reads the members of a list or map, each by itself. */
export class Members implements MemberSchema {
  readonly item: z.core.$ZodType;
  readonly isMap: boolean;
  /** Those that were read ahead, by the value that was read. */
  readonly #ready = new WeakMap<object, z.core.ParsePayload>();

  constructor({ item, isMap }: MemberSchema) {
    this.item = item;
    this.isMap = isMap;
  }

  /** The members as their schema gives them, up to the one that makes too many issues. */
  readAll(
    members: readonly unknown[],
    keyOf: (index: number) => PropertyKey,
    issues: z.core.$ZodRawIssue[],
  ): unknown[] {
    const found: unknown[] = [];
    for (let index = 0; index < members.length && issues.length < MAX_ISSUES; index++) {
      const parsed = this.#take(members[index]);
      if (parsed.issues.length > 0) issues.push(...z.core.util.prefixIssues(keyOf(index), parsed.issues));
      found.push(parsed.value);
    }
    return found;
  }

  /** Reads members for the next {@link readAll}, a step each. */
  *readAhead(members: readonly unknown[]): Steps<void> {
    let issues = 0;
    for (const member of members) {
      if (!isObject(member)) continue;
      const parsed = run(this.item, member);
      this.#ready.set(member, parsed);
      issues += parsed.issues.length;
      if (issues >= MAX_ISSUES) return;
      yield;
    }
  }

  /** What was read ahead serves once: its issues get their path from the one list they are reported for. */
  #take(member: unknown): z.core.ParsePayload {
    if (!isObject(member)) return run(this.item, member);
    const known = this.#ready.get(member);
    this.#ready.delete(member);
    return known ?? run(this.item, member);
  }
}

/** What `z.array` does with each item. `safeParse` takes half as long again, and ten times as long to describe a failure. */
export function run(schema: z.core.$ZodType, value: unknown): z.core.ParsePayload {
  const parsed = schema._zod.run({ value, issues: [] }, { async: false });
  if (parsed instanceof Promise) throw new z.core.$ZodAsyncError();
  return parsed;
}

const MEMBERS = Symbol('members');

/** Marks the schema of a list or map. */
export function withMembers<Schema extends z.ZodType>(schema: Schema, members: Members) {
  return Object.assign(schema, { [MEMBERS]: members });
}

function readerOf(schema: z.core.$ZodType): Members | undefined {
  const members = MEMBERS in schema ? schema[MEMBERS] : undefined;
  return members instanceof Members ? members : undefined;
}

/** The schema of what a list or map holds; undefined for any other schema. */
export function membersOf(schema: z.core.$ZodType): MemberSchema | undefined {
  if (schema instanceof z.ZodArray) return { item: schema.element, isMap: false };
  if (schema instanceof z.ZodRecord) return { item: schema.valueType, isMap: true };
  return readerOf(schema);
}

/**
 * Reads the members of the outermost lists and maps of an answer, a step each, so that parsing all of it by `schema` takes a moment.
 * Parsing alone gives the same result, in one go.
 */
export function* readAhead(schema: z.core.$ZodType, json: unknown): Steps<void> {
  if (!isObject(json)) return;
  const members = readerOf(schema);
  if (members) yield* members.readAhead(valuesOf(json));
  else if (schema instanceof z.ZodPipe) yield* readAhead(schema.in, json);
  else if (isWrapper(schema)) yield* readAhead(schema.unwrap(), json);
  else if (schema instanceof z.ZodObject) {
    for (const [name, field] of Object.entries(schema.shape)) {
      if (Object.hasOwn(json, name)) yield* readAhead(field, json[name]);
    }
  }
}

export function valuesOf(json: object): readonly unknown[] {
  return Array.isArray(json) ? json : Object.values(json);
}

/** A schema that adds a case to another one. */
export function isWrapper(schema: z.core.$ZodType): schema is z.ZodOptional | z.ZodNullable | z.ZodCatch {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodCatch;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
