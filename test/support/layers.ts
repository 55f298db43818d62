import { dirname, join } from 'node:path';
import { type Import, importsOf, type Sources } from './source-text.ts';

/** All that the files of `src/` itself put together. */
const PARTS = [
  'core',
  'contract',
  'registry',
  'net',
  'poll',
  'store',
  'sinks',
  'push',
  'telemetry',
  'config',
  'server',
  'demo',
  'root',
];

/**
 * The rooms of the program, and which others each may look into. A room always sees itself, but a provider no other one.
 * `contract` and `registry` are the files of `src/providers/` itself, `root` those of `src/` that have no name here.
 */
const SEES: Readonly<Record<string, readonly string[]>> = {
  core: [],
  net: [],
  contract: ['core', 'poll'],
  provider: ['core', 'contract', 'poll'],
  registry: ['contract', 'provider'],
  poll: ['core', 'net', 'contract'],
  store: ['core'],
  sinks: ['core'],
  push: ['core', 'net', 'sinks'],
  telemetry: ['core', 'push'],
  config: ['core', 'net', 'contract', 'registry'],
  server: ['core', 'sinks', 'config'],
  demo: ['core'],
  root: [...PARTS, 'commands'],
  app: PARTS,
  commands: [...PARTS, 'app', 'cli'],
  cli: ['commands', 'config', 'root'],
  main: ['cli', 'commands', 'app', 'registry', 'root'],
};

/** Packages that a room may use at all; rooms that are not listed may use any that {@link HOMES} does not forbid. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  core: [],
  contract: ['zod'],
  provider: ['zod'],
};

/** Where the outside world is let in: nowhere else. */
const HOMES: readonly { readonly of: RegExp; readonly rooms: readonly string[] }[] = [
  { of: /^node:sqlite$/, rooms: ['store'] },
  {
    of: /^(undici|fastify|@fastify\/.*|@grpc\/.*|node:(http|https|http2|net|tls|dgram|dns)(\/.*)?)$/,
    rooms: ['net', 'poll', 'push', 'server', 'demo'],
  },
  { of: /^node-cron$/, rooms: ['poll', 'config'] },
  { of: /^prom-client$/, rooms: ['sinks'] },
  { of: /^@opentelemetry\/.*$/, rooms: ['sinks', 'push', 'telemetry'] },
  { of: /^yaml$/, rooms: ['config'] },
  { of: /^bcrypt$/, rooms: ['server'] },
  { of: /^commander$/, rooms: ['root', 'cli', 'commands'] },
  { of: /^node:child_process$/, rooms: [] },
];

/** The room that a file of `src/` is in. */
export function roomOf(path: string): string {
  const [, first = '', second = '', third] = path.split('/');
  if (second === '') return { 'main.ts': 'main', 'cli.ts': 'cli', 'app.ts': 'app' }[first] ?? 'root';
  if (first !== 'providers') return first;
  if (third !== undefined) return 'provider';
  return second === 'index.ts' ? 'registry' : 'contract';
}

/** Imports that look into a room they may not see. */
export function strayImports(sources: Sources): string[] {
  return edgesOf(sources).flatMap(({ path, to, line }) => {
    if (to === undefined || isAllowed(path, to)) return [];
    return [`${path}:${line} ${roomOf(path)} looks into ${to}`];
  });
}

function isAllowed(path: string, to: string): boolean {
  const room = roomOf(path);
  if (room === 'provider' && roomOf(to) === 'provider') return dirOfProvider(path) === dirOfProvider(to);
  return room === roomOf(to) || (SEES[room]?.includes(roomOf(to)) ?? false);
}

function dirOfProvider(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}

/** Imports of packages and built-ins outside of their homes. */
export function strayPackages(sources: Sources): string[] {
  return edgesOf(sources).flatMap(({ path, to, from, line }) => {
    const room = roomOf(path);
    const packages = PACKAGES[room];
    const home = HOMES.find(({ of }) => of.test(from));
    const allowed = packages ? packages.includes(from) : (home?.rooms.includes(room) ?? true);
    return to !== undefined || allowed ? [] : [`${path}:${line} ${room} imports ${from}`];
  });
}

/** Files of `src/` that none of the `entries` reaches. */
export function unreachable(sources: Sources, entries: readonly string[]): string[] {
  const reached = new Set<string>();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const text = sources.get(path);
    if (text === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { from } of importsOf(text)) waiting.push(targetOf(path, from) ?? '');
  }
  return [...sources.keys()].filter((path) => isProgram(path) && !reached.has(path));
}

/** Each ring of files that import one another when they run, once, as `a → b → a`. */
export function rings(sources: Sources): string[] {
  const next = new Map<string, string[]>();
  for (const { path, to, isType } of edgesOf(sources)) {
    if (to !== undefined && !isType) next.set(path, [...(next.get(path) ?? []), to]);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (trail.includes(path) || done.has(path)) return;
    for (const to of next.get(path) ?? []) walk(to, [...trail, path]);
    done.add(path);
  };
  for (const path of next.keys()) walk(path, []);
  return found;
}

/** A file of the program itself, not one of its tests. */
export function isProgram(path: string): boolean {
  return path.startsWith('src/') && path.endsWith('.ts') && !path.endsWith('.test.ts');
}

interface Edge extends Import {
  readonly path: string;
  /** The file it names; undefined for packages and built-ins. */
  readonly to: string | undefined;
}

function edgesOf(sources: Sources): Edge[] {
  return [...sources].flatMap(([path, text]) => {
    if (!isProgram(path)) return [];
    return importsOf(text).map((each) => ({ ...each, path, to: targetOf(path, each.from) }));
  });
}

function targetOf(path: string, from: string): string | undefined {
  return from.startsWith('.') ? join(dirname(path), from) : undefined;
}
