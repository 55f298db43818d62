import type { Attributes } from '@opentelemetry/api';

/** Labels and their names in the GenAI semantic conventions: https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/ */
const GEN_AI = [
  ['provider', 'gen_ai.provider.name'],
  ['model', 'gen_ai.request.model'],
  ['token_type', 'gen_ai.token.type'],
] as const;

/** Labels as attributes, including empty ones; `genAi` adds the attributes of the conventions for labels that are not empty. */
export function attributesOf(
  names: readonly string[],
  values: readonly string[],
  genAi: boolean,
): Attributes {
  const attributes: Record<string, string> = {};
  for (let index = 0; index < names.length; index += 1) attributes[names[index] ?? ''] = values[index] ?? '';
  if (!genAi) return attributes;
  for (const [label, name] of GEN_AI) {
    const value = attributes[label];
    if (value) attributes[name] = value;
  }
  return attributes;
}

/** Caches the attributes of series by the label names of their family and the identity of their label values. */
export function createAttributes(
  genAi: boolean,
): (names: readonly string[]) => (values: readonly string[]) => Attributes {
  const byNames = new Map<string, (values: readonly string[]) => Attributes>();
  return (names) => {
    const key = names.join();
    const cached =
      byNames.get(key) ?? memoize((values: readonly string[]) => attributesOf(names, values, genAi));
    byNames.set(key, cached);
    return cached;
  };
}

/** Caches results by the identity of their argument, as long as the argument is in memory. */
export function memoize<Key extends object, Result>(create: (key: Key) => Result): (key: Key) => Result {
  const cache = new WeakMap<Key, Result>();
  return (key) => {
    const cached = cache.get(key);
    if (cached !== undefined) return cached;
    const result = create(key);
    cache.set(key, result);
    return result;
  };
}
