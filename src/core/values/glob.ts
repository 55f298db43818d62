/** Tests texts against patterns, of which one must match: `*` stands for any text, `?` for any character. */
export function globMatcher(globs: readonly string[]): (text: string) => boolean {
  const patterns = globs.map((glob) => [...glob]);
  return (text) => {
    const characters = [...text];
    return patterns.some((pattern) => isMatch(pattern, characters));
  };
}

/**
 * Whether a text matches a pattern, both as characters. On a mismatch only the last `*` is extended by one character, so matching stays
 * fast, unlike a regular expression with several wildcards.
 */
function isMatch(pattern: readonly string[], text: readonly string[]): boolean {
  let [at, star, matched] = [0, -1, 0];
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      matched = index;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      index = ++matched;
    } else return false;
  }
  return pattern.slice(at).every((character) => character === '*');
}
