import type { YAMLError } from 'yaml';

export const NO_ANCHOR =
  'an alias (*name) without its anchor (&name) above; put text that starts with * in quotes';

const BAD_INDENT =
  'the indentation does not fit the lines above; keys of one mapping, or items of one list, start in the same column';

/** By error code. The parser's own messages may quote the text, which may be a key. */
const SYNTAX: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab cannot indent YAML; use spaces',
  BAD_INDENT,
  MISSING_CHAR: 'a colon, a quote, a comma or a bracket is missing here or just before',
  BLOCK_AS_IMPLICIT_KEY:
    'a value cannot continue like this; put text that contains a colon and a space in quotes',
  MULTILINE_IMPLICIT_KEY: 'a key cannot span lines; is a colon (and a space after it) missing?',
  BAD_SCALAR_START: 'text that starts with this character must be in quotes',
  BAD_DQ_ESCAPE: 'this is not an escape sequence of YAML; use single quotes, in which a backslash is literal',
  BAD_ALIAS: NO_ANCHOR,
  TAG_RESOLVE_FAILED:
    'tags (words that start with !) are not supported; put text that starts with ! in quotes',
  MULTIPLE_DOCS: 'a second YAML document starts here; a configuration is one document',
};

/** What is wrong with a text that is not YAML, and the offset where it is. */
export function syntaxProblems(
  text: string,
  errors: readonly Pick<YAMLError, 'code' | 'pos'>[],
): { readonly at: number; readonly message: string }[] {
  const startsOf = (wanted: YAMLError['code']) =>
    new Set(errors.filter(({ code }) => code === wanted).map(({ pos }) => pos[0]));
  const blocks = startsOf('BLOCK_AS_IMPLICIT_KEY');
  const multiline = startsOf('MULTILINE_IMPLICIT_KEY');
  return errors.flatMap(({ code, pos: [at] }) => {
    // The parser reads a line that is indented too far as part of the value above it.
    if (blocks.has(at) && multiline.has(at))
      return code === 'BLOCK_AS_IMPLICIT_KEY' ? [{ at: nextLine(text, at), message: BAD_INDENT }] : [];
    const message = isMisplacedLine(text, code, at) ? BAD_INDENT : SYNTAX[code];
    return [{ at, message: message ?? 'the text is not valid YAML from here on' }];
  });
}

/** The start of the text after the line at `offset`. */
function nextLine(text: string, offset: number): number {
  const [line = ''] = /^.*\s*/.exec(text.slice(offset)) ?? [];
  return offset + line.length;
}

/** Codes that the parser also uses for a line that belongs to no collection above it. */
const MISPLACED: readonly YAMLError['code'][] = ['MISSING_CHAR', 'BLOCK_AS_IMPLICIT_KEY', 'UNEXPECTED_TOKEN'];

function isMisplacedLine(text: string, code: YAMLError['code'], at: number): boolean {
  return MISPLACED.includes(code) && (at === 0 || text[at - 1] === '\n') && /^ *[\w-]/.test(text.slice(at));
}
