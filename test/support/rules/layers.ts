import { dirname, join } from 'node:path';
import { type Import, importsOf, type Sources } from './source-text.ts';

/** Where the simulated providers are; `demo` starts them, so they are part of the program. */
const SIMULATORS = 'test/simulators/';

/** What the rooms of the core may import of one another, from the bottom up. */
const VALUES = 'core/values';
const STATEMENT = [VALUES, 'core/statement'];
const LEDGER = [...STATEMENT, 'core/ledger'];
const REPORTS = [...LEDGER, 'core/reports'];
const FOCUS = [...REPORTS, 'core/focus'];
const METRICS = [...REPORTS, 'core/metrics'];
const CONFIG = ['config', 'config/yaml', 'config/values', 'config/otel', 'config/history'];
const SERVER = ['server', 'server/api', 'server/http', 'server/pages', 'server/pages/explorer', 'server/web'];

/** Everything that `app` composes. */
const PARTS = [
  ...METRICS,
  'core/focus',
  'core/history',
  ...CONFIG,
  ...SERVER,
  'core',
  'net',
  'runtime',
  'providers',
  'providers/api',
  'poll',
  'poll/http',
  'store',
  'sinks/prometheus',
  'sinks/otel',
  'sinks/focus',
  'push',
  'push/remote-write',
  'telemetry',
  'backfill',
];

/**
 * The rooms of the program, and which others each may import. A room is a folder; a provider's folder is `provider`, and imports no
 * other one. A room may always import itself.
 */
const SEES: Readonly<Record<string, readonly string[]>> = {
  [VALUES]: [],
  'core/statement': [VALUES],
  'core/ledger': STATEMENT,
  'core/reports': LEDGER,
  'core/focus': REPORTS,
  'core/metrics': REPORTS,
  'core/history': METRICS,
  core: [...METRICS, 'core/focus', 'core/history'],
  net: [],
  runtime: [],
  'providers/api': STATEMENT,
  provider: [...STATEMENT, 'providers/api'],
  providers: ['providers/api', 'provider'],
  'poll/http': [...STATEMENT, 'providers/api', 'net', 'runtime'],
  poll: ['core', ...METRICS, 'poll/http', 'providers/api', 'net', 'runtime'],
  store: LEDGER,
  'sinks/prometheus': [...METRICS, 'core/history'],
  'sinks/otel': [...METRICS, 'sinks/prometheus'],
  'sinks/focus': FOCUS,
  push: [VALUES, 'net', 'runtime'],
  'push/remote-write': [VALUES, 'push', 'net', 'runtime'],
  telemetry: [VALUES, 'push'],
  'config/values': [VALUES],
  'config/yaml': [VALUES, 'config/values'],
  'config/otel': [VALUES, 'config/values', 'config/yaml', 'push'],
  'config/history': [...METRICS, 'config/values', 'config/yaml', 'config/otel', 'push/remote-write'],
  config: [...METRICS, ...CONFIG, 'net', 'providers/api', 'providers'],
  backfill: [
    ...METRICS,
    ...['core', 'core/history', 'store', 'providers/api', 'poll', 'push/remote-write', 'runtime'],
  ],
  'server/http': [],
  'server/api': [...FOCUS, 'sinks/focus', 'runtime', 'server/http'],
  'server/pages': [...REPORTS, 'server/api', 'server/http'],
  'server/pages/explorer': [...REPORTS, 'server/api', 'server/http', 'server/pages'],
  'server/web': [VALUES, 'config/values', 'config/yaml', 'server/http'],
  server: [...METRICS, ...SERVER],
  simulators: [VALUES],
  app: PARTS,
  commands: [...PARTS, 'app', 'simulators'],
  cli: [...CONFIG, 'commands', 'runtime'],
  main: ['cli', 'commands', 'app', 'providers', 'runtime'],
};

/** Packages that a room may use at all; rooms that are not listed may use any that {@link HOMES} does not forbid. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  [VALUES]: [],
  'core/statement': [],
  'core/ledger': [],
  'core/reports': [],
  'core/focus': [],
  'core/metrics': [],
  'core/history': [],
  core: [],
  'providers/api': ['zod'],
  provider: ['zod'],
};

/** The only rooms that may use these packages and built-ins. */
const HOMES: readonly { readonly of: RegExp; readonly rooms: readonly string[] }[] = [
  { of: /^node:sqlite$/, rooms: ['store'] },
  {
    of: /^(undici|fastify|@fastify\/.*|@grpc\/.*|node:(http|https|http2|net|tls|dgram|dns)(\/.*)?)$/,
    rooms: [
      'net',
      'poll/http',
      'push',
      'server',
      'server/http',
      'server/api',
      'server/pages',
      'server/pages/explorer',
      'server/web',
      'simulators',
    ],
  },
  { of: /^(node-cron|croner)$/, rooms: ['poll', 'config/values'] },
  { of: /^hyparquet-writer$/, rooms: ['sinks/focus'] },
  { of: /^hyparquet-writer\/src\/snappy\.js$/, rooms: ['push/remote-write'] },
  { of: /^prom-client$/, rooms: ['sinks/prometheus'] },
  { of: /^@opentelemetry\/.*$/, rooms: ['sinks/otel', 'push', 'telemetry'] },
  { of: /^yaml$/, rooms: ['config/yaml'] },
  { of: /^bcrypt$/, rooms: ['server/web'] },
  { of: /^commander$/, rooms: ['cli'] },
  { of: /^d3-/, rooms: ['server/pages/explorer'] },
  { of: /^node:child_process$/, rooms: [] },
];

/** The room that a file is in: its folder below `src/`, or `main`. */
export function roomOf(path: string): string {
  if (path.startsWith(SIMULATORS)) return 'simulators';
  const folder = dirname(path).replace(/^src\/?/, '');
  if (folder === '') return 'main';
  return /^providers\/(?!api$)/.test(folder) ? 'provider' : folder;
}

/** Imports of a room that is not allowed. */
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

/** Imports of packages and built-ins outside their rooms. */
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

/** Each circle of files that import one another, and of folders, once, as `a → b → a`. Imports of types count. */
export function circles(sources: Sources): string[] {
  const files = edgesOf(sources).flatMap(({ path, to }) => (to === undefined ? [] : [{ path, to }]));
  const folders = files.map(({ path, to }) => ({ path: dirname(path), to: dirname(to) }));
  return [...circlesOf(files), ...circlesOf(folders.filter(({ path, to }) => path !== to))];
}

function circlesOf(arrows: readonly { readonly path: string; readonly to: string }[]): string[] {
  const next = Map.groupBy(arrows, ({ path }) => path);
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (trail.includes(path) || done.has(path)) return;
    for (const { to } of next.get(path) ?? []) walk(to, [...trail, path]);
    done.add(path);
  };
  for (const path of next.keys()) walk(path, []);
  return found;
}

/** A file of the program itself, not one of its tests. */
export function isProgram(path: string): boolean {
  return /^(src|test\/simulators)\/.*(?<!\.test)\.ts$/.test(path);
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
  return /^\..*\.ts$/.test(from) ? join(dirname(path), from) : undefined;
}
