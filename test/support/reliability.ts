/** A row of a table of faults. */
export interface FaultRow {
  readonly fault: string;
  readonly seen: string;
  readonly lost: string;
  /** Tests by file and name; cases by folder, without a name. */
  readonly proofs: readonly { readonly path: string; readonly name: string | undefined }[];
}

/** The rows of every table of the page that has these four columns. */
export function faultRows(page: string): FaultRow[] {
  return page.split('\n').flatMap((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [, fault = '', seen = '', lost = '', proved = ''] = cells;
    if (cells.length !== 6 || fault === 'fault' || /^-+$/.test(fault)) return [];
    return [{ fault, seen, lost, proofs: proved.split('<br>').map(proofOf) }];
  });
}

function proofOf(text: string): FaultRow['proofs'][number] {
  const { path = text, name } = /^`(?<path>[^`]+)`(?:: (?<name>.+))?$/.exec(text)?.groups ?? {};
  return { path, name };
}

/** The names of the tests in a file; `…` stands where one is put together. */
export function testNames(source: string): string[] {
  const calls = source.matchAll(
    /\b(?:test|it|realServerTest)\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g,
  );
  return Array.from(calls, ([, single, double, template]) =>
    (single ?? double ?? template?.replace(/\$\{[^}]*\}/g, '…') ?? '').replace(/\\(.)/g, '$1'),
  );
}
