import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parse } from 'yaml';

/** The parts of JSON Schema that the document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly examples?: readonly unknown[];
}

interface Answer {
  readonly $ref?: string;
  /** By content type. */
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly schema: Schema }[];
  /** By status. */
  readonly responses: Readonly<Record<string, Answer>>;
}

/** The parts of the document that tests read. */
export interface OpenApi {
  readonly info: { readonly version: string };
  /** By path and method. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Answer>>;
  };
}

export async function readOpenApi(): Promise<OpenApi> {
  const file = join(import.meta.dirname, '../../../docs/openapi.yaml');
  return parse(await readFile(file, 'utf8')) as OpenApi;
}

/** Validates responses against the document, and tracks which documented responses occurred. */
export interface ResponseValidator {
  /** The body of a response. Fails if it is not as documented. */
  validate(method: string, path: string, response: Response): Promise<unknown>;
  /** Fails if the value does not match a schema of the document. */
  fits(schema: Schema, value: unknown, what: string): void;
  /** What is documented but has not occurred: responses, fields, and null values. */
  unseen(): string[];
}

export function createResponseValidator(document: OpenApi): ResponseValidator {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true, keywords: ['components'] });
  formats.default(ajv);
  const compiled = new Map<Schema, ValidateFunction>();
  const seen = new Set<string>();
  const fits = (schema: Schema, value: unknown, what: string) => {
    const validate = compiled.get(schema) ?? ajv.compile({ ...schema, components: document.components });
    compiled.set(schema, validate);
    assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}`);
  };
  return {
    fits,
    async validate(method, path, response) {
      const type = response.headers.get('content-type') ?? '';
      const name = `${method} ${path} ${response.status} ${type}`;
      const operation = document.paths[path]?.[method];
      const answer = answerOf(document, operation?.responses[response.status]);
      const schema = answer?.content[type]?.schema;
      assert.ok(schema, `${name} is not documented`);
      const text = await response.text();
      const body: unknown = /^application\/json\b/.test(type) ? JSON.parse(text) : text;
      fits(schema, body, name);
      seen.add(name);
      for (const place of placesIn({ document, schema, at: name }, body)) seen.add(place);
      return body;
    },
    unseen: () => [...documented(document)].filter((place) => !seen.has(place)),
  };
}

function answerOf({ components }: OpenApi, answer: Answer | undefined): Answer | undefined {
  return answer?.$ref ? components.responses[nameOf(answer.$ref)] : answer;
}

function nameOf(reference: string): string {
  return reference.split('/').at(-1) ?? '';
}

/** Every response, and every place below it with each of its types. */
function* documented(document: OpenApi): Generator<string> {
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      for (const [status, given] of Object.entries(responses)) {
        for (const [type, { schema }] of Object.entries(answerOf(document, given)?.content ?? {})) {
          const at = `${method} ${path} ${status} ${type}`;
          yield at;
          yield* placesOf({ document, schema, at });
        }
      }
    }
  }
}

/** A schema and its name: that of its component if it has one. */
interface Place {
  readonly document: OpenApi;
  readonly schema: Schema;
  readonly at: string;
}

function* placesOf(place: Place): Generator<string> {
  for (const { schema, at } of alternatives(place)) {
    for (const type of [schema.type ?? []].flat()) yield `${place.at}: ${type}`;
    for (const part of partsOf({ ...place, schema, at })) yield* placesOf(part);
  }
}

/** The places that a value fills. */
function* placesIn(place: Place, value: unknown): Generator<string> {
  const type = typeOf(value);
  yield `${place.at}: ${type}`;
  const fitting = alternatives(place).find(({ schema }) => [schema.type].flat().includes(type));
  for (const part of fitting ? partsOf(fitting) : []) {
    const { key } = part;
    if (Array.isArray(value)) for (const item of value) yield* placesIn(part, item);
    else if (isRecord(value) && key in value) yield* placesIn(part, value[key]);
  }
}

/** The schemas that a place may have, references followed. */
function alternatives(place: Place): Place[] {
  const { document, schema } = place;
  if (schema.oneOf) return schema.oneOf.flatMap((each) => alternatives({ ...place, schema: each }));
  if (!schema.$ref) return [place];
  const name = nameOf(schema.$ref);
  const target = document.components.schemas[name];
  assert.ok(target, `there is no ${schema.$ref}`);
  return alternatives({ document, schema: target, at: name });
}

function partsOf({ document, schema, at }: Place): (Place & { readonly key: string })[] {
  const properties = Object.entries(schema.properties ?? {}).map(([key, part]) => ({
    document,
    schema: part,
    at: `${at}.${key}`,
    key,
  }));
  return schema.items
    ? [...properties, { document, schema: schema.items, at: `${at}[]`, key: '' }]
    : properties;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Every schema of the document with its place, those within others included. */
export function* schemasOf(document: OpenApi): Generator<{ readonly at: string; readonly schema: Schema }> {
  const within = function* (at: string, schema: Schema): Generator<{ at: string; schema: Schema }> {
    yield { at, schema };
    for (const [key, part] of Object.entries(schema.properties ?? {})) yield* within(`${at}.${key}`, part);
    if (schema.items) yield* within(`${at}[]`, schema.items);
    for (const part of schema.oneOf ?? []) yield* within(at, part);
  };
  for (const [name, schema] of Object.entries(document.components.schemas)) yield* within(name, schema);
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const { parameters = [] } of Object.values(operations))
      for (const { name, schema } of parameters) yield* within(`${path}?${name}`, schema);
  }
}
