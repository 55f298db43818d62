import { glob, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run } from '../exporter/child.ts';

/** The apt sources of the machine, as text, one entry per file. */
export interface Sources {
  /** `*.sources` files. */
  readonly stanzas: readonly string[];
  /** `sources.list` and `*.list` files. */
  readonly lines: readonly string[];
}

/** Aliases of a suite. */
const ALIASES = ['oldstable', 'stable', 'testing', 'unstable', 'sid'];

/** The same archives with `suite` in place of the machine's own; other suites (updates, security, other vendors') drop out. */
export function sourcesOf(suite: string, own: string, sources: Sources): { stanzas: string; lines: string } {
  const known = new Set([own, ...ALIASES]);
  return {
    stanzas: sources.stanzas.flatMap((text) => stanzasOf(suite, known, text)).join('\n\n'),
    lines: sources.lines.flatMap((text) => linesOf(suite, known, text)).join('\n'),
  };
}

function stanzasOf(suite: string, known: ReadonlySet<string>, text: string): string[] {
  const uncommented = text.replace(/^#.*\n?/gm, '');
  return uncommented.split(/\n\s*\n/).flatMap((stanza) => {
    const suites = /^Suites:\s*(.*)$/im.exec(stanza)?.[1]?.split(/\s+/) ?? [];
    const binary = /^Types:.*\bdeb(?!-)/im.test(stanza);
    if (!binary || /^Enabled:\s*no\b/im.test(stanza) || !suites.some((name) => known.has(name))) return [];
    return [
      stanza
        .trim()
        .replace(/^Suites:.*$/im, `Suites: ${suite}`)
        .replace(/^Types:.*$/im, 'Types: deb'),
    ];
  });
}

function linesOf(suite: string, known: ReadonlySet<string>, text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const parts = /^\s*(deb\s+(?:\[[^\]]*\]\s+)?\S+\s+)(\S+)(\s+.*)$/.exec(line);
    return parts && known.has(parts[2] ?? '') ? [`${parts[1]}${suite}${parts[3]}`] : [];
  });
}

/**
 * Makes an apt root of our own below `root`, for one suite. Nothing of the system's own apt state is read or written
 * except its sources, keys, proxies and credentials, and no privilege is needed.
 *
 * @throws if none of the machine's sources names its own suite.
 */
