import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { PollError } from '../../providers/api/errors.ts';
import { takeAll } from '../../providers/api/steps.ts';
import { readAnswer } from './parse-response.ts';

const RECEIVED = 'received-value';
const cases: { title: string; schema: z.ZodType; json: unknown; what: string }[] = [
  {
    title: 'a missing field',
    schema: z.object({ a: z.object({ b: z.number() }) }),
    json: { a: {} },
    what: 'at a.b: expected number',
  },
  {
    title: 'a field of a row',
    schema: z.object({ data: z.array(z.object({ amount: z.number() })) }),
    json: { data: [{ amount: 1 }, { amount: RECEIVED }] },
    what: 'at data[1].amount: expected number',
  },
  { title: 'the body itself', schema: z.array(z.number()), json: { [RECEIVED]: 1 }, what: 'expected array' },
  { title: 'an enum', schema: z.enum(['a', 'b']), json: RECEIVED, what: 'expected "a" or "b"' },
  { title: 'a literal', schema: z.literal(true), json: RECEIVED, what: 'expected true' },
  {
    title: 'a union',
    schema: z.union([z.number(), z.null()]),
    json: RECEIVED,
    what: 'expected number, or expected null',
  },
  {
    title: 'a union of objects',
    schema: z.object({ x: z.union([z.object({ a: z.number() }), z.object({ b: z.number() })]) }),
    json: { x: { [RECEIVED]: 1 } },
    what: 'at x: at a: expected number, or at b: expected number',
  },
  {
    title: 'a discriminated union',
    schema: z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') })]),
    json: { kind: RECEIVED },
    what: 'at kind: expected another shape',
  },
  {
    title: 'a pattern',
    schema: z.string().regex(/^\d+$/),
    json: RECEIVED,
    what: 'expected text of the format regex',
  },
  { title: 'a format', schema: z.iso.date(), json: RECEIVED, what: 'expected text of the format date' },
  { title: 'a lower bound', schema: z.number().min(3), json: 2, what: 'expected at least 3 (number)' },
  { title: 'an upper bound', schema: z.string().max(3), json: RECEIVED, what: 'expected at most 3 (string)' },
  { title: 'a step', schema: z.number().multipleOf(5), json: 3, what: 'expected a multiple of 5' },
  {
    title: 'an unknown key',
    schema: z.strictObject({}),
    json: { [RECEIVED]: 1 },
    what: 'expected no further key',
  },
  {
    title: 'a key of a record',
    schema: z.record(z.string().max(2), z.number()),
    json: { abc: 1 },
    what: 'at abc: expected another key or element',
  },
  {
    title: 'words of a schema',
    schema: z.number().refine(() => false, 'not a day'),
    json: 3,
    what: 'not a day',
  },
  {
    title: 'a key that is no name',
    schema: z.record(z.string(), z.number()),
    json: { 'a/b"': '' },
    what: 'at ["a/b\\""]: expected number',
  },
  {
    title: 'more than three issues',
    schema: z.array(z.number()),
    json: ['', '', '', '', ''],
    what: 'at [0]: expected number; at [1]: expected number; at [2]: expected number (and 2 more)',
  },
  {
    title: 'a transform that throws',
    schema: z.string().transform((value) => {
      throw new RangeError(value);
    }),
    json: RECEIVED,
    what: 'its schema threw RangeError',
  },
];

describe('error for an answer that is not as documented names', () => {
  for (const { title, schema, json, what } of cases) {
    it(title, () => {
      const error = failureOf(JSON.stringify(json), schema);
      assert.equal(error.message, `answer is not as documented: ${what}`);
      assert.ok(!error.message.includes(RECEIVED));
    });
  }
});

describe('a body that is not JSON', () => {
  const bodies: [string, string][] = [
    ['', 'is empty'],
    [' '.repeat(1000), 'is empty'],
    ['<html></html>', 'is HTML or XML'],
    [`${' '.repeat(100)}\n<!doctype html>`, 'is HTML or XML'],
    ['\u{feff}<?xml version="1.0"?>', 'is HTML or XML'],
    [`${' '.repeat(300)}{`, 'is not JSON, or cut short'],
    ['timestamp,sku,amount', 'is not JSON, or cut short'],
  ];
  for (const [body, what] of bodies) {
    it(`${JSON.stringify(body.slice(0, 12))}… ${what}`, () => {
      assert.equal(failureOf(body, z.unknown()).message, `answer ${what}`);
    });
  }
});

function failureOf(body: string, schema: z.ZodType): PollError {
  try {
    takeAll(readAnswer(Buffer.from(body), schema, 'answer'));
  } catch (error) {
    assert.ok(error instanceof PollError);
    assert.deepEqual([error.reason, error.status], ['contract', 200]);
    return error;
  }
  return assert.fail('was accepted');
}
