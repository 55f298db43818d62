/** A row by column; null where the cell is empty. */
export type FocusRecord = Readonly<Record<string, string | null>>;

/** Reads RFC 4180, without the program's own code. */
export function parseCsv(text: string): FocusRecord[] {
  const [head = [], ...rows] = linesOf(text);
  return rows.map((cells) => Object.fromEntries(head.map((name, place) => [name, cells[place] || null])));
}

function linesOf(text: string): string[][] {
  const lines: string[][] = [];
  let cells: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    cells.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === ',') continue;
    lines.push(cells);
    cells = [];
  }
  return lines;
}
