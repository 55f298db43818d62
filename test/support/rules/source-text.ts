/** Files by their path from the root of the repository. */
export type Sources = ReadonlyMap<string, string>;

/** One `import`, `export … from`, `import()` or worker file. */
export interface Import {
  /** As written: a package, `node:…` or a relative path. */
  readonly from: string;
  readonly isType: boolean;
  readonly line: number;
}

const TOKEN =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<text>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|(?<template>`(?:\\.|[^`\\])*`)|(?<pattern>(?=\/)(?<=(?:^|[(,=:[!&|?{};]|=>|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[a-z]*)/gm;

const IMPORT =
  /^(?:import|export)\s+(?<type>type\s+)?[\w*{][^'"`;]*?\bfrom\s+'(?<from>[^']+)'|^import\s+'(?<bare>[^']+)'|\bimport\(\s*'(?<dynamic>[^']+)'|\bnew URL\(\s*'(?<file>\.[^']+)',\s*import\.meta\.url/gm;

/** The code alone, at its position: comments, strings and patterns become blanks; interpolated code stays. */
export function codeOf(source: string): string {
  const interpolated = (text: string) =>
    text.replace(/(\$\{[^`]*?\})|[^\n]/g, (each, code?: string) => code ?? blank(each));
  return retold(source, { code: same, template: interpolated });
}

/** The comments alone, at their position. */
export function commentsOf(source: string): string {
  return retold(source, { comment: same });
}

/** The imports of a source file. */
export function importsOf(source: string): Import[] {
  const code = retold(source, { code: same, text: same });
  return Array.from(code.matchAll(IMPORT), ({ groups = {}, index }) => ({
    from: groups.from ?? groups.bare ?? groups.dynamic ?? groups.file ?? '',
    isType: groups.type !== undefined,
    line: lineOf(code, index),
  }));
}

type Kind = 'code' | 'comment' | 'text' | 'template' | 'pattern';

/** The source with blanks for what `tell` leaves out; line breaks stay. */
function retold(source: string, tell: Partial<Record<Kind, (text: string) => string>>): string {
  const told: string[] = [];
  const say = (kind: Kind, text: string) => told.push((tell[kind] ?? blank)(text));
  let end = 0;
  for (const { 0: token, index, groups = {} } of source.matchAll(TOKEN)) {
    say('code', source.slice(end, index));
    if (groups.comment !== undefined) say('comment', token);
    else if (groups.text !== undefined) say('text', token);
    else if (groups.template !== undefined) say('template', token);
    else say('pattern', token);
    end = index + token.length;
  }
  say('code', source.slice(end));
  return told.join('');
}

function same(text: string): string {
  return text;
}

/** Each place where `pattern` occurs, as `path:line what`. */
export function occurrences(path: string, text: string, pattern: RegExp): string[] {
  return Array.from(
    text.matchAll(new RegExp(pattern, pattern.ignoreCase ? 'gim' : 'gm')),
    ({ 0: what, index }) => {
      return `${path}:${lineOf(text, index)} ${what.trim()}`;
    },
  );
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
