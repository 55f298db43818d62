import type { Setting, SettingsSource } from './setting.ts';

/** A header as configured. */
export interface Header extends Setting {
  readonly name: string;
}

/** Headers that describe the message or the connection and cannot be configured. */
const RESERVED: readonly string[] = [
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

/** Request headers, in a closure because their values may be secret. */
export function headersOf(
  headers: readonly Header[],
  source: SettingsSource,
): () => Readonly<Record<string, string>> {
  for (const { path, name, text } of headers) {
    const problem = nameProblem(name) ?? valueProblem(text);
    if (problem !== undefined) source.refuse(path, problem);
  }
  const entries = headers.map(({ name, text }) => [name.toLowerCase(), text.trim()] as const);
  const frozen = Object.freeze(Object.fromEntries(entries));
  return () => frozen;
}

/** https://www.rfc-editor.org/rfc/rfc9110#name-tokens. The problem never quotes the name. */
function nameProblem(name: string): string | undefined {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return 'is not a valid header name';
  return RESERVED.includes(name.toLowerCase())
    ? 'is a header that the exporter itself sends; remove it'
    : undefined;
}

function valueProblem(text: string): string | undefined {
  const value = text.trim();
  if (value === '') return 'is empty';
  if (/[\r\n]/.test(value)) return 'contains a line break; a header is a single line';
  return /^[ -~]+$/.test(value)
    ? undefined
    : 'contains a character that a header cannot carry; was it copied from formatted text?';
}
