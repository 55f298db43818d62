import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DAY } from '../../core/values/time.ts';
import { targetOf } from '../../poll/http/url.ts';
import { baseten } from './index.ts';
import { InstanceTypePrices, Models, readModels, readPrices } from './lookups/lookups.ts';
import { billReader } from './usage/read.ts';
import { UsageSummary } from './usage/schema.ts';

describe('Baseten', () => {
  it('sends the key with the scheme of the account, Api-Key unless told', () => {
    const scheme = (config: unknown) => baseten.headers(baseten.config.parse(config), 'k').authorization;
    assert.deepEqual([{}, { auth: 'Bearer' }].map(scheme), ['Api-Key k', 'Bearer k']);
  });

  it('refuses other schemes and keys it does not know', () => {
    for (const config of [{ auth: 'Basic' }, { team: 'x' }]) {
      assert.equal(baseten.config.safeParse(config).success, false);
    }
  });

  it('takes a base URL with and without the version', () => {
    for (const baseUrl of [baseten.baseUrl, `${baseten.baseUrl}/v1`, `${baseten.baseUrl}/v1/`]) {
      assert.equal(targetOf(baseUrl, baseten.versionPrefix).basePath, '/v1');
    }
  });

  const waits: [unknown, number | undefined][] = [
    [{ error: 'Rate limit exceeded. Please try again later.', retry_after: 37 }, 37],
    [{ retry_after: '1.5' }, 1.5],
    [{ retry_after: -1 }, undefined],
    [{ retry_after: null }, undefined],
    [{ retry_after: '' }, undefined],
    [{ error: 'Rate limit exceeded.' }, undefined],
    [undefined, undefined],
  ];
  for (const [body, seconds] of waits) {
    it(`waits ${seconds} s after a 429 of ${JSON.stringify(body)}`, () => {
      assert.equal(baseten.retryAfterOfBody?.(body), seconds);
    });
  }

  it('reads a bill in steps, one for each day of a resource', () => {
    const start = Date.UTC(2026, 10, 1);
    const daily = [1, 2, 3].map((day) => ({ date: `2026-11-0${day}`, subtotal: '1.5', other: 1 }));
    const breakdown = ['a', 'b'].map((id) => ({ billable_resource: { id }, subtotal: 4.5, daily }));
    const names = { teamOf: () => undefined, instanceTypeOf: () => undefined };
    const reader = billReader({ names, now: start });
    const summary = UsageSummary.parse({ dedicated_usage: { total: 9, breakdown } });
    reader.add({ about: 'range', asked: { start, end: start + 3 * DAY }, summary });
    const steps = reader.finishInSteps?.();
    assert.ok(steps);
    let count = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) count += 1;
    assert.deepEqual(step.value, reader.finish());
    assert.equal(step.value.statement?.charges.length, 6);
    // Six rows; before them their days, after them the resources.
    assert.equal(count, 8);
  });

  it('shows a thousand prices and no more', () => {
    const types = Array.from({ length: 1001 }, (_, index) => ({
      instance_type: { id: `${index}`, name: `n${index}` },
      price: index,
    }));
    const { observations, state, drift } = readPrices(InstanceTypePrices.parse({ instance_types: types }));
    assert.equal(observations.length, 1000);
    assert.equal(Object.keys(JSON.parse(state ?? '')).length, 1000);
    assert.deepEqual(drift, [{ kind: 'too_many_rows', what: 'instance types' }]);
  });

  it('remembers five thousand models and no more, and knows of the others that they share a name', () => {
    const models = Array.from({ length: 5001 }, (_, index) => ({
      id: `m${index}`,
      name: `n${index % 5000}`,
      team_name: index < 5000 ? 'Core' : 'Speech',
    }));
    const { state, drift } = readModels(Models.parse({ models }));
    const { ids, names } = JSON.parse(state ?? '');
    assert.deepEqual([Object.keys(ids).length, Object.keys(names).length], [5000, 4999]);
    assert.equal(names.n0, undefined);
    assert.deepEqual(drift, [{ kind: 'too_many_rows', what: 'models by id' }]);
  });
});
