import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../../..');

/** A copy of this checkout as one commit, so that packing leaves nothing in the checkout itself. */
export interface Copy {
  readonly folder: string;
  readonly revision: string;
}

/** Copies tracked and untracked files, commits them, and links this checkout's packages. */
export async function copyCheckout(context: TestContext): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), 'checkout-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const listed = await succeed('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], ROOT);
  for (const path of listed.split('\0').filter((path) => path !== '')) {
    const copied = cp(join(ROOT, path), join(folder, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error; // deleted, and not yet committed
    });
    await copied;
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await succeed('git', ['init', '--quiet'], folder);
  await writeFile(join(folder, '.git/info/exclude'), 'node_modules\n');
  await succeed('git', ['add', '.'], folder);
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  await succeed('git', [...author, 'commit', '--quiet', '--message', 'All of it'], folder);
  return { folder, revision: (await succeed('git', ['rev-parse', 'HEAD'], folder)).trim() };
}

const Packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);

/** A packed npm tarball. */
export interface Tarball {
  readonly path: string;
  /** Its files. */
  readonly files: readonly string[];
}

/** Packs a copy into a folder. */
export async function pack({ folder }: Copy, into: string): Promise<Tarball> {
  await mkdir(join(folder, into));
  const output = await succeed('npm', ['pack', '--json', '--pack-destination', into], folder);
  const [{ filename, files }] = Packed.parse(JSON.parse(output));
  return { path: join(folder, into, filename), files: files.map(({ path }) => path).sort() };
}

const Lock = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().default(false) })),
});

/** Unpacks a tarball with its production dependencies; returns the package's folder. */
export async function unpackWithDependencies({ path }: Tarball, folder: string): Promise<string> {
  await succeed('tar', ['-xzf', path, '-C', folder], '/');
  const { packages } = Lock.parse(JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')));
  const top = Object.entries(packages).filter(
    ([at, { dev }]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(at) && !dev,
  );
  for (const [at] of top) {
    const target = join(folder, 'package', at);
    await mkdir(dirname(target), { recursive: true });
    await symlink(join(ROOT, at), target);
  }
  return join(folder, 'package');
}

/** Standard output of a program; the error contains the rest if it fails. */
async function succeed(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, maxBuffer: 2 ** 26 });
  return stdout;
}
