import { dirname, join } from 'node:path';
import { commentsOf, type Sources } from './source-text.ts';

/** Links in Markdown files, and in comments of TypeScript, to missing files or headings. */
export function deadLinks(sources: Sources): string[] {
  const folders = new Set([...sources.keys()].flatMap(parents));
  return [...markdownOf(sources), ...commentsIn(sources)].flatMap(([path, text]) =>
    linksOf(text).flatMap((link) => {
      const [file = '', heading] = link.split('#');
      const target = file === '' ? path : join(dirname(path), decodeURIComponent(file)).replace(/\/$/, '');
      const there = sources.get(target);
      const isFound = there === undefined ? folders.has(target) : hasHeading(target, there, heading);
      return isFound ? [] : [`${path}: ${link}`];
    }),
  );
}

/** Commands in code blocks and spans of the Markdown files: the first group of `pattern`, without repeats. */
export function documentedCommands(sources: Sources, pattern: RegExp): string[] {
  const code = markdownOf(sources).flatMap(([, text]) => text.match(/^```[\s\S]*?^```|`[^`\n]+`/gm) ?? []);
  const found = code.flatMap((text) => Array.from(text.matchAll(pattern), (match) => match[1] ?? ''));
  return [...new Set(found)];
}

/** The anchors of a page: its headings as GitHub names them, and those it sets by hand. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  const text = markdown.replace(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, '');
  for (const [, heading = ''] of text.matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)) {
    const slug = slugOf(heading);
    let anchor = slug;
    for (let copy = 1; anchors.has(anchor); copy += 1) anchor = `${slug}-${copy}`;
    anchors.add(anchor);
  }
  for (const [, id = ''] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

/** Targets of links and images within the repository. */
function linksOf(markdown: string): string[] {
  const text = markdown.replace(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, '').replace(/`[^`\n]+`/g, '');
  const links = text.matchAll(
    /\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|^\[[^\]]+\]: +(\S+)|\b(?:href|src)="([^"]+)"/gm,
  );
  const targets = Array.from(links, ([, inline, reference, html]) => inline ?? reference ?? html ?? '');
  return targets.filter((target) => !/^([a-z]+:|\/\/)/.test(target));
}

function hasHeading(path: string, text: string, heading: string | undefined): boolean {
  return heading === undefined || !path.endsWith('.md') || anchorsOf(text).has(heading);
}

function slugOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]|<[^>]+>/g, '');
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');
}

function markdownOf(sources: Sources): [path: string, text: string][] {
  return [...sources].filter(([path]) => path.endsWith('.md'));
}

function commentsIn(sources: Sources): [path: string, text: string][] {
  return [...sources].flatMap(([path, text]) => (path.endsWith('.ts') ? [[path, commentsOf(text)]] : []));
}

function parents(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' ? ['.'] : [folder, ...parents(folder)];
}
