import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDecimal } from '../../core/values/money.ts';
import { readTaskCost, tasks } from './task-cost.ts';

/** What is understood, as `name amount`, and what is not, as `path text`. */
function read(body: unknown) {
  const { amounts, others } = readTaskCost(body);
  return [
    amounts.map((amount) =>
      'usd' in amount
        ? `${amount.name} ${formatDecimal(amount.usd)}`
        : `${amount.name} failed ${amount.error}`,
    ),
    others.map(({ path, text }) => `${path} ${text}`),
  ];
}

const SHAPES: Record<string, readonly [body: unknown, amounts: string[], others: string[]]> = {
  'flat fees': [
    { resource_fee: 120_000, inference_fee: 30_000_000, royalty_fee: 0, partner_fee: -1, total: 30_119_999 },
    [
      'resource_fee 0.0012',
      'inference_fee 0.3',
      'royalty_fee 0',
      'partner_fee -0.00000001',
      'total 0.30119999',
    ],
    [],
  ],
  'fees as the pricing preview has them': [
    {
      resource_fee: { value: 1, error: '' },
      inference_fee: { value: 0, error: 'no such key:\n x' },
      total: { value: '9007199254740993', unit: 'microcents' },
      description: { value: 'per image' },
    },
    ['resource_fee 0.00000001', 'inference_fee failed no such key: x', 'total 90071992.54740993'],
    ['total.unit microcents', 'description.value per image'],
  ],
  'one amount, in a mapping': [
    { task_id: 'abc', cost: { total_cost: 5, details: { gpu: 'A100' } } },
    ['cost.total_cost 0.00000005'],
    ['task_id abc', 'cost.details.gpu A100'],
  ],
  'fractions and other kinds under known names': [
    { cost: 0.12, total: '12.5', amount: null, microcents: true, total_cost: { value: null } },
    [],
    ['cost 0.12', 'total 12.5', 'amount null', 'microcents true', 'total_cost.value null'],
  ],
  'what is in a list is a part of nobody knows what': [
    { events: [{ amount: 1 }, { amount: 2 }], total: 3, empty: [], none: {} },
    ['total 0.00000003'],
    ['events[0].amount 1', 'events[1].amount 2', 'empty []', 'none {}'],
  ],
  'totals of what is no money': [
    { tokens: { total: 500 }, usage: { amount: 12 }, fees: { total: 7, amount: { value: 8 } }, total: 9 },
    ['fees.total 0.00000007', 'fees.amount 0.00000008', 'total 0.00000009'],
    ['tokens.total 500', 'usage.amount 12'],
  ],
  'another currency': [
    { currency: 'eur', total: 100, fees: { resource_fee: 5 } },
    [],
    ['currency eur', 'total 100', 'fees.resource_fee 5'],
  ],
  'another currency, told beside the amount': [
    { cost: { currency: 'EUR', total: 100 }, total: 3, refund_fee: { total: { value: 1, currency: 'EUR' } } },
    ['total 0.00000003'],
    ['cost.currency EUR', 'cost.total 100', 'refund_fee.total.value 1', 'refund_fee.total.currency EUR'],
  ],
  'dollars, as told': [{ currency: 'usd', microcents: 100 }, ['microcents 0.000001'], ['currency usd']],
  'nothing at all': [{}, [], [' {}']],
  null: [null, [], [' null']],
  'a number': [5, [], [' 5']],
  'a list': [[5], [], ['[0] 5']],
};

describe('the cost of a task', () => {
  for (const [name, [body, amounts, others]] of Object.entries(SHAPES)) {
    it(`is read from ${name}`, () => assert.deepEqual(read(body), [amounts, others]));
  }

  it('is not looked for deeper than an answer has reason to be', () => {
    let body: unknown = { total: 1 };
    for (let depth = 0; depth < 100_000; depth += 1) body = { a: body };
    assert.deepEqual(read(body), [[], ['a.a.a.a.a.a.a.a {…}']]);
  });
});

describe('a task id', () => {
  const good = ['a', '0', 'task_01J-x.y', '..a', 'x'.repeat(128)];
  for (const id of good) it(`can be ${id.slice(0, 20)}`, () => assert.ok(tasks.isId(id)));

  const bad = ['', '.', '..', 'a/b', '../x', 'a?b', 'a#b', 'a%2fb', 'a b', 'a\n', 'é', 'x'.repeat(129)];
  for (const id of bad) it(`is not ${JSON.stringify(id.slice(0, 20))}`, () => assert.ok(!tasks.isId(id)));
});
