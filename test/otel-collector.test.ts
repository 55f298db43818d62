import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { COLLECTOR_FOLDER, readCollectorConfig } from './support/otel-collector.ts';

const { config, text } = await readCollectorConfig();
const page = await readFile(join(COLLECTOR_FOLDER, 'README.md'), 'utf8');
const pipelines = Object.entries(config.service.pipelines);

test('pipelines have what is declared, all of it and nothing else', () => {
  for (const part of ['receivers', 'processors', 'exporters'] as const) {
    const used = pipelines.flatMap(([, pipeline]) => pipeline[part]);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(config[part]).sort(), part);
  }
  assert.deepEqual(config.service.extensions, Object.keys(config.extensions));
});

test('each backend has a pipeline of its own, whose memory is bounded before anything else', () => {
  for (const [name, { processors, exporters }] of pipelines) {
    assert.match(name, /^metrics\//);
    assert.equal(processors[0], 'memory_limiter', name);
    assert.equal(exporters.length, 1, name);
  }
});

test('it listens on this machine only, unless told otherwise', () => {
  const endpoints = Array.from(text.matchAll(/^ +endpoint: (\S+:\d+)$/gm), ([, endpoint = '']) => endpoint);
  assert.equal(endpoints.length, 3);
  for (const endpoint of endpoints) assert.match(endpoint, /^\$\{env:LISTEN_HOST:-localhost\}:\d+$/);
});

test('its page explains every variable, with what stands in for it, and no other', () => {
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

test('what it sends as a header comes from outside', () => {
  const headers = Array.from(text.matchAll(/headers:\n(?: +#.*\n)*( +\S+: .*\n)/g), ([, header = '']) =>
    header.trim(),
  );
  assert.equal(headers.length, 1);
  for (const header of headers) assert.match(header, /^[\w-]+: \$\{env:\w+\}$/);
});

test('the page says for which collector the file is written', () => {
  const version = /OpenTelemetry Collector (\d+\.\d+)/.exec(text)?.[1] ?? '?';
  assert.ok(page.includes(`${version} or newer`), version);
  assert.ok(page.includes(`It was last run with version ${version}.`), version);
});
