import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { PROVIDERS } from '../providers/index.ts';
import { sharedKeyWarnings } from './duplicate-billing.ts';

const folder = mkdtempSync(join(tmpdir(), 'duplicate-billing-'));
after(() => rmSync(folder, { recursive: true }));
const KEY = 'canary-key-of-two-accounts';
writeFileSync(join(folder, 'key'), `${KEY}\n`);

/** The accounts as they stand in a list, each on a line. */
function warningsOf(...accounts: readonly string[]): string[] {
  const file = join(folder, 'c.yml');
  writeFileSync(file, `accounts:\n${accounts.map((account) => `  - { ${account} }\n`).join('')}`);
  const warnings = sharedKeyWarnings(loadConfig(file, { KEY }, PROVIDERS).accounts);
  assert.doesNotMatch(warnings.join(), /canary/);
  return warnings;
}

test('duplicate billing: two accounts of a provider with the same key are reported, in whatever form the key is given', () => {
  const forms = [`apiKey: "\${KEY}"`, 'apiKeyFile: key', `apiKey: ${KEY}`];
  for (const one of forms)
    for (const other of forms) {
      const [warning, ...more] = warningsOf(
        `provider: venice, name: a, ${one}`,
        `provider: venice, name: b, ${other}, ledgerApi: usage`,
        `provider: baseten, name: c, ${other}`,
      );
      assert.match(
        warning ?? '',
        /venice "a" and venice "b" use the same key.*the same bill is counted twice/,
      );
      assert.deepEqual(more, []);
    }
});

test('duplicate billing: addresses match with and without version prefix, slash and port', () => {
  const forms = ['https://api.venice.ai', 'https://API.venice.ai:443/', 'https://api.venice.ai/api/v1'];
  for (const baseUrl of forms) {
    const found = warningsOf(
      `provider: venice, name: a, apiKey: ${KEY}`,
      `provider: venice, name: b, apiKey: ${KEY}, baseUrl: "${baseUrl}"`,
    );
    assert.equal(found.length, 1, baseUrl);
  }
});

test('duplicate billing: different keys, addresses or providers are not reported', () => {
  const base = `provider: venice, apiKey: ${KEY}`;
  assert.deepEqual(warningsOf(`${base}, name: a`, 'provider: venice, name: b, apiKey: another'), []);
  assert.deepEqual(warningsOf(`${base}, name: a`, `${base}, name: b, baseUrl: "http://localhost:1"`), []);
  assert.deepEqual(warningsOf(base, `provider: northflank, apiKey: ${KEY}`), []);
});

test('duplicate billing: two teams of one key have separate bills, the organization and a team do not', () => {
  for (const provider of ['northflank', 'inference_sh']) {
    const base = `provider: ${provider}, apiKey: ${KEY}`;
    const [a, b, whole] = [
      `${base}, name: a, teamId: a`,
      `${base}, name: b, teamId: b`,
      `${base}, name: org`,
    ];
    assert.deepEqual(warningsOf(a, b), []);
    for (const accounts of [
      [a, whole],
      [whole, a],
    ]) {
      const [warning, ...more] = warningsOf(...accounts);
      assert.match(
        warning ?? '',
        new RegExp(`${provider} "a" is part of ${provider} "org" and is counted twice`),
      );
      assert.deepEqual(more, []);
    }
    assert.equal(warningsOf(a, `${base}, name: again, teamId: a`).length, 1);
    assert.equal(warningsOf(a, b, whole).length, 2);
  }
});

test('duplicate billing: each of a thousand accounts with one key is reported, but not every pair', () => {
  const found = warningsOf(
    ...Array.from({ length: 1000 }, (_, index) => `provider: venice, apiKey: ${KEY}, name: a${index}`),
  );
  assert.ok(found.length < 5000, String(found.length));
  for (let index = 0; index < 1000; index += 1)
    assert.ok(found.some((warning) => warning.includes(`"a${index}"`)));
});
