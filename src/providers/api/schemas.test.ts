import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { describeIssue } from './issues.ts';
import { MAX_ISSUES } from './members.ts';
import { Decimal, listOf, mapOf } from './schemas.ts';

const issuesOf = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues ?? [];

/** A number, and how many values were looked at. */
function counted() {
  const seen = { count: 0 };
  const schema = z.unknown().refine((value) => {
    seen.count += 1;
    return typeof value === 'number';
  });
  return { seen, schema };
}

describe('a list', () => {
  it('is read as `z.array` reads it', () => {
    const item = z.object({ amount: Decimal, of: listOf(z.string()).nullish() });
    const value = [{ amount: '1.5', of: ['a'] }, { amount: 2 }, { amount: 3, of: null }];
    assert.deepEqual(listOf(item).parse(value), z.array(item).parse(value));
    assert.deepEqual(listOf(item).parse([]), []);
  });

  it('ends at the hundredth issue', () => {
    const { seen, schema } = counted();
    assert.equal(issuesOf(listOf(schema), Array(50_000).fill('no')).length, MAX_ISSUES);
    assert.equal(seen.count, MAX_ISSUES);
  });

  it('of lists ends at the hundredth issue of each, and of all', () => {
    const { seen, schema } = counted();
    issuesOf(listOf(listOf(schema)), Array(500).fill(Array(500).fill('no')));
    assert.equal(seen.count, MAX_ISSUES);
  });

  it('names the path of an issue', () => {
    const schema = z.object({ data: listOf(z.object({ of: listOf(z.string()) })) });
    const issues = issuesOf(schema, { data: [{ of: ['a'] }, { of: ['a', 1] }] });
    assert.deepEqual(issues.map(describeIssue), ['at data[1].of[1]: expected string']);
  });

  it('refuses anything else', () => {
    for (const value of [undefined, null, {}, 'text', 1, { length: 1, 0: 1 }]) {
      assert.deepEqual(issuesOf(listOf(z.number()), value).map(describeIssue), ['expected array']);
    }
  });
});

describe('a map', () => {
  it('keeps keys that objects have, `__proto__` among them', () => {
    const value: unknown = JSON.parse('{"__proto__":1,"constructor":2,"":3}');
    assert.deepEqual(
      [...mapOf(z.number()).parse(value)],
      [
        ['__proto__', 1],
        ['constructor', 2],
        ['', 3],
      ],
    );
  });

  it('ends at the hundredth issue', () => {
    const { seen, schema } = counted();
    const value = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 'no']));
    assert.equal(issuesOf(mapOf(schema), value).length, MAX_ISSUES);
    assert.equal(seen.count, MAX_ISSUES);
  });

  it('names the path of an issue', () => {
    const schema = z.object({ apps: mapOf(z.number()) });
    const issues = issuesOf(schema, { apps: { one: 1, two: 'x', 'a b': 'y' } });
    assert.deepEqual(issues.map(describeIssue), [
      'at apps.two: expected number',
      'at apps["a b"]: expected number',
    ]);
  });

  it('refuses anything else', () => {
    for (const value of [undefined, null, [], 'text', 1]) {
      assert.deepEqual(issuesOf(mapOf(z.number()), value).map(describeIssue), ['expected record']);
    }
  });
});
