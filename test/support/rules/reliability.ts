/** A row of a table of faults. */
export interface FaultRow {
  readonly fault: string;
  readonly seen: string;
  readonly lost: string;
  /** Tests by file and name; cases by folder, without a name. */
  readonly proofs: readonly { readonly path: string; readonly name: string | undefined }[];
}

/** The rows of every table of the page that begins with the column `fault`. */
export function faultRows(page: string): FaultRow[] {
  const tables = page.match(/^\| fault \|.*\n\|[- |]+\n(?:\|.*\n)*/gm) ?? [];
  return tables.flatMap((table) => table.trim().split('\n').slice(2).map(rowOf));
}

function rowOf(line: string): FaultRow {
  const [, fault = '', seen = '', lost = '', proved = ''] = line
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
  return { fault, seen, lost, proofs: proved === '' ? [] : proved.split('<br>').map(proofOf) };
}

function proofOf(text: string): FaultRow['proofs'][number] {
  const { path = text, name } = /^`(?<path>[^`]+)`(?:: (?<name>.+))?$/.exec(text)?.groups ?? {};
  return { path, name };
}

/** The names of the tests in a file; `…` replaces interpolated parts. */
export function testNames(source: string): string[] {
  const calls = source.matchAll(
    /\b(?:test|it|realServerTest)\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g,
  );
  return Array.from(calls, ([, single, double, template]) =>
    (single ?? double ?? template?.replace(/\$\{[^}]*\}/g, '…') ?? '').replace(/\\(.)/g, '$1'),
  );
}
