import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { COLLECTOR_FOLDER, readCollectorConfig } from './support/programs/otel-collector.ts';

const { config, text } = await readCollectorConfig();
const page = await readFile(join(COLLECTOR_FOLDER, 'README.md'), 'utf8');
const pipelines = Object.entries(config.service.pipelines);

test('collector: pipelines use every declared component and no other', () => {
  for (const part of ['receivers', 'processors', 'exporters'] as const) {
    const used = pipelines.flatMap(([, pipeline]) => pipeline[part]);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(config[part]).sort(), part);
  }
  assert.deepEqual(config.service.extensions, Object.keys(config.extensions));
});

test('collector: each backend has its own pipeline, which starts with the memory limiter', () => {
  for (const [name, { processors, exporters }] of pipelines) {
    assert.match(name, /^metrics\//);
    assert.equal(processors[0], 'memory_limiter', name);
    assert.equal(exporters.length, 1, name);
  }
});

test('collector: listens on loopback by default', () => {
  const endpoints = Array.from(text.matchAll(/^ +endpoint: (\S+:\d+)$/gm), ([, endpoint = '']) => endpoint);
  assert.equal(endpoints.length, 3);
  for (const endpoint of endpoints) assert.match(endpoint, /^\$\{env:LISTEN_HOST:-localhost\}:\d+$/);
});

test('collector: its page documents every variable with its default, and no other', () => {
  const read = Array.from(text.matchAll(/\$\{env:(\w+)(?::-([^}]*))?\}/g), ([, name = '', other]) => [
    name,
    other,
  ]);
  const documented = Array.from(
    page.matchAll(/^\| `([A-Z_]+)` \|.*\| (?:`(.*)`|[^`]*) \|$/gm),
    ([, name = '', other]) => [name, other],
  );
  assert.deepEqual(Object.fromEntries(documented), Object.fromEntries(read));
});

test('collector: header values come from the environment', () => {
  const headers = Array.from(text.matchAll(/headers:\n(?: +#.*\n)*( +\S+: .*\n)/g), ([, header = '']) =>
    header.trim(),
  );
  assert.equal(headers.length, 1);
  for (const header of headers) assert.match(header, /^[\w-]+: \$\{env:\w+\}$/);
});

test('collector: the page and CONTRIBUTING.md name the supported version', async () => {
  const version = /OpenTelemetry Collector (\d+\.\d+)/.exec(text)?.[1] ?? '?';
  const contributing = await readFile(join(COLLECTOR_FOLDER, '../../CONTRIBUTING.md'), 'utf8');
  assert.ok(page.includes(`${version} or newer`), version);
  assert.ok(contributing.includes(`It was last run with version ${version}.`), version);
});
