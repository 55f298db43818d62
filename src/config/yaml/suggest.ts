/** What people call a key that is named otherwise here. */
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
};

/** The known word that was most likely meant, if one is near enough to be worth a guess. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = normal(word);
  const meant = SYNONYMS[wanted];
  const ranked = known
    .map((name) => ({ name, distance: normal(name) === meant ? 1 : distance(wanted, normal(name)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(1, Math.floor(wanted.length / 3)) ? best.name : undefined;
}

/** `; did you mean "apiKey"?`, or else what there is to choose from. */
export function suggestion(word: string, known: readonly string[]): string {
  const best = nearest(word, known);
  if (best !== undefined) return `; did you mean "${best}"?`;
  return known.length === 0 ? '' : `; known here: ${known.join(', ')}`;
}

/** Case, dashes and underscores do not make another word. */
function normal(word: string): string {
  return word
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, 40);
}

/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = swaps ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(replaced, swapped, at(last, j) + 1, at(row, j - 1) + 1));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
