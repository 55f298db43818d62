import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { METRICS, type Metric } from '../../core/metrics/catalog.ts';
import { createSelfMetrics } from '../prometheus/self.ts';
import { otlpName, otlpUnit } from './names.ts';

interface Named {
  readonly name: string;
  readonly type: string;
}

const CATALOGUE = Object.values<Metric>(METRICS);

/** Every family there can be: the catalogue, its twins and the process metrics. */
async function families() {
  const twins = CATALOGUE.flatMap(({ corrections, type }) =>
    corrections ? [{ name: corrections.name, type }] : [],
  );
  const self = createSelfMetrics({ version: '1', revision: 'a', failureReasons: [] });
  const collected = await self.collect();
  return [...CATALOGUE, ...twins, ...collected];
}

/** Units whose word a backend with Prometheus naming wants among a name's. */
const WORDS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };

/**
 * What a backend with Prometheus naming makes of a name, as the collector's exporters and VictoriaMetrics do: the unit's word at
 * the end unless the name has it, `ratio` at the end of gauges of unit 1, `total` at the end of sums. Units in braces are nothing.
 */
function translated({ name, unit, type }: Named & { readonly unit: string }): string {
  const tokens = name.split(/[^a-zA-Z0-9]+/);
  const word = unit.includes('{') ? '' : (WORDS[unit] ?? (unit === '1' ? '' : unit));
  if (word !== '' && !tokens.includes(word)) tokens.push(word);
  if (type === 'counter') return atEnd(tokens, 'total');
  return unit === '1' && type === 'gauge' ? atEnd(tokens, 'ratio') : tokens.join('_');
}

function atEnd(tokens: readonly string[], token: string): string {
  return [...tokens.filter((one) => one !== token), token].join('_');
}

describe('OTLP names', () => {
  test('become the names of /metrics with Prometheus naming', async () => {
    for (const { name, type } of await families()) {
      const [otlp, unit] = [otlpName({ name, type }), otlpUnit(name)];
      assert.match(otlp, /^[a-z][a-z0-9.]*$/);
      assert.equal(translated({ name: otlp, unit, type }), name);
    }
  });

  test('become the same names without unit suffixes', async () => {
    for (const { name, type } of await families()) {
      assert.equal(translated({ name: otlpName({ name, type }), unit: '', type }), name);
    }
  });

  test('have the unit of their last word', () => {
    const units = [
      ['ai_billing_cost_usd_total', '{USD}'],
      ['ai_billing_cost_corrections_usd_total', '{USD}'],
      ['ai_billing_cost_today_usd', '{USD}'],
      ['ai_billing_tokens_total', '{token}'],
      ['ai_billing_tokens_corrections_total', '{token}'],
      ['ai_billing_requests_corrections_total', '{request}'],
      ['ai_billing_api_requests_total', '{request}'],
      ['ai_billing_billed_corrections_seconds_total', 's'],
      ['ai_billing_last_success_timestamp_seconds', 's'],
      ['ai_billing_poll_duration_seconds', 's'],
      ['process_resident_memory_bytes', 'By'],
      ['nodejs_heap_size_total_bytes', 'By'],
      ['ai_billing_cost_trend_ratio', '1'],
      ['ai_billing_unconverted_amount_total', ''],
      ['ai_billing_series_folded_total', ''],
      ['ai_billing_series', '{series}'],
      ['ai_billing_up', ''],
      ['ai_billing_resource_info', ''],
    ] as const;
    for (const [name, unit] of units) assert.equal(otlpUnit(name), unit, name);
  });

  test('match the documentation', async () => {
    const page = readFileSync(new URL('../../../docs/opentelemetry.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)` \| `([\w.]+)`, .* unit `(.+)` \|$/gm)];
    const known = new Map((await families()).map((family) => [family.name, family]));
    assert.ok(rows.length > 3);
    for (const [, name = '', otlp, unit] of rows) {
      const { type } = known.get(name) ?? assert.fail(`there is no ${name}`);
      assert.deepEqual([otlpName({ name, type }), otlpUnit(name)], [otlp, unit]);
    }
  });

  test('have the unit 1 only if they end in ratio, and corrections have the unit of their counter', async () => {
    for (const { name } of await families())
      assert.equal(otlpUnit(name) === '1', name.endsWith('_ratio'), name);
    for (const { name, corrections } of CATALOGUE)
      if (corrections) assert.equal(otlpUnit(corrections.name), otlpUnit(name), name);
  });
});
