import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { copiesOf, type Stage, stagesOf, textsOf, wordsOf } from './support/deploy/dockerfile.ts';
import { manifestOf } from './support/rules/manifest.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFile(join(root, path), 'utf8');
const stages = stagesOf(await read('Dockerfile'));
const last = stageOf(stages.at(-1));
const { version, devDependencies } = manifestOf(new Map([['package.json', await read('package.json')]]));

test('Dockerfile: every stage pins the Node version of the tests; the last starts from scratch', () => {
  const bases = stages.map(({ from }) => from);
  const node = `node:${devDependencies.node}-trixie-slim`;
  assert.deepEqual(bases, [node, node, 'scratch']);
});

test('Dockerfile: runs without root or shell, and stops by SIGTERM', () => {
  assert.deepEqual(textsOf(last, 'USER'), ['65532:65532']);
  assert.deepEqual(textsOf(last, 'STOPSIGNAL'), ['SIGTERM']);
  assert.deepEqual(textsOf(last, 'RUN'), []);
  assert.deepEqual(wordsOf(last, 'ENTRYPOINT'), ['node', '/app/bin/ai-billing-exporter.js']);
  assert.deepEqual(wordsOf(last, 'CMD'), ['serve', '--config', '/etc/ai-billing-exporter/config.yml']);
  assert.deepEqual(wordsOf(last, 'HEALTHCHECK'), ['node', '/app/healthcheck.js']);
});

test('Dockerfile: the default ledger path is on a volume', () => {
  assert.deepEqual(wordsOf(last, 'VOLUME'), ['/data']);
  assert.deepEqual(textsOf(last, 'WORKDIR'), ['/']);
});

test('Dockerfile: exposes the default port, which the health check requests', async () => {
  assert.deepEqual(textsOf(last, 'EXPOSE'), ['9464']);
  assert.match(await read('deploy/docker/healthcheck.js'), /'http:\/\/127\.0\.0\.1:9464\/-\/healthy'/);
  assert.match(await read('docs/configuration.md'), /`0\.0\.0\.0:9464`/);
});

test('Dockerfile: version and commit are build arguments and appear in build_info', () => {
  const defaults = stages.flatMap((stage) => textsOf(stage, 'ARG'));
  assert.deepEqual(defaults, [`VERSION=${version}`, `VERSION=${version}`, 'REVISION=""']);
  const labels = textsOf(last, 'LABEL').join();
  for (const [key, value] of [
    ['version', '$VERSION'],
    ['revision', '$REVISION'],
    ['licenses', 'Apache-2.0'],
  ])
    assert.ok(labels.includes(`org.opencontainers.image.${key}="${value}"`), key);
  assert.match(textsOf(last, 'ENV').join(), /\bAI_BILLING_EXPORTER_REVISION="\$REVISION"/);
});

test('Dockerfile: copied files exist, and .dockerignore admits exactly those', async () => {
  const sources = stages.flatMap(copiesOf).flatMap(({ stage, sources }) => (stage ? [] : sources));
  for (const path of sources) await access(join(root, path));
  const ignore = (await read('.dockerignore')).split('\n');
  const allowed = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  assert.ok(ignore.includes('*'));
  assert.deepEqual([...new Set(sources)].sort(), allowed.sort());
});

test('Dockerfile parser: joins continued lines and ignores comments', () => {
  const text =
    'FROM a:1 AS b\n# c\nRUN d \\\n  # e\n  && f\nfrom scratch\ncopy --from=b /g /h /i/\nCMD ["j", "k"]\n';
  const [first, second] = stagesOf(text);
  assert.deepEqual(first, { from: 'a:1', as: 'b', instructions: [{ name: 'RUN', text: 'd && f' }] });
  assert.deepEqual(copiesOf(stageOf(second)), [{ stage: 'b', sources: ['/g', '/h'], target: '/i/' }]);
  assert.deepEqual(wordsOf(stageOf(second), 'CMD'), ['j', 'k']);
  assert.throws(() => wordsOf(stageOf(first), 'RUN'), /RUN is not in exec form/);
});

function stageOf(stage: Stage | undefined): Stage {
  assert.ok(stage, 'the Dockerfile has stages');
  return stage;
}
