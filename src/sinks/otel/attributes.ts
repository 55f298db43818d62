import type { Attributes } from '@opentelemetry/api';

/** What GenAI semantic conventions call a label. https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/ */
const GEN_AI = [
  ['provider', 'gen_ai.provider.name'],
  ['model', 'gen_ai.request.model'],
  ['token_type', 'gen_ai.token.type'],
] as const;

/** Labels as attributes, `""` included; `genAi` adds those that the conventions have for labels that are there and not `""`. */
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

/** Finds the attributes of a family's series by the labels of a sample; the same array gives the same attributes again. */
export function createAttributes(
  genAi: boolean,
): (names: readonly string[]) => (values: readonly string[]) => Attributes {
  const byNames = new Map<string, (values: readonly string[]) => Attributes>();
  return (names) => {
    const key = names.join();
    const known = byNames.get(key);
    if (known) return known;
    const made = byIdentity((values: readonly string[]) => attributesOf(names, values, genAi));
    byNames.set(key, made);
    return made;
  };
}

/** Remembers what `make` made of an object for as long as others hold that object. */
export function byIdentity<Key extends object, Made>(make: (key: Key) => Made): (key: Key) => Made {
  const known = new WeakMap<Key, Made>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(key);
    known.set(key, made);
    return made;
  };
}
