import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../../src/core/values/time.ts';
import { PriceProbe } from '../../../src/providers/inference_sh/config.ts';
import { evaluate } from './evaluate.ts';
import { DEMO_PROBES, demoPrices } from './probes.ts';

test("price probes: the demo's are valid; within minutes one price changes and another disappears and returns", () => {
  const prices = demoPrices(0);
  const seen = DEMO_PROBES.map((entry) => {
    const { name: _, ...preview } = PriceProbe.parse(entry);
    const at = (minute: number) => JSON.stringify(evaluate(preview, prices(minute * MINUTE)), numbers);
    return Array.from({ length: 15 }, (_, minute) => at(minute));
  });
  const [images = [], clips = []] = seen;
  assert.equal(new Set(images).size, 5);
  assert.ok(images.every((body) => !body.includes('error')));
  const failing = clips.map((body) => body.includes('no such key: per_clip'));
  assert.deepEqual([failing[0], failing[5], failing[6], failing[9]], [false, false, true, false]);
});

function numbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
