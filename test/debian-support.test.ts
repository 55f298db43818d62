import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { run, startDaemon } from './support/exporter/child.ts';
import { launchFrom, patchDataFolder, sourcesOf } from './support/programs/debian.ts';
import { withFileLock } from './support/programs/lock.ts';

const STANZAS = `Types: deb deb-src
# a comment
URIs: mirror+file:/etc/apt/mirrors/debian.list
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://vendor.example/
Suites: nodistro
Components: main
`;

test('test packages: deb822 sources keep everything except the suite, and only our archive remains', () => {
  const { stanzas, lines } = sourcesOf('trixie', 'bookworm', { stanzas: [STANZAS], lines: [] });
  assert.equal(lines, '');
  assert.equal(
    stanzas,
    `Types: deb
URIs: mirror+file:/etc/apt/mirrors/debian.list
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg`,
  );
});

test('test packages: one-line sources keep everything except the suite, and only our archive remains', () => {
  const text = `# deb http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/apt/key.gpg] http://mirror.example/debian bookworm main contrib
deb http://mirror.example/debian stable main
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
`;
  assert.equal(
    sourcesOf('sid', 'bookworm', { stanzas: [], lines: [text] }).lines,
    `deb [arch=amd64 signed-by=/etc/apt/key.gpg] http://mirror.example/debian sid main contrib
deb http://mirror.example/debian sid main`,
  );
});

test('test packages: a program returns its exit code and output', async () => {
  const { code, output } = await run('sh', ['-c', 'cat; echo err >&2; exit 3'], { input: 'in\n' });
  assert.deepEqual({ code, output }, { code: 3, output: 'in\nerr\n' });
});

test('test packages: a server that exits before listening is an error with its log', async () => {
  const starting = startDaemon({ path: 'sh', args: ['-c', 'echo no such disk'], listening: /at (\S+)/ });
  await assert.rejects(starting, /does not listen:\nno such disk/);
});

test('file lock: one process holds it at a time, and a failure releases it', {
  skip: !(await hasFlock()),
}, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'lock-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'lock');
  let inside = 0;
  const work = () =>
    withFileLock(path, async () => {
      inside += 1;
      await turn();
      assert.equal(inside, 1);
      inside -= 1;
      throw new Error('done');
    });
  const outcomes = await Promise.allSettled([work(), work(), work()]);
  for (const outcome of outcomes)
    assert.match(String(outcome.status === 'rejected' && outcome.reason), /done/);
});

async function hasFlock(): Promise<boolean> {
  return run('flock', ['--version']).then(
    ({ code }) => code === 0,
    () => false,
  );
}

test('test packages: a program with a built-in directory reads the one it is started from', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'moved '));
  context.after(() => rm(folder, { recursive: true }));
  const [program, launcher] = [join(folder, 'program'), join(folder, "it's")];
  await writeFile(program, '#!/bin/sh\ncat /usr/share/there/file "$1"\n');
  await writeFile(join(folder, 'file'), 'beside\n');
  await launchFrom(folder, [await patchDataFolder(program, '/usr/share/there')], launcher);
  assert.deepEqual(await run(launcher, ['file']), { code: 0, output: 'beside\nbeside\n' });
  await assert.rejects(
    patchDataFolder(program, '/usr/share/elsewhere'),
    /does not read \/usr\/share\/elsewhere/,
  );
});
