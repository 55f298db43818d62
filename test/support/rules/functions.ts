import type { Sources } from './source-text.ts';

/** A named function, method or arrow, as the formatter lays it out. */
export interface SourceFunction {
  readonly path: string;
  readonly name: string;
  /** 1-based, of its first line. */
  readonly line: number;
  /** From its first line to its closing brace, comments included. */
  readonly lines: number;
}

const START =
  /^(?<indent>\s*)(?:export )?(?:(?:async )?function\*? (?<declared>\w+)|(?:const |readonly )?(?<assigned>#?\w+)(?:\([^)]*\))?(?:: [^=]+)? (?:=|:) (?:async )?(?:\([^)]*\)|\w+)(?:: [^=]+)? => \{$|(?:static |async |override |get |\*)*(?<method>#?\w+)\((?:.*\)(?:: .+)? \{)?$)/;

/** Words that open a block and look like a method. */
const NOT_A_NAME = new Set([
  'if',
  'for',
  'while',
  'switch',
  'catch',
  'return',
  'function',
  'super',
  'test',
  'it',
  'describe',
]);

/** The functions of the sources. The formatter indents a function's closing brace like its first line: that ends it. */
export function functionsIn(sources: Sources): SourceFunction[] {
  return [...sources].flatMap(([path, text]) => {
    const rows = text.split('\n');
    return rows.flatMap((row, index) => {
      const { indent, declared, assigned, method } = START.exec(row)?.groups ?? {};
      const name = declared ?? assigned ?? method;
      if (name === undefined || indent === undefined || NOT_A_NAME.has(name)) return [];
      const end = rows.findIndex((each, at) => at > index && each.startsWith(`${indent}}`));
      if (end === -1 || (method !== undefined && !opensBody(rows.slice(index, end), indent))) return [];
      return [{ path, name, line: index + 1, lines: end - index + 1 }];
    });
  });
}

/** Whether a method's rows have a body: otherwise they are a call. Its parameters may take several rows. */
function opensBody([first = '', ...rows]: readonly string[], indent: string): boolean {
  return first.endsWith('{') || rows.some((row) => row.startsWith(`${indent})`) && row.endsWith(' {'));
}
