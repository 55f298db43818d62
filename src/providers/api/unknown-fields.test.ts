import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { driftIn } from './answer-drift.ts';

const schema = z.looseObject({
  name: z.string(),
  rows: z
    .array(z.looseObject({ id: z.string(), more: z.looseObject({ a: z.number() }).nullish() }))
    .nullish(),
  map: z.record(z.string(), z.number()).optional(),
});

const fieldsOf = (value: unknown) => driftIn(schema, value).map(({ what }) => what);

describe('unknown fields', () => {
  it('are not found in what the schema names, nulls and maps included', () => {
    assert.deepEqual(fieldsOf({ name: 'n', rows: [{ id: '1', more: null }], map: { anything: 1 } }), []);
    assert.deepEqual(fieldsOf({ name: 'n', rows: null }), []);
  });

  it('are named by their path, once for all rows', () => {
    const more = { a: 1, b: { c: 2 } };
    const rows = [
      { id: '1', more, x: 1 },
      { id: '2', more, x: 2 },
    ];
    assert.deepEqual(fieldsOf({ name: 'n', rows, y: [1] }), ['rows.more.b', 'rows.x', 'y']);
  });

  it('may have the name of what every object inherits', () => {
    assert.deepEqual(fieldsOf({ name: 'n', constructor: 1, toString: 2 }), ['constructor', 'toString']);
  });
});
