import { chmod, chown, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { copiesOf, type Stage, stagesOf, wordsOf } from '../support/deploy/dockerfile.ts';
import {
  assertMissingConfigurationRejected,
  assertSurvivesRestart,
  type Image,
  loadBinaries,
} from '../support/deploy/image.ts';
import { run } from '../support/exporter/child.ts';
import { start } from '../support/exporter/process.ts';
import { manifestOf } from '../support/rules/manifest.ts';

// What `npm run image:try` does with a real image, without root and a builder: the files that the Dockerfile's last stage
// copies are laid out from this checkout, and run as the image says. The runtime and its libraries are those of the machine.

const ROOT = join(import.meta.dirname, '../..');
const USER = 65_532;
const REVISION = '0123456789abcdef';
/** There is no folder for passing files in the image. */
const ENVIRONMENT = {
  NODE_ENV: 'production',
  AI_BILLING_EXPORTER_REVISION: REVISION,
  TMPDIR: '/none',
  HOME: '/none',
};
const IS_ROOT = process.getuid?.() === 0;
const CONFIG = '/etc/ai-billing-exporter/config.yml';

test('image: runs on its own files, read-only except for its volume', async (context) => {
  const image = await layOut(context);
  await assertSurvivesRestart(context, image);
  await assertMissingConfigurationRejected(context, image);
  await loadBinaries(context, image);
});

/** The image's file system in a folder. */
async function layOut(context: TestContext): Promise<Image> {
  const folder = await mkdtemp(join(tmpdir(), 'image-'));
  const root = join(folder, 'root');
  context.after(async () => {
    await run('chmod', ['-R', 'u+w', root]);
    await rm(folder, { recursive: true, force: true });
  });
  const last = stagesOf(await readFile(join(ROOT, 'Dockerfile'), 'utf8')).at(-1);
  if (last === undefined) throw new Error('the Dockerfile is empty');
  await mkdir(join(root, 'data'), { recursive: true });
  await copyProgram(last, root);
  await mkdir(join(root, dirname(CONFIG)), { recursive: true });
  await writeFile(join(root, CONFIG), '');
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  await copyFile(process.execPath, join(root, 'usr/local/bin/node'));
  await protect(folder, root);
  return imageAt(root, last);
}

async function copyProgram(last: Stage, root: string): Promise<void> {
  for (const { stage, sources, target } of copiesOf(last)) {
    if (stage === 'runtime') continue;
    for (const source of sources) {
      const to = join(root, target.endsWith('/') ? join(target, source.split('/').at(-1) ?? '') : target);
      if (source.endsWith('/dist')) await compile(to);
      else if (source.endsWith('/node_modules')) await copyPackages(to);
      else await cp(join(ROOT, source.replace(/^\/app\//, '')), to, { recursive: true });
    }
  }
}

async function compile(to: string): Promise<void> {
  const args = [join(ROOT, 'deploy/npm/build.ts'), to];
  const { code, output } = await run(process.execPath, args, { cwd: ROOT });
  if (code !== 0) throw new Error(output);
}

const Lock = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().default(false) })),
});

/** The packages that are no development dependency, without types. */
async function copyPackages(to: string): Promise<void> {
  const { packages } = Lock.parse(JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')));
  const shipped = Object.entries(packages).flatMap(([path, { dev }]) => (path === '' || dev ? [] : [path]));
  const filter = (path: string) => !/\.[cm]?ts$|\.map$/.test(path);
  for (const path of shipped)
    await cp(join(ROOT, path), join(dirname(to), path), { recursive: true, dereference: true, filter });
}

/** Only root may write; as root, the program runs as another user. */
async function protect(folder: string, root: string): Promise<void> {
  await chmod(folder, 0o755);
  await run('chmod', ['-R', 'a+rX,a-w', root]);
  if (!IS_ROOT) await chmod(join(root, CONFIG), 0o644);
  const data = join(root, 'data');
  await chmod(data, 0o750);
  if (IS_ROOT) await chown(data, USER, USER);
}

/** Absolute paths of the command line are below the root, and `node` is the one on the image's PATH. */
async function imageAt(root: string, last: Stage): Promise<Image> {
  const manifest = await readFile(join(ROOT, 'package.json'), 'utf8');
  const inRoot = (word: string) => (word.startsWith('/') ? join(root, word) : word);
  const asUser = ['--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups'];
  const node = join(root, 'usr/local/bin/node');
  return {
    entrypoint: wordsOf(last, 'ENTRYPOINT'),
    command: wordsOf(last, 'CMD'),
    healthcheck: wordsOf(last, 'HEALTHCHECK'),
    version: manifestOf(new Map([['package.json', manifest]])).version,
    revision: REVISION,
    configure: (text) => writeFile(join(root, CONFIG), text),
    run: (context, [, ...words]) => {
      const command = [node, ...words.map(inRoot)];
      const [program = '', ...args] = IS_ROOT ? ['setpriv', ...asUser, ...command] : command;
      return start(context, args, { node: program, program: null, cwd: root, env: ENVIRONMENT });
    },
    stop: (running) => running.end('SIGTERM'),
  };
}
