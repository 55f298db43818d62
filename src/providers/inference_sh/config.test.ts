import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { ConfigError } from '../../config/yaml/errors.ts';
import { inferenceSh } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'probes-'));
after(() => rmSync(folder, { recursive: true }));

function load(...probes: string[]) {
  const accounts = ['a', 'b'].map((name) => `  - { provider: inference_sh, name: ${name}, apiKey: k }`);
  const file = join(folder, 'c.yml');
  writeFileSync(
    file,
    ['accounts:', ...accounts, 'priceProbes:', ...probes.map((one) => `  - ${one}`)].join('\n'),
  );
  return loadConfig(file, {}, [inferenceSh]);
}

test('a probe is asked by the account it names, or by every one', () => {
  const { accounts } = load(
    '{ name: both, pricing: { prices: { p: 1 } } }',
    '{ name: one, account: b, pricing: { fee_expression: "1" }, usage_seconds: 0, resources: [], task_inputs: { x: null } }',
  );
  const both = { name: 'both', pricing: { prices: { p: 1 } } };
  const one = { usage_seconds: 0, resources: [], task_inputs: { x: null } };
  assert.deepEqual(
    accounts.map(({ config }) => config),
    [
      { priceProbes: [both] },
      {
        priceProbes: [both, { name: 'one', account: 'b', pricing: { fee_expression: '1' }, ...one }],
      },
    ],
  );
});

const MISTAKES: readonly [probe: string, message: RegExp][] = [
  ['{ pricing: { prices: {} } }', /\[0\]\.name: is missing; add it$/],
  [
    '{ name: " a", pricing: { prices: {} } }',
    /\[0\]\.name: must be 1 to 64 printable characters, without spaces around them \(found " a"\)$/,
  ],
  [`{ name: ${'x'.repeat(65)}, pricing: { prices: {} } }`, /\.name: must be 1 to 64/],
  ['{ name: a }', /\[0\]\.pricing: is missing; add it$/],
  ['{ name: a, pricing: {} }', /\.pricing: must hold prices, or a key that ends in _expression$/],
  ['{ name: a, pricing: [1] }', /\.pricing: must be a mapping of keys to values, not a list$/],
  [
    '{ name: a, pricing: { prices: 5 } }',
    /\.pricing\.prices: must be a mapping of names to prices \(found 5\)$/,
  ],
  [
    '{ name: a, pricing: { a_expression: 5 } }',
    /\.pricing\.a_expression: must be an expression \(found 5\)$/,
  ],
  [
    '{ name: a, pricing: { a_expression: " " } }',
    /\.pricing\.a_expression: must be an expression \(found " "\)$/,
  ],
  [
    '{ name: a, pricing: { prices: { p: .inf } } }',
    /\.pricing\.prices\.p: must be a number that JSON can hold/,
  ],
  [
    '{ name: a, pricing: { prices: { p: 9007199254740993 } } }',
    /\.pricing\.prices\.p: must be a number that JSON can hold: finite, and if whole below 2\^53/,
  ],
  [
    '{ name: a, pricing: { prices: {} }, usage_seconds: -1 }',
    /\.usage_seconds: must be at least 0 \(found -1\)$/,
  ],
  ['{ name: a, pricing: { prices: {} }, usage_seconds: 1.5 }', /\.usage_seconds: must be a whole number/],
  [
    '{ name: a, pricing: { prices: {} }, usage_seconds: 45s }',
    /\.usage_seconds: must be a number, not text$/,
  ],
  ['{ name: a, pricing: { prices: {} }, resources: {} }', /\.resources: must be a list, not a mapping/],
  [
    '{ name: a, pricing: { prices: {} }, resources: [1] }',
    /\.resources\[0\]: must be a mapping of keys to values/,
  ],
  [
    '{ name: a, pricing: { prices: {} }, output_meta: [] }',
    /\.output_meta: must be a mapping .*, not a list$/,
  ],
  ['{ name: a, pricing: { prices: {} }, task_inputs: x }', /\.task_inputs: must be a mapping .*, not text$/],
  [
    '{ name: a, pricing: { prices: {} }, outputMeta: {} }',
    /\.outputMeta: unknown key; did you mean "output_meta"\?$/,
  ],
  ['{ name: a, account: c, pricing: { prices: {} } }', /\.account: inference_sh has no such account/],
];

for (const [probe, message] of MISTAKES) {
  test(`${probe.slice(0, 70)} is met with words that help`, () => {
    assert.throws(
      () => load(probe),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, message);
        assert.equal(error.message.split('\n').length, 1, error.message);
        return true;
      },
    );
  });
}
