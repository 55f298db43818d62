import { distance } from 'fastest-levenshtein';

/** Other names that people use for a key or value. */
const SYNONYMS: Readonly<Record<string, string>> = {
  token: 'apikey',
  apitoken: 'apikey',
  key: 'apikey',
  secret: 'apikey',
  tokenfile: 'apikeyfile',
  keyfile: 'apikeyfile',
  url: 'baseurl',
  endpoint: 'baseurl',
  cron: 'schedule',
  interval: 'schedule',
  address: 'listen',
  port: 'listen',
  file: 'path',
  type: 'provider',
  team: 'teamid',
  limit: 'limitusd',
  amount: 'limitusd',
  warning: 'warn',
  verbose: 'debug',
  quiet: 'error',
  off: 'silent',
  text: 'pretty',
};

/** The known word that was most likely meant, if one is close enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = normalize(word);
  const [best] = known
    .map((name) => ({ name, edits: editsBetween(wanted, normalize(name)) }))
    .sort((a, b) => a.edits - b.edits);
  return best && best.edits <= Math.max(1, Math.floor(wanted.length / 3)) ? best.name : undefined;
}

/** `; did you mean "apiKey"?`, or else the available words. */
export function suggestion(word: string, known: readonly string[]): string {
  const best = nearest(word, known);
  if (best !== undefined) return `; did you mean "${best}"?`;
  return known.length === 0 ? '' : `; available: ${known.join(', ')}`;
}

/** Ignores case, dashes and underscores. */
function normalize(word: string): string {
  return word
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, 40);
}

/** Swapped letters are one mistake, though the distance counts two edits. */
function editsBetween(wanted: string, name: string): number {
  const isSynonym = name === SYNONYMS[wanted];
  const isSwapped = wanted !== name && [...wanted].sort().join() === [...name].sort().join();
  return isSynonym || isSwapped ? 1 : distance(wanted, name);
}
