import { z } from 'zod';
import type { Provider } from '../providers/api/provider.ts';
import { AccountKeys, Sections } from './schema.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** The part of a JSON Schema used here. */
const ObjectSchema = z.looseObject({
  properties: z.record(z.string(), z.looseObject({})).default({}),
  required: z.array(z.string()).default([]),
});

/** The JSON Schema (draft 2020-12) of the whole configuration file, each provider's own keys included. */
export function configurationSchema(registry: readonly Provider<unknown>[]): JsonSchema {
  const sections = objectSchemaOf(Sections);
  return {
    ...sections,
    title: 'Configuration of ai-billing-exporter',
    properties: {
      ...sections.properties,
      ...Object.fromEntries(registry.flatMap(sectionSchema(sections.properties))),
      accounts: {
        ...sections.properties.accounts,
        items: { type: 'object', oneOf: registry.map(accountSchema) },
      },
    },
  };
}

/** The schema of a list that only this provider reads. */
function sectionSchema(properties: Readonly<Record<string, JsonSchema>>) {
  return ({ section }: Provider<unknown>): [string, JsonSchema][] =>
    section ? [[section.key, { ...properties[section.key], items: jsonSchemaOf(section.entry) }]] : [];
}

/** The keys that only accounts of this provider have. */
export function ownKeys(provider: Provider<unknown>): string[] {
  return Object.keys(objectSchemaOf(provider.config).properties);
}

function objectSchemaOf(schema: z.ZodType): z.infer<typeof ObjectSchema> {
  return ObjectSchema.parse(jsonSchemaOf(schema));
}

function jsonSchemaOf(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

function accountSchema(provider: Provider<unknown>): JsonSchema {
  const { properties, required } = objectSchemaOf(AccountKeys);
  const own = objectSchemaOf(provider.config);
  return {
    title: provider.title,
    type: 'object',
    properties: {
      ...properties,
      provider: { ...properties.provider, const: provider.id },
      schedule: scheduleSchema(provider, properties.schedule),
      ...own.properties,
    },
    required: [...required, ...own.required],
    oneOf: [{ required: ['apiKey'] }, { required: ['apiKeyFile'] }],
    additionalProperties: false,
  };
}

function scheduleSchema(provider: Provider<unknown>, common: JsonSchema | undefined): JsonSchema {
  const expression = { type: 'string' };
  const feeds = provider.feeds.map(({ name, schedule }) => [name, { ...expression, default: schedule }]);
  const byFeed = { type: 'object', properties: Object.fromEntries(feeds), additionalProperties: false };
  return { ...common, anyOf: [expression, byFeed] };
}
