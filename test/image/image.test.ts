import assert from 'node:assert/strict';
import { chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import {
  assertMissingConfigurationRejected,
  assertSurvivesRestart,
  type Image,
  loadBinaries,
} from '../support/deploy/image.ts';
import { run } from '../support/exporter/child.ts';
import { folderOf, start } from '../support/exporter/process.ts';

// The image itself, as built by `BUILDER=buildah npm run image`, run the way a container runtime runs it: in namespaces of its own,
// as process 1, without root and new privileges, its root mounted read-only, /data from outside. Needs Linux, root and buildah.

const MANIFEST = await readFile(join(import.meta.dirname, '../../package.json'), 'utf8');
const TAG = process.env.TAG ?? `ai-billing-exporter:${JSON.parse(MANIFEST).version}`;
const CONFIG_FOLDER = '/etc/ai-billing-exporter';

test(`${TAG} lives, restarts and refuses what it must`, async (context) => {
  const image = await mount(context);
  await context.test('a life with a restart', (inner) => assertSurvivesRestart(inner, image));
  await context.test('no configuration', (inner) => assertMissingConfigurationRejected(inner, image));
  await context.test('binaries of packages', (inner) => loadBinaries(inner, image));
  await context.test('only /data can be written to', async (inner) => {
    const { out, err } = await image.run(inner, ['node', '-e', WRITE, '/', '/app', '/etc', '/data']).ended;
    assert.equal(out, '/ EROFS\n/app EROFS\n/etc EROFS\n/data written\n65532 1\n', err);
  });
  await context.test('the demo, and the health of its port', async (inner) => {
    const demo = image.run(inner, [...image.entrypoint, 'demo']);
    await demo.said(/Demo on http:\/\/127\.0\.0\.1:9464/);
    const { code, err } = await image.run(inner, image.healthcheck).ended;
    assert.equal(code, 0, err);
    assert.equal((await image.stop(demo)).code, 0);
  });
  await context.test('no shell', async (inner) => {
    assert.notEqual((await image.run(inner, ['sh', '-c', 'true']).ended).code, 0);
  });
});

/** Tries to write to each folder it is given, then tells who it is. */
const WRITE = `for (const folder of process.argv.slice(1)) {
  try {
    require('node:fs').writeFileSync(folder + '/written', '');
    console.log(folder, 'written');
  } catch ({ code }) {
    console.log(folder, code);
  }
}
console.log(process.getuid(), process.pid);`;

/** Mounts what is mounted, and becomes the program: `sh -c ENTER sh root data config words...` in namespaces of its own. */
const ENTER = `set -eu
root=$1 data=$2 config=$3
shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$data" "$root/data"
mount --bind "$config" "$root${CONFIG_FOLDER}"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
exec env -i $IMAGE_ENV /usr/bin/setpriv --no-new-privs /usr/sbin/chroot --userspec=65532:65532 "$root" "$@"`;

const Inspected = z.object({
  Docker: z.object({
    config: z.object({
      User: z.literal('65532:65532'),
      Env: z.array(z.string().regex(/^\S+$/)),
      Entrypoint: z.array(z.string()),
      Cmd: z.array(z.string()),
      WorkingDir: z.literal('/'),
      StopSignal: z.literal('SIGTERM'),
      Volumes: z.object({ '/data': z.object({}) }),
      Healthcheck: z.object({ Test: z.tuple([z.literal('CMD')], z.string()) }),
      Labels: z.record(z.string(), z.string()),
    }),
  }),
});

async function mount(context: TestContext): Promise<Image> {
  const { config } = Inspected.parse(JSON.parse(await buildah('inspect', '--type', 'image', TAG))).Docker;
  const container = await buildah('from', '--pull-never', TAG);
  context.after(() => buildah('rm', container));
  const root = await buildah('mount', container);
  const folder = await folderOf(context);
  const [data, settings] = [join(folder, 'data'), join(folder, 'config')];
  for (const path of [data, settings, ...['proc', 'dev', CONFIG_FOLDER].map((path) => join(root, path))])
    await mkdir(path, { recursive: true });
  // A runtime gives a new volume the owner that the image's folder has.
  const { uid, gid } = await stat(join(root, 'data'));
  await chown(data, uid, gid);
  return {
    entrypoint: config.Entrypoint,
    command: config.Cmd,
    healthcheck: config.Healthcheck.Test.slice(1),
    version: config.Labels['org.opencontainers.image.version'] ?? '',
    revision: config.Labels['org.opencontainers.image.revision'] ?? '',
    configure: (text) => writeFile(join(settings, 'config.yml'), text),
    run: (inner, words) => {
      const enter = [
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        'sh',
        '-c',
        ENTER,
        'sh',
        root,
        data,
        settings,
      ];
      const env = { IMAGE_ENV: config.Env.join(' ') };
      return start(inner, [...enter, ...words], { node: 'unshare', program: null, env });
    },
    // `unshare` keeps the signal from what it runs.
    stop: async (running) => {
      const children = await readFile(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8');
      process.kill(Number(children), 'SIGTERM');
      return running.ended;
    },
  };
}

async function buildah(...args: string[]): Promise<string> {
  const { code, output } = await run('buildah', args);
  assert.equal(code, 0, output);
  return output.trim();
}
