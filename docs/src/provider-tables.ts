import { ownProperties } from '../../src/config/json-schema.ts';
import { DAY, GRANULARITIES, HOUR } from '../../src/core/values/time.ts';
import type { Provider } from '../../src/providers/api/provider.ts';
import { toldBy } from './told.ts';

type Row = readonly string[];
type ProviderList = readonly Provider<unknown>[];

/** The tables that the registry fills, by page and by the name of their markers. */
export function providerTables(
  registry: ProviderList,
): ReadonlyMap<string, Readonly<Record<string, string>>> {
  return new Map([
    ['README.md', { keys: keysTable(registry) }],
    [
      'docs/configuration.md',
      {
        variables: table(['variable', 'account'], registry.map(variableRow)),
        'provider-keys': table(['provider', 'key', 'default', 'meaning'], registry.flatMap(ownKeyRows)),
        feeds: table(['provider', 'feed', 'schedule'], registry.flatMap(feedRows)),
      },
    ],
    ['docs/concepts.md', { revisions: revisionsTable(registry) }],
  ]);
}

function keysTable(registry: ProviderList): string {
  const rows = registry.map(({ id, title, environmentKey, keyHelp }) => [
    code(environmentKey),
    keyHelp,
    `[${title}](docs/quick-start-${id.replace('_', '-')}.md)`,
  ]);
  return table(['variable', 'required key', 'quick start'], rows);
}

function variableRow({ id, environmentKey }: Provider<unknown>): Row {
  return [code(environmentKey), code(id)];
}

function ownKeyRows(provider: Provider<unknown>): Row[] {
  return Object.entries(ownProperties(provider)).map(([key, { default: usual, description }]) => [
    code(provider.id),
    code(key),
    usual === undefined ? '' : code(String(usual)),
    String(description ?? ''),
  ]);
}

function feedRows({ id, feeds }: Provider<unknown>): Row[] {
  return feeds.map(({ name, schedule }) => [code(id), code(name), code(schedule)]);
}

function revisionsTable(registry: ProviderList): string {
  const rows = registry.map(({ id, title, freshness, feeds }) => {
    const streams = feeds.flatMap(({ stream }) => stream ?? []);
    const sizes = GRANULARITIES.filter((size) => streams.some(({ granularity }) => granularity === size));
    const settleMs = Math.max(0, ...streams.map((stream) => stream.settleMs));
    const told = toldBy(id).join(', ');
    const closed = streams.some(({ closedBuckets }) => closedBuckets) ? ', once it has ended' : '';
    return [title, told, sizes.join(', ') + closed, freshness, lengthOf(settleMs)];
  });
  return table(['provider', 'tells', 'buckets', 'how fresh', 'settle time'], rows);
}

function lengthOf(ms: number): string {
  return ms > 2 * DAY ? `${ms / DAY} days` : `${ms / HOUR} hours`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A table of Markdown. */
export function table(head: Row, rows: readonly Row[]): string {
  const lineOf = (cells: Row) => `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
  return [lineOf(head), `|${head.map(() => '---|').join('')}`, ...rows.map(lineOf)].join('\n');
}

/**
 * A page with its generated parts as they should be.
 *
 * @throws {Error} without the markers of a part: `<!-- begin NAME -->` and `<!-- end NAME -->`, each on a line of its own.
 */
export function withGeneratedParts(page: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const [before, rest] = text.split(`<!-- begin ${name} (npm run generate) -->\n`);
    const [, after] = rest?.split(`<!-- end ${name} -->\n`) ?? [];
    if (before === undefined || after === undefined) throw new Error(`the markers of ${name} are missing`);
    return `${before}<!-- begin ${name} (npm run generate) -->\n\n${part}\n\n<!-- end ${name} -->\n${after}`;
  }, page);
}
