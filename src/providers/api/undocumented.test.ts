import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { lenient, listOf, mapOf } from './schemas.ts';
import { findUndocumented, undocumentedIn } from './undocumented.ts';

const whats = (schema: z.ZodType, json: unknown) => undocumentedIn(schema, json).map(({ what }) => what);

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

test('the outermost lists and maps are looked into member by member, in the order of the schema', () => {
  const row = z.object({ id: lenient(z.string()), days: listOf(z.object({ minutes: lenient(z.number()) })) });
  const schema = z.object({
    of: z.object({ rows: listOf(row).nullish(), name: lenient(z.string()) }),
    apps: mapOf(row),
  });
  const rows = [{ days: [{}, {}] }, { id: 1, days: [] }, { id: 'a', days: [{ minutes: 'x' }] }];
  const steps = findUndocumented(schema, { of: { rows }, apps: { one: rows[0] } });
  let count = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) count += 1;
  assert.deepEqual(
    step.value.map(({ what }) => what),
    [
      'of.rows.id is missing',
      'of.rows.days.minutes is missing',
      'of.rows.id is not as documented',
      'of.rows.days.minutes is not as documented',
      'of.name is missing',
      'apps.*.id is missing',
      'apps.*.days.minutes is missing',
    ],
  );
  // Three rows, the name, and an app.
  assert.equal(count, 5);
});
