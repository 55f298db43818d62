const MAX_CHARACTERS = 200;

/** Words of the provider's as a line of at most 200 characters, none of which controls a terminal or a log. */
export function oneLine(text: string): string {
  // A character is at most two units, and what is cut away may be long.
  const line = text
    .slice(0, 10 * MAX_CHARACTERS)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  const characters = [...line];
  return characters.length > MAX_CHARACTERS ? `${characters.slice(0, MAX_CHARACTERS - 1).join('')}…` : line;
}
