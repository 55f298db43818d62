import { access, constants, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run } from './child.ts';
import {
  launchFrom,
  launchWithOwnLibraries,
  ownSuite,
  prepareAptRoot,
  readingBeside,
  unpack,
} from './debian.ts';
import { locked } from './lock.ts';

interface Program {
  /** What it is called on a PATH, its upstream name first; the last is its name in the package. */
  readonly commands: readonly string[];
  /** The Debian package that holds it. */
  readonly package: string;
  /** The oldest version that tests count on. */
  readonly atLeast: readonly [major: number, minor: number];
  /** A folder that Debian's build reads at start, wherever the package was unpacked to. */
  readonly reads?: string;
}

const PROGRAMS = {
  prometheus: { commands: ['prometheus'], package: 'prometheus', atLeast: [2, 53] },
  promtool: { commands: ['promtool'], package: 'promtool', atLeast: [2, 53] },
  alertmanager: {
    commands: ['alertmanager', 'prometheus-alertmanager'],
    package: 'prometheus-alertmanager',
    atLeast: [0, 26],
    reads: '/usr/share/prometheus/alertmanager',
  },
  amtool: { commands: ['amtool'], package: 'prometheus-alertmanager', atLeast: [0, 26] },
  'victoria-metrics': { commands: ['victoria-metrics'], package: 'victoria-metrics', atLeast: [1, 100] },
} as const satisfies Record<string, Program>;

/** A real program that tests hold us against. */
export type BinaryName = keyof typeof PROGRAMS;

/** Debian suites, the preferred one first. */
const SUITES = ['trixie', 'sid'];

/**
 * The path of a real program: the one on PATH if it is new enough, else one from Debian's archive, unpacked into a cache
 * without being installed. Undefined where neither is to be had.
 *
 * The cache is `AI_BILLING_EXPORTER_TEST_CACHE`, else a folder of the user's cache folder.
 */
export async function binary(name: BinaryName): Promise<string | undefined> {
  return (await search(name)).path;
}

/**
 * A test against real programs. Where one is not to be had the test is skipped and says why; with `CI=true` or
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
      else if (isRequired()) throw new Error(`${program} is required here: ${problem}`);
      else return context.skip(`${program} is not to be had: ${problem}`);
    }
    await body(context, (program) => found.get(program) ?? '');
  });
}

function isRequired(): boolean {
  return process.env.CI === 'true' || process.env.REQUIRE_REAL_SERVERS === '1';
}

/** Where a program is, or why it is nowhere. */
type Search = { path: string; problem?: undefined } | { path?: undefined; problem: string };

async function search(name: BinaryName): Promise<Search> {
  const program: Program = PROGRAMS[name];
  const installed = await onPath(program);
  if (installed !== undefined) return { path: installed };

  const problems: string[] = [];
  for (const suite of SUITES) {
    try {
      return { path: await fromDebian(name, program, suite) };
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
    const { output } = await run(path, ['--version']).catch(() => ({ output: '' }));
    if (isRecent(program, /(\d+\.\d+)\.\d+/.exec(output)?.[1] ?? '')) return path;
  }
  return undefined;
}

async function fromDebian(name: BinaryName, program: Program, suite: string): Promise<string> {
  await ownSuite();
  const cache = cacheFolder();
  const root = join(cache, `${suite}-${process.arch}`);
  const launcher = join(root, 'bin', program.reads === undefined ? name : `${name}-moved`);
  if (await isExecutable(launcher)) return launcher;
  await mkdir(cache, { recursive: true });
  return locked(join(cache, 'lock'), async () => {
    if (!(await isExecutable(launcher))) await fetchProgram(root, suite, program, launcher);
    return launcher;
  });
}

function cacheFolder(): string {
  const override = process.env.AI_BILLING_EXPORTER_TEST_CACHE;
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return override ?? join(caches, 'ai-billing-exporter-test');
}

/** Leaves at `launcher` what starts the program; only after it was seen to run. */
async function fetchProgram(root: string, suite: string, program: Program, launcher: string): Promise<void> {
  await prepareAptRoot(root, suite);
  const { folder, version } = await unpack(root, program.package);
  if (!isRecent(program, version))
    throw new Error(`${suite} has ${program.package} ${version}, which is too old`);

  const unpacked = join(folder, 'usr/bin', program.commands.at(-1) ?? '');
  const path = program.reads === undefined ? unpacked : await readingBeside(unpacked, program.reads);
  const from = program.reads === undefined ? undefined : join(folder, program.reads);
  const draft = `${launcher}.new`;
  await rm(draft, { force: true });
  if (!(await runs(path))) await launchWithOwnLibraries(root, path, draft, from);
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
