import { occurrences, type Sources } from './source-text.ts';

/** Phrases that no native technical writer would use, and names that say the wrong thing. */
const BANNED =
  /\b(whoever|whosoever|anew|besides|but for|at the least|is none|are none|(be|is|are|was|were|been) told of|a bug of ours|the provider has something to say|forsooth|seldomer|for ever)\b/i;

/** Where banned phrases stand: in comments and texts of the code, and in the documents. Changelog and decisions are history. */
export function bannedWords(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    if (/^(CHANGELOG|docs\/adr\/)|words\.ts$/.test(path)) return [];
    return occurrences(path, text, BANNED);
  });
}

/** Names of types that stand in two files, but for what each provider calls its own configuration and context. */
export function repeatedTypeNames(sources: Sources): string[] {
  const places = new Map<string, Set<string>>();
  for (const [path, text] of sources) {
    for (const [, name = ''] of text.matchAll(/^(?:export )?(?:interface|type|class) (\w+)/gm)) {
      places.set(name, (places.get(name) ?? new Set()).add(path));
    }
  }
  return [...places].flatMap(([name, paths]) =>
    paths.size > 1 ? [`${name}: ${[...paths].join(', ')}`] : [],
  );
}
