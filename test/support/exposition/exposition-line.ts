/** The two formats the parser knows: Prometheus text 0.0.4 and OpenMetrics 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics';

export type Labels = Readonly<Record<string, string>>;

/** A parsed sample line. */
export interface SampleLine {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
  /** Milliseconds since the epoch, in both formats. */
  readonly timestamp: number | undefined;
}

/** `# HELP name text`, `# TYPE name type` or `# UNIT name unit`. */
export interface MetaLine {
  readonly keyword: 'HELP' | 'TYPE' | 'UNIT';
  readonly name: string;
  readonly text: string;
}

const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/sy;
const META = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s;
const NUMBER = /^(?:NaN|[+-]Inf|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/;
const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\"': '"' };

/** @throws {SyntaxError} on any other comment, or a help text with an invalid escape. */
export function parseMeta(line: string, format: ExpositionFormat): MetaLine {
  const [, keyword, name, text] = META.exec(line) ?? [];
  if (!(keyword === 'HELP' || keyword === 'TYPE' || keyword === 'UNIT') || !name || text === undefined) {
    throw new SyntaxError('neither HELP, TYPE, UNIT nor a sample');
  }
  if (keyword !== 'HELP') return { keyword, name, text };
  if (format === 'openmetrics' && /(?<!\\)(?:\\\\)*"/.test(text)) throw new SyntaxError('bare quote in HELP');
  return { keyword, name, text: plainOf(text, format === 'openmetrics' ? /\\[\\n"]/ : /\\[\\n]/) };
}

/** @throws {SyntaxError} on anything but `name{label="value",...} number [timestamp]`, single-spaced. */
export function parseSample(line: string, format: ExpositionFormat): SampleLine {
  const name = matchAt(METRIC_NAME, line, 0)?.[0];
  if (!name) throw new SyntaxError('no metric name');
  const { labels, end } = parseLabels(line, name.length);
  if (line[end] !== ' ') throw new SyntaxError('no space before the value');
  const [value = '', timestamp, ...rest] = line.slice(end + 1).split(' ');
  if (rest.length > 0) throw new SyntaxError('text behind the sample');
  const at = timestamp === undefined ? undefined : parseNumber(timestamp);
  return { name, labels, value: parseNumber(value), timestamp: inMilliseconds(at, format) };
}

function inMilliseconds(timestamp: number | undefined, format: ExpositionFormat): number | undefined {
  if (timestamp === undefined) return undefined;
  if (format === 'openmetrics') return timestamp * 1000;
  if (!Number.isInteger(timestamp)) throw new SyntaxError('a timestamp of text 0.0.4 is whole milliseconds');
  return timestamp;
}

function parseLabels(line: string, start: number): { labels: Labels; end: number } {
  if (line[start] !== '{') return { labels: {}, end: start };
  const labels: Record<string, string> = {};
  let at = start + 1;
  while (line[at] !== '}') {
    const [whole, name, value] = matchAt(LABEL, line, at) ?? [];
    if (whole === undefined || name === undefined || value === undefined) throw new SyntaxError('bad label');
    if (Object.hasOwn(labels, name)) throw new SyntaxError(`label ${name} is given twice`);
    if (name.startsWith('__')) throw new SyntaxError(`label ${name} is reserved`);
    labels[name] = plainOf(value, /\\[\\n"]/);
    at += whole.length;
    if (line[at] === ',' && line[at + 1] !== '}') at += 1;
    else if (line[at] !== '}') throw new SyntaxError('labels are not closed');
  }
  return { labels, end: at + 1 };
}

function plainOf(text: string, known: RegExp): string {
  return text.replace(/\\./gs, (pair) => {
    const plain = known.test(pair) ? ESCAPES[pair] : undefined;
    if (plain === undefined) throw new SyntaxError(`bad escape ${pair}`);
    return plain;
  });
}

/** The number of a sample or of an `le`, in the forms that Go, and therefore Prometheus, accepts. */
export function parseNumber(text: string): number {
  if (!NUMBER.test(text)) throw new SyntaxError(`not a number: ${JSON.stringify(text)}`);
  return Number(text.replace('Inf', 'Infinity'));
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
