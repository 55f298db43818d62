import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { MAX_ISSUES, readAhead } from './members.ts';
import { Decimal, lenient, listOf, mapOf } from './schemas.ts';
import { takeAll } from './steps.ts';

const stepsOf = (schema: z.ZodType, json: unknown) => [...readAhead(schema, json)].length;

/** Objects with a number, and how many were read. */
function counted() {
  const seen = { count: 0 };
  const schema = z.object({ amount: Decimal }).refine(() => {
    seen.count += 1;
    return true;
  });
  return { seen, schema };
}

describe('reading ahead', () => {
  it('takes a step for each member of the outermost lists and maps, wherever they are', () => {
    const rows = listOf(z.object({ days: listOf(z.object({})) }));
    const schema = z.object({
      of: z.looseObject({ rows: rows.nullish() }).nullish(),
      apps: lenient(mapOf(z.object({}))),
      none: rows.nullish(),
    });
    const days = Array(50).fill({});
    const json = { of: { rows: [{ days }, { days }, { days }] }, apps: { one: {}, two: {} }, none: null };
    assert.equal(stepsOf(schema, json), 5);
  });

  it('reads each member once, for one parse', () => {
    const { seen, schema } = counted();
    const json = [{ amount: '1.5' }, { amount: 2 }];
    const list = listOf(schema);
    takeAll(readAhead(list, json));
    seen.count = 0;
    const first = list.parse(json);
    assert.equal(seen.count, 0);
    assert.deepEqual(list.parse(json), first);
    assert.equal(seen.count, 2);
  });

  it('gives the same values and issues as parsing in one go', () => {
    const row = z.looseObject({ amount: Decimal, of: listOf(z.looseObject({ id: z.string() })).nullish() });
    const schema = z.looseObject({
      before: z.string(),
      rows: listOf(row).nullish(),
      map: mapOf(row).optional(),
    });
    const good = { amount: '1.5', of: [{ id: 'a', more: 1 }] };
    const odd = { amount: 'x', of: [{ id: 1 }, { id: 'b' }] };
    for (const json of [
      { before: 'b', rows: [good, good, 7, null], map: { one: good } },
      { before: 'b', rows: [good, structuredClone(good)], map: JSON.parse('{"__proto__":{"amount":1}}') },
      { before: 1, rows: [good, odd, odd], map: { one: odd } },
      { rows: Array.from({ length: 2 * MAX_ISSUES }, () => structuredClone(odd)) },
      { rows: 'none', map: [] },
      null,
    ]) {
      const whole = schema.safeParse(structuredClone(json));
      takeAll(readAhead(schema, json));
      const ahead = schema.safeParse(json);
      assert.deepEqual([ahead.data, ahead.error?.issues], [whole.data, whole.error?.issues]);
    }
  });

  it('ends at the hundredth issue', () => {
    const { seen, schema } = counted();
    const odd = z.object({ amount: z.string() }).or(schema);
    takeAll(
      readAhead(
        listOf(odd),
        Array.from({ length: 50_000 }, () => ({ amount: 'x' })),
      ),
    );
    assert.ok(seen.count <= MAX_ISSUES);
  });
});
