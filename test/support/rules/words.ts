import { occurrences, type Sources } from './source-text.ts';

/** Phrases that no native technical writer would use. */
const BANNED =
  /\b(whoever|whosoever|anew|besides|but for|at the (?:least|most)|(?<!there )(?:is|are) none|(?:is|are|was|were|be|been) told of|a bug of ours|the provider has something to say|forsooth|seldomer?|dearest|dearer|for ever|by whom|to be had|for want of|in vain)\b/i;

/** More of them, for texts that users read: words that are right in some contexts, but not in ours. */
const BANNED_FOR_USERS =
  /\b(told|tells? of|nobody|somebody|everybody|whatever|suffices?|mend(?:s|ed)?|stood|is believed|ours|lives? through|as good as none|(?<!-)who (?:has|wants|sends|asks|reads|knows)|per se|of late|the like|be it)\b/i;

/** The glossary allows this many terms. */
export const MAX_TERMS = 40;

/** Banned phrases in comments and texts of the code, and in the documents. Changelog and decisions are history. */
export function bannedWords(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    if (/^(CHANGELOG|docs\/adr\/)|words(\.test)?\.ts$/.test(path)) return [];
    return occurrences(path, proseOf(text), BANNED);
  });
}

/** Banned phrases in the files that users read: documents, comments of deployment files, rules and dashboards. */
export function bannedInUserTexts(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    if (!/^(README|SECURITY|CONTRIBUTING|docs\/|deploy\/|grafana\/)/.test(path)) return [];
    // The reliability page cites names of tests, the schema of the chart the descriptions of the configuration.
    if (/^docs\/(adr\/|reliability)|^deploy\/helm\/[^/]+\/(files|values\.schema)/.test(path)) return [];
    return [BANNED, BANNED_FOR_USERS].flatMap((pattern) => occurrences(path, proseOf(text), pattern));
  });
}

/** The text without the targets of links: names of files stay once they are published. */
function proseOf(text: string): string {
  return text.replaceAll(/\]\([^)\s]*\)/g, ']');
}

/** The terms of a glossary page, in order. */
export function termsOf(page: string): string[] {
  const rows = [...page.matchAll(/^\| ([^|]+) \|/gm)].map(([, term = '']) => term);
  return rows.filter((term) => term !== 'term' && !/^-+$/.test(term));
}

/** Type names that are declared in more than one file. */
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
