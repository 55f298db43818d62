import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { driftIn } from './answer-drift.ts';
import { lenient, listOf, mapOf } from './schemas.ts';

const whats = (schema: z.ZodType, json: unknown) => driftIn(schema, json).map(({ what }) => what);

test('a field is checked until it was noted, however many rows lack it', () => {
  let checks = 0;
  const counted = z.custom<string>((value) => {
    checks += 1;
    return typeof value === 'string';
  });
  const rows = listOf(z.object({ name: lenient(counted) }));
  assert.deepEqual(whats(rows, Array(10_000).fill({})), ['name is missing']);
  assert.equal(checks, 1);
  const odd = [...Array(5_000).fill({ name: 1 }), ...Array(5_000).fill({ name: null })];
  assert.deepEqual(whats(rows, odd), ['name is not as documented', 'name is missing']);
  assert.equal(checks, 3);
});

test('behind a value that is not as documented, a documented one is still looked into', () => {
  const rows = listOf(z.object({ of: lenient(z.object({ id: lenient(z.string()) })) }));
  assert.deepEqual(whats(rows, [{ of: 1 }, { of: 2 }, { of: {} }, { of: { id: 3 } }]), [
    'of is not as documented',
    'of.id is missing',
    'of.id is not as documented',
  ]);
});

test('a field that only a prototype has is missing', () => {
  const row = z.object({ constructor: lenient(z.string()), toString: lenient(z.string()) });
  assert.deepEqual(whats(row, {}), ['constructor is missing', 'toString is missing']);
});

test('members of a map share a path below it', () => {
  const apps = z.object({ apps: mapOf(z.object({ calls: lenient(z.number()) })) });
  assert.deepEqual(whats(apps, { apps: { one: {}, two: { calls: 1 }, three: { calls: '1' } } }), [
    'apps.*.calls is missing',
    'apps.*.calls is not as documented',
  ]);
});

test('a schema that tolerates nothing is not looked into', () => {
  let checks = 0;
  const counted = z.custom<string>(() => {
    checks += 1;
    return true;
  });
  assert.deepEqual(whats(listOf(z.object({ name: counted.optional() })), [{ name: 1 }]), []);
  assert.equal(checks, 0);
});
