import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Document as Yaml,
} from 'yaml';
import { formatPath, type Path } from './errors.ts';
import { type Position, type Positions, Problems } from './problems.ts';
import { type Environment, substitute } from './substitute.ts';
import { NO_ANCHOR, syntaxProblems } from './syntax.ts';

/** A configuration file as plain values, and the problems found so far. */
export interface Document {
  /** Undefined if the text is not YAML. */
  readonly value: unknown;
  /** By formatted path. */
  readonly positions: ReadonlyMap<string, Positions>;
  readonly problems: Problems;
}

/** More than a configuration needs, and few enough that nested aliases cannot exhaust memory. */
const MAX_ALIASES = 1000;
const TOO_MANY = 'too many aliases; write the values out';
const MERGE = '<<';

/** Parses YAML, records the position of every key and, if there is an environment, replaces variables. */
export function readDocument(file: string, text: string, env?: Environment): Document {
  const lines = new LineCounter();
  const yaml = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: true,
  });
  const top = { line: 1, column: 1 };
  const positions = new Map<string, Positions>([['', { key: top, value: top }]]);
  const problems = new Problems(file, positions);
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  for (const { at, message } of syntaxProblems(text, [...yaml.errors, ...yaml.warnings])) {
    problems.addAt(position(at), [], message);
  }
  if (problems.list.length > 0) return { value: undefined, positions, problems };
  const aliases = { count: 0, open: new Set() };
  const walk: NodeWalk = { yaml, env, positions, problems, position, aliases };
  return { value: plainValue(walk, yaml.contents, []), positions, problems };
}

interface NodeWalk {
  readonly yaml: Yaml;
  readonly env: Environment | undefined;
  readonly positions: Map<string, Positions>;
  readonly problems: Problems;
  readonly position: (offset: number) => Position;
  /** How many aliases have been resolved, and the nodes that are being resolved now. */
  readonly aliases: { count: number; readonly open: Set<unknown> };
}

function plainValue(walk: NodeWalk, node: unknown, path: Path): unknown {
  if (isAlias(node)) return aliasValue(walk, node.resolve(walk.yaml), node.range?.[0] ?? 0, path);
  if (isScalar(node)) return typeof node.value === 'string' ? textOf(walk, node.value, path) : node.value;
  if (isSeq(node)) {
    return node.items.map((item, index) => {
      const start = walk.position(startOf(item));
      walk.positions.set(formatPath([...path, index]), { key: start, value: start });
      return plainValue(walk, item, [...path, index]);
    });
  }
  return isMap(node) ? Object.fromEntries(entriesOf(walk, node.items, path)) : null;
}

function aliasValue(walk: NodeWalk, target: unknown, offset: number, path: Path): unknown {
  const problem = aliasProblem(walk, target);
  if (problem !== undefined) {
    walk.problems.addAt(walk.position(offset), problem === TOO_MANY ? [] : path, problem);
    return null;
  }
  walk.aliases.count += 1;
  walk.aliases.open.add(target);
  const value = plainValue(walk, target, path);
  walk.aliases.open.delete(target);
  return value;
}

function aliasProblem({ aliases }: NodeWalk, target: unknown): string | undefined {
  if (target === undefined) return NO_ANCHOR;
  if (aliases.open.has(target)) return 'an alias within its own anchor; write the value out';
  return aliases.count < MAX_ALIASES ? undefined : TOO_MANY;
}

/** Reports duplicate keys, which the parser would report without their path. Own keys override those of a merged mapping (`<<: *defaults`). */
function entriesOf(walk: NodeWalk, pairs: readonly Pair[], path: Path): [string, unknown][] {
  const merged = pairs
    .filter(({ key }) => nameOf(key) === MERGE)
    .flatMap((pair) => mergedEntries(walk, pair, path));
  const own = new Map<string, unknown>();
  const firstLines = new Map<string, number>();
  for (const { key, value } of pairs.filter((pair) => nameOf(pair.key) !== MERGE)) {
    const keyPath = [...path, nameOf(key)];
    const here = { key: walk.position(startOf(key)), value: walk.position(startOf(value ?? key)) };
    const firstLine = firstLines.get(nameOf(key));
    if (firstLine !== undefined) {
      walk.problems.addAt(here.key, keyPath, `is a duplicate key, first on line ${firstLine}; keep one`);
      continue;
    }
    firstLines.set(nameOf(key), here.key.line);
    walk.positions.set(formatPath(keyPath), here);
    own.set(nameOf(key), plainValue(walk, value, keyPath));
  }
  return [...merged, ...own];
}

function nameOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function mergedEntries(walk: NodeWalk, { key, value }: Pair, path: Path): [string, unknown][] {
  const sources = isSeq(value) ? value.items.toReversed() : [value];
  return sources.flatMap((source) => {
    const mapping = plainValue(walk, source, path);
    if (isMapping(mapping)) return Object.entries(mapping);
    walk.problems.addAt(
      walk.position(startOf(key)),
      [...path, MERGE],
      'must merge a mapping, such as <<: *defaults',
    );
    return [];
  });
}

function textOf(walk: NodeWalk, written: string, path: Path): string {
  if (walk.env === undefined) return written;
  const { text, names, problems } = substitute(written, walk.env);
  if (text === written && names.length === 0 && problems.length === 0) return written;
  for (const problem of problems) walk.problems.add(path, problem);
  const here = walk.positions.get(formatPath(path));
  if (here) walk.positions.set(formatPath(path), { ...here, written, variables: names });
  return text;
}

function startOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}

/** Whether a value is a mapping with text keys. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
