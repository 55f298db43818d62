import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Charge } from '../src/core/statement/statement.ts';
import { PollError } from '../src/providers/api/errors.ts';
import { PROVIDERS } from '../src/providers/index.ts';
import {
  allCases,
  type Case,
  contextOf,
  exchangeOf,
  expectedOf,
  providerOf,
  situationOf,
} from './support/providers/cases.ts';
import { type Exchange, fakeAsk } from './support/providers/fake-ask.ts';
import { pollOnce } from './support/providers/readings.ts';

/** Money in another form or unit, as an amount could come after a change of the contract. */
const FORMS: Readonly<Record<string, (value: string) => unknown>> = {
  'with a sign of its currency': (value) => `$${value}`,
  'with its currency behind it': (value) => `${value} USD`,
  'with a decimal comma': (value) => `${value.replace('.', '')},5`,
  'as an object': (value) => ({ value }),
  'as a list': (value) => [value],
};
const NUMBER = /^-?\d+(\.\d+)?(e-?\d+)?$/i;
const CURRENCIES = /^(usd|diem|vcu|bundled_credits|earned_credits)$/i;

type Path = readonly (string | number)[];

function leavesOf(value: unknown, path: Path = []): { readonly path: Path; readonly text: string }[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, each]) => leavesOf(each, [...path, key]));
  return typeof value === 'string' || typeof value === 'number' ? [{ path, text: String(value) }] : [];
}

function replaced(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value))
    return value.map((each, index) => (String(index) === first ? replaced(each, rest, by) : each));
  return Object.fromEntries(
    Object.entries(Object(value)).map(([key, each]) => [
      key,
      key === first ? replaced(each, rest, by) : each,
    ]),
  );
}

/** The sum of the dollars of cost; undefined if the poll is refused, or does not state all of it. */
async function dollarsOf(one: Case, exchange: Exchange): Promise<bigint | undefined> {
  const provider = await providerOf(one.provider);
  const situation = situationOf(one);
  const feed = provider.feeds.find(({ name }) => name === situation.feed);
  assert.ok(feed);
  try {
    const readings = await pollOnce(feed, contextOf(situation, provider), fakeAsk(exchange));
    const isDollars = ({ measure, detail }: Charge) => measure === 'cost' && detail === 'USD';
    const statements = readings.flatMap(({ reading }) => reading.statement ?? []);
    if (statements.length === 0 || statements.some(({ untold }) => untold)) return undefined;
    const charges = statements.flatMap((statement) => statement.charges).filter(isDollars);
    return charges.reduce((sum, { value }) => sum + value, 0n);
  } catch (error) {
    // What is not read any more may have been a cursor, too.
    if (error instanceof assert.AssertionError && /^request \d+/.test(error.message)) return undefined;
    assert.ok(error instanceof PollError, String(error));
    return undefined;
  }
}

const MOST_BILLS = 8;

/** Bills of the cases, documented examples first. */
function billsOf(provider: string): Case[] {
  const bills = allCases().filter((one) => {
    const text = JSON.stringify(expectedOf(one).readings ?? '');
    return one.provider === provider && /"measure":"cost"/.test(text);
  });
  const isExample = (one: Case) => Number(/documented/.test(situationOf(one).about));
  return bills.sort((a, b) => isExample(b) - isExample(a)).slice(0, MOST_BILLS);
}

/** Every change of a number of the bodies, and what the bill comes to then. */
async function* changes(one: Case, change: (text: string) => unknown) {
  const exchange = exchangeOf(one);
  for (const [index, { answer }] of exchange.entries()) {
    for (const { path, text } of leavesOf(answer.body)) {
      if (!NUMBER.test(text)) continue;
      const body = replaced(answer.body, path, change(text));
      const changed = exchange.map((each, at) =>
        at === index ? { ...each, answer: { ...answer, body } } : each,
      );
      yield { where: path.join('.'), dollars: await dollarsOf(one, changed), index };
    }
  }
}

/** What the bill comes to where one of the answers is a refusal: another source may stand in for it. */
function dollarsWithout(one: Case, index: number): Promise<bigint | undefined> {
  const refusal = { status: 403, headers: {}, body: {} };
  const exchange = exchangeOf(one).map((each, at) => (at === index ? { ...each, answer: refusal } : each));
  return dollarsOf(one, exchange);
}

for (const { id } of PROVIDERS) {
  describe(`units of ${id}`, () => {
    test('money in another form is refused, never shown as another amount', async () => {
      const bills = billsOf(id);
      assert.ok(bills.length > 0, 'a documented bill');
      let refused = 0;
      for (const one of bills) {
        const before = await dollarsOf(one, exchangeOf(one));
        if (before === undefined) continue;
        for (const [form, change] of Object.entries(FORMS)) {
          for await (const { where, dollars, index } of changes(one, change)) {
            if (dollars === undefined) refused += 1;
            else if (dollars !== before)
              assert.equal(dollars, await dollarsWithout(one, index), `${one.name}: ${where} ${form}`);
          }
        }
      }
      assert.ok(refused >= Object.keys(FORMS).length);
    });

    test('money in another currency is refused or kept apart, never shown as dollars', async () => {
      for (const one of billsOf(id)) {
        const exchange = exchangeOf(one).map(({ answer, ...asked }) => {
          const paths = leavesOf(answer.body).filter(({ text }) => CURRENCIES.test(text));
          const body = paths.reduce<unknown>((now, { path }) => replaced(now, path, 'EUR'), answer.body);
          return { ...asked, answer: { ...answer, body }, isChanged: paths.length > 0 };
        });
        if (!exchange.every(({ isChanged }) => isChanged)) continue;
        assert.ok([undefined, 0n].includes(await dollarsOf(one, exchange)), one.name);
      }
    });
  });
}
