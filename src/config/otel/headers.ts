import type { Setting, Source } from './setting.ts';

/** A header as it was written. */
export interface Header extends Setting {
  readonly name: string;
}

/** What a request says of itself or of its connection, which is not up to the configuration. */
const OURS: readonly string[] = [
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Headers that requests carry, held by a closure: their values may be secret. */
export function headersOf(
  headers: readonly Header[],
  source: Source,
): () => Readonly<Record<string, string>> {
  for (const { path, name, text } of headers) {
    const problem = nameProblem(name) ?? valueProblem(text);
    if (problem !== undefined) source.refuse(path, problem);
  }
  const entries = headers.map(({ name, text }) => [name.toLowerCase(), text.trim()] as const);
  const known = Object.freeze(Object.fromEntries(entries));
  return () => known;
}

/** https://www.rfc-editor.org/rfc/rfc9110#name-tokens; neither problem repeats any of the text. */
function nameProblem(name: string): string | undefined {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return 'is not a valid header name';
  return OURS.includes(name.toLowerCase())
    ? 'is a header that the exporter itself sends; remove it'
    : undefined;
}

function valueProblem(text: string): string | undefined {
  if (text.trim() === '') return 'is empty';
  if (/[\r\n]/.test(text.trim())) return 'contains a line break; a header is a single line';
  return /^[ -~]+$/.test(text.trim())
    ? undefined
    : 'contains a character that a header cannot carry; was it copied from formatted text?';
}
