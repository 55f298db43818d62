import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseExposition } from '../../../test/support/exposition/exposition.ts';
import { assertAsyncProperty } from '../../../test/support/ledger/property.ts';
import { METRICS, type Metric } from '../../core/metrics/catalog.ts';
import type { Family, Snapshot } from '../../core/metrics/snapshot.ts';
import { type Chunks, createEncoder, encodeSnapshot, formatValue } from './encode.ts';
import type { Format } from './format.ts';

const FORMATS = ['text', 'openmetrics'] as const;

async function encoded(families: readonly Family[], format: Format): Promise<string> {
  const snapshot: Snapshot = { version: 1, at: 0, families };
  return textOf((await encodeSnapshot(snapshot))[format]);
}

function textOf(chunks: Chunks): string {
  return Buffer.concat(chunks).toString('utf8');
}

function ended(text: string, format: Format): string {
  return format === 'openmetrics' ? `${text}# EOF\n` : text;
}

const hostile = fc.oneof(
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\n',
    '\\n',
    '\\"',
    '}',
    '{',
    ',',
    '# EOF\n',
    '\r',
    '\u0000',
    '\u2028',
    '\ud800',
  ),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('a', '\\', '"', '\n', '\udfff', '😀', '='), { maxLength: 8 })
    .map((parts) => parts.join('')),
);
const value = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, 1e21, 5e-324));
const samples = fc.uniqueArray(fc.record({ labels: fc.tuple(hostile, hostile), value }), {
  selector: ({ labels }) => JSON.stringify(labels.map((label) => label.toWellFormed())),
  maxLength: 20,
});

describe('snapshot encoder', () => {
  for (const format of FORMATS) {
    test(`encodes any labels, values and help so that they read back, in ${format}`, async () => {
      await assertAsyncProperty(
        fc.asyncProperty(samples, hostile, async (rows, help) => {
          const family: Family = { name: 'x', type: 'gauge', help, labels: ['a', 'b'], samples: rows };
          const page = parseExposition(ended(await encoded([family], format), format), format);
          const read = page.families.get('x');
          assert.equal(read?.samples.length ?? 0, rows.length);
          if (read) assert.equal(read.help, help.toWellFormed());
          rows.forEach(({ labels, value: written }, index) => {
            assert.deepEqual(
              Object.values(read?.samples[index]?.labels ?? {}),
              labels.map((label) => label.toWellFormed()),
            );
            assert.equal(read?.samples[index]?.value, written === 0 ? 0 : written);
          });
        }),
      );
    });
  }

  test('names a counter with _total in text and its family without in OpenMetrics', async () => {
    const family: Family = {
      name: 'x_usd_total',
      type: 'counter',
      help: 'A "quoted" \\ help\nof two lines.',
      labels: ['a'],
      samples: [{ labels: ['b'], value: 1.5 }],
    };
    assert.equal(
      await encoded([family], 'text'),
      '# HELP x_usd_total A "quoted" \\\\ help\\nof two lines.\n# TYPE x_usd_total counter\nx_usd_total{a="b"} 1.5\n',
    );
    assert.equal(
      await encoded([family], 'openmetrics'),
      '# HELP x_usd A \\"quoted\\" \\\\ help\\nof two lines.\n# TYPE x_usd counter\n# UNIT x_usd usd\nx_usd_total{a="b"} 1.5\n',
    );
  });

  test('omits families without samples', async () => {
    const family: Family = { name: 'x', type: 'gauge', help: 'X.', labels: [], samples: [] };
    assert.equal(await encoded([family], 'text'), '');
    assert.equal(
      await encoded([{ ...family, samples: [{ labels: [], value: 1 }] }], 'text'),
      '# HELP x X.\n# TYPE x gauge\nx 1\n',
    );
  });

  test('has a UNIT exactly for families whose name ends in one', async () => {
    const families = Object.values<Metric>(METRICS)
      .filter(({ type }) => type !== 'histogram')
      .map((metric) => ({ ...metric, samples: [{ labels: metric.labels.map(() => 'x'), value: 1 }] }));
    const page = parseExposition(ended(await encoded(families, 'openmetrics'), 'openmetrics'), 'openmetrics');
    assert.equal(page.families.size, families.length);
    assert.equal(page.families.get('ai_billing_cost_usd')?.unit, 'usd');
    assert.equal(page.families.get('ai_billing_last_success_timestamp_seconds')?.unit, 'seconds');
    assert.equal(page.families.get('ai_billing_cost_trend_ratio')?.unit, 'ratio');
    assert.equal(page.families.get('ai_billing_tokens')?.unit, undefined);
  });

  test('shares the bytes of many samples between the formats and pauses between batches', async () => {
    const rows = Array.from({ length: 2000 }, (_, index) => ({
      labels: [`${'r'.repeat(80)}${index}`],
      value: index,
    }));
    let pauses = 0;
    const pace = async () => {
      pauses += 1;
    };
    const family: Family = { name: 'x', type: 'gauge', help: 'X.', labels: ['a'], samples: rows };
    const { text, openmetrics } = await encodeSnapshot({ version: 1, at: 0, families: [family] }, pace);
    assert.equal(pauses, 8);
    assert.ok(text.filter((chunk) => openmetrics.includes(chunk)).length >= 7);
    assert.equal(parseExposition(textOf(text), 'text').families.get('x')?.samples.length, 2000);
  });
});

test('snapshot encoder reuses the bytes of unchanged batches', async () => {
  const encode = createEncoder();
  const rows = Array.from({ length: 600 }, (_, index) => ({
    labels: [`${'r'.repeat(80)}${index}`],
    value: index,
  }));
  const family = { name: 'x', type: 'gauge', help: 'X.', labels: ['a'] } as const;
  const before = await encode({ version: 1, at: 0, families: [{ ...family, samples: rows }] });
  const changed = rows.with(300, { labels: ['changed'], value: -1 }).slice(0, 590);
  const after = await encode({ version: 2, at: 0, families: [{ ...family, samples: changed }] });
  assert.equal(after.text.filter((chunk) => before.text.includes(chunk)).length, 1);
  const fresh = await encodeSnapshot({ version: 2, at: 0, families: [{ ...family, samples: changed }] });
  assert.equal(textOf(after.text), textOf(fresh.text));
});

test('formatValue returns the shortest decimal of a double', () => {
  const table: [number, string][] = [
    [0.1, '0.1'],
    [-0, '0'],
    [1e21, '1e+21'],
    [Number.NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ];
  for (const [double, text] of table) assert.equal(formatValue(double), text);
});
