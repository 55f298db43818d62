import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { LIMITS } from '../http/limits.ts';
import { CLIENT_AUTH, CURVES, KEYS } from './format.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/web-security.md'), 'utf8');
const example = readFileSync(join(root, 'deploy/web.example.yml'), 'utf8');

test('web-security.md and the example list every key', () => {
  for (const key of KEYS) {
    assert.match(page, new RegExp(`\`${key}\``), key);
    if (!['cert', 'key', 'client_ca'].includes(key)) assert.match(example, new RegExp(`\\b${key}:`), key);
  }
  for (const name of [...Object.keys(CLIENT_AUTH), ...Object.keys(CURVES)])
    assert.match(page, new RegExp(`\`${name}\``), name);
});

test('web-security.md lists the limits', () => {
  const seconds = (ms: number) => `${ms / 1000} s`;
  const count = (number: number) => number.toLocaleString('en');
  for (const bound of [
    `${LIMITS.headerBytes / 1024} KiB, ${LIMITS.headers} of them`,
    `${LIMITS.bodyBytes / 1024} KiB`,
    `${LIMITS.connections}, ${LIMITS.connectionsPerAddress} per address`,
    seconds(LIMITS.handshakeMs),
    `${seconds(LIMITS.headersMs)}, ${seconds(LIMITS.requestMs)}`,
    seconds(LIMITS.responseMs),
    seconds(LIMITS.idleMs),
    `${count(LIMITS.requestsPerConnection)}; over HTTP/2 ${LIMITS.streams} at a time`,
    `${LIMITS.protocolErrors} errors; ${LIMITS.resetBurst} resets at once, ${LIMITS.resetsPerSecond} per second`,
  ]) {
    assert.ok(page.includes(`| ${bound} |`), bound);
  }
});

test('the Prometheus example in web-security.md is YAML', () => {
  const blocks = Array.from(page.matchAll(/^```yaml\n([\s\S]*?)^```/gm), ([, text = '']) => parse(text));
  assert.equal(blocks.length, 2);
});
