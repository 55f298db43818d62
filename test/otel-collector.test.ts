import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { COLLECTOR_FOLDER, readCollectorConfig } from './support/otel-collector.ts';

const { config, text } = await readCollectorConfig();
const page = await readFile(join(COLLECTOR_FOLDER, 'README.md'), 'utf8');
const pipelines = Object.entries(config.service.pipelines);

test('every declared component is used in a pipeline', () => {
  for (const part of ['receivers', 'processors', 'exporters'] as const) {
    const used = pipelines.flatMap(([, pipeline]) => pipeline[part]);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(config[part]).sort(), part);
  }
  assert.deepEqual(config.service.extensions, Object.keys(config.extensions));
});

test('each backend has its own pipeline, which starts with a memory limiter', () => {
  for (const [name, { processors, exporters }] of pipelines) {
    assert.match(name, /^metrics\//);
    assert.equal(processors[0], 'memory_limiter', name);
    assert.equal(exporters.length, 1, name);
  }
});

test('receivers listen on localhost by default', () => {
  const endpoints = Array.from(text.matchAll(/^ +endpoint: (\S+:\d+)$/gm), ([, endpoint = '']) => endpoint);
  assert.equal(endpoints.length, 3);
  for (const endpoint of endpoints) assert.match(endpoint, /^\$\{env:LISTEN_HOST:-localhost\}:\d+$/);
});

test('the README lists every variable with its default', () => {
  const read = Array.from(text.matchAll(/\$\{env:(\w+)(?::-([^}]*))?\}/g), ([, name = '', other]) => [
    name,
    other,
  ]);
  const told = Array.from(
    page.matchAll(/^\| `([A-Z_]+)` \|.*\| (?:`(.*)`|[^`]*) \|$/gm),
    ([, name = '', other]) => [name, other],
  );
  assert.deepEqual(Object.fromEntries(told), Object.fromEntries(read));
});

test('header values come from the environment', () => {
  const headers = Array.from(text.matchAll(/headers:\n(?: +#.*\n)*( +\S+: .*\n)/g), ([, header = '']) =>
    header.trim(),
  );
  assert.equal(headers.length, 1);
  for (const header of headers) assert.match(header, /^[\w-]+: \$\{env:\w+\}$/);
});

test('the collector version of the file is in its README and in CONTRIBUTING.md', async () => {
  const version = /OpenTelemetry Collector (\d+\.\d+)/.exec(text)?.[1] ?? '?';
  const contributing = await readFile(join(COLLECTOR_FOLDER, '../../CONTRIBUTING.md'), 'utf8');
  assert.ok(page.includes(`${version} or newer`), version);
  assert.ok(contributing.includes(`It was last run with version ${version}.`), version);
});