export async function prepareAptRoot(root: string, suite: string): Promise<void> {
  const own = await ownSuite();
  const { stanzas, lines } = sourcesOf(suite, own, await machineSources());
  if (stanzas + lines === '') throw new Error(`no apt source of this machine names ${own}`);
  for (const folder of ['lists/partial', 'cache/archives/partial', 'sources', 'packages', 'bin']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await writeFile(join(root, 'sources/machine.sources'), `${stanzas}\n`);
  await writeFile(join(root, 'sources/machine.list'), `${lines}\n`);
  await writeFile(join(root, 'status'), '');
  await writeFile(join(root, 'apt.conf'), aptConfiguration(root));
}

function aptConfiguration(root: string): string {
  return `#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Languages "none";
Dir::Cache "${root}/cache";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${root}/sources";
Dir::State "${root}";
Dir::State::status "${root}/status";
`;
}

/**
 * The name of this machine's suite.
 *
 * @throws if this is not a Debian machine.
 */
export async function ownSuite(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const name = /^VERSION_CODENAME=(.+)$/m.exec(release)?.[1];
  if (!/^ID="?debian"?$/m.test(release) || name === undefined)
    throw new Error('this is not a Debian machine');
  return name.replaceAll('"', '');
}

async function machineSources(): Promise<Sources> {
  const parts = '/etc/apt/sources.list.d';
  const names = await readdir(parts).catch(() => []);
  const read = (paths: string[]) => Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
  const ending = (end: string) => names.filter((name) => name.endsWith(end)).map((name) => join(parts, name));
  return {
    stanzas: await read(ending('.sources')),
    lines: await read(['/etc/apt/sources.list', ...ending('.list')]),
  };
}

/** An unpacked package. */
export interface Unpacked {
  readonly folder: string;
  readonly version: string;
}

/**
 * Downloads and unpacks a package below `root`, unless it is there already. The archive's index is fetched when apt
 * cannot do without a newer one.
 */
export async function unpack(root: string, name: string): Promise<Unpacked> {
  const [present] = await readdir(join(root, 'packages', name)).catch(() => []);
  if (present !== undefined) return { folder: join(root, 'packages', name, present), version: present };

  const scratch = await mkdtemp(join(root, 'scratch-'));
  try {
    const archive = await download(root, name, scratch);
    const version = decodeURIComponent(basename(archive).split('_')[1] ?? '');
    const folder = join(root, 'packages', name, version);
    await succeed('dpkg-deb', ['-x', archive, join(scratch, name)]);
    await mkdir(dirname(folder), { recursive: true });
    await rename(join(scratch, name), folder);
    return { folder, version };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function download(root: string, name: string, into: string): Promise<string> {
  const apt = ['-c', join(root, 'apt.conf'), '-q'];
  const first = await run('apt-get', [...apt, 'download', name], { cwd: into });
  if (first.code !== 0) {
    await succeed('apt-get', [...apt, 'update']);
    await succeed('apt-get', [...apt, 'download', name], into);
  }
  const [archive] = (await readdir(into)).filter((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get download ${name} left no package`);
  return join(into, archive);
}

async function succeed(command: string, args: readonly string[], cwd = '/'): Promise<void> {
  const { code, output } = await run(command, args, { cwd, timeoutMs: 300_000 });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output.trim()}`);
}

/** What a program needs from its own suite if the machine's C library is older. */
const LIBRARIES = ['libc6', 'libzstd1'];

/**
 * Writes a script at `launcher` that starts `program` with the C library of its own suite and with what is in the packages
 * `libraries`, in the folder `from` if it names one.
 */
export async function launchWithOwnLibraries(
  root: string,
  program: string,
  launcher: string,
  { from, libraries = [] }: { from?: string | undefined; libraries?: readonly string[] | undefined } = {},
): Promise<void> {
  const folders: string[] = [];
  for (const name of [...LIBRARIES, ...libraries]) {
    const { folder } = await unpack(root, name);
    // systemd keeps its own in a folder of that name.
    folders.push(...(await matches(join(folder, 'usr/lib/*-linux-gnu*{,/systemd}'))));
  }
  const [loader] = await matches(join(root, 'packages/libc6/*/usr/lib/*-linux-gnu*/ld-linux*.so.*'));
  if (loader === undefined) throw new Error(`libc6 below ${root} has no loader`);
  await launchFrom(from, [loader, '--library-path', folders.join(':'), program], launcher);
}

/** Writes a script at `launcher` that starts a command, in the folder `from` if it names one. */
export async function launchFrom(
  from: string | undefined,
  command: readonly string[],
  launcher: string,
): Promise<void> {
  const enter = from === undefined ? '' : `cd ${quote(from)}\n`;
  const text = `#!/bin/sh\n${enter}exec ${command.map(quote).join(' ')} "$@"\n`;
  await writeFile(launcher, text, { mode: 0o755 });
}

/**
 * Copies a program and replaces its built-in data folder by the working directory: `./////` is a path of any length.
 *
 * @throws if the program does not contain the folder.
 */
export async function patchDataFolder(program: string, folder: string): Promise<string> {
  const bytes = await readFile(program);
  const here = `.${'/'.repeat(folder.length - 1)}`;
  let at = bytes.indexOf(folder);
  if (at === -1) throw new Error(`${program} does not read ${folder}`);
  for (; at !== -1; at = bytes.indexOf(folder, at + here.length)) bytes.write(here, at, 'latin1');
  await writeFile(`${program}-moved`, bytes, { mode: 0o755 });
  return `${program}-moved`;
}

async function matches(pattern: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern)) paths.push(path);
  return paths;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
