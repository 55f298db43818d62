import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { PollError } from '../src/providers/api/errors.ts';
import type { Provider } from '../src/providers/api/provider.ts';
import { assertAsyncProperty } from './support/ledger/property.ts';
import {
  allCases,
  contextOf,
  exchangeOf,
  providerFolders,
  providerOf,
  situationOf,
} from './support/providers/cases.ts';
import { type Exchange, fakeAsk } from './support/providers/fake-ask.ts';
import { fuzzString } from './support/providers/fuzz-strings.ts';
import { pollOnce } from './support/providers/readings.ts';

/** Of all providers together. */
const INPUTS = 10_000;

/** Shorter than any body, so that no error repeats one. */
const LONG = 'x'.repeat(5000);
const LONGEST_MESSAGE = 1000;

const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    0.1,
    1e308,
    -1e308,
    5e-324,
    9_007_199_254_740_992,
    4_294_967_296,
    '',
    ' ',
    '0',
    '-0',
  ],
  ...[
    '1e999',
    'NaN',
    'Infinity',
    '0x10',
    '1_000',
    '1,5',
    '١٢',
    '12345678901234567890.123456789012345678901234567890',
  ],
  ...[
    '0000-00-00',
    '9999-12-31T23:59:59.999Z',
    '2026-02-30',
    '2026-11-20T10:00:00+99:99',
    '-271821-04-20T00:00:00Z',
  ],
  ...[[], {}, [[]], [null], { length: 1 }, { toString: null }, { toJSON: 'x' }, LONG, `/${LONG}?x=${LONG}`],
];
const Deep = [...Array(200)].reduce<unknown>((inner) => [inner], 0);

/** Mutations of a value; undefined removes it. */
const Change: fc.Arbitrary<(value: unknown) => unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...VALUES, Deep).map((other) => () => other) },
  { weight: 2, arbitrary: fuzzString().map((other) => () => other) },
  { weight: 2, arbitrary: fc.constant(() => undefined) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((other) => () => other) },
  {
    weight: 1,
    arbitrary: fc.constant((value: unknown) => (Array.isArray(value) ? [...value, ...value] : [value])),
  },
  {
    weight: 1,
    arbitrary: fc.constant((value: unknown) =>
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant((value: unknown) => ({ ...Object(value), [LONG]: value, __proto__: 1 })),
  },
);

type Bend = (text: string) => string;

const cut =
  (at: number): Bend =>
  (text) =>
    text.slice(0, at % (text.length + 1));
const overwrite =
  (at: number, more: string): Bend =>
  (text) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + more + text.slice(place + 1);
  };

/** Mutations of a body's text. */
const Bend: fc.Arbitrary<Bend> = fc.oneof(
  fc.nat().map(cut),
  fc.tuple(fc.nat(), fuzzString(1)).map(([at, more]) => overwrite(at, more)),
  fc
    .constantFrom(
      '',
      'null',
      '[]',
      '{}',
      '""',
      `<html>${LONG}</html>`,
      `{"error":"${LONG}"}`,
      '\ufeff{}',
      '{}{}',
    )
    .map((text) => () => text),
);

/** Changes the value that is the `at`-th of a body, in the order of its text. */
function changed(body: unknown, at: number, change: (value: unknown) => unknown): unknown {
  let left = at % sizeOf(body);
  const walk = (value: unknown): unknown => {
    if (left-- === 0) return change(value);
    if (Array.isArray(value)) return value.map(walk).filter((each) => each !== undefined);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each)]));
  };
  return walk(body);
}

function sizeOf(body: unknown): number {
  if (typeof body !== 'object' || body === null) return 1;
  return Object.values(body).reduce<number>((sum, each) => sum + sizeOf(each), 1);
}

interface Input {
  readonly of: number;
  /** Which answer of the exchange, which value of it. */
  readonly answer: number;
  readonly at: number;
  readonly change: ((value: unknown) => unknown) | undefined;
  readonly bend: Bend | undefined;
}

const Input: fc.Arbitrary<Input> = fc.record({
  of: fc.nat(),
  answer: fc.nat(),
  at: fc.nat(),
  change: fc.option(Change, { nil: undefined, freq: 5 }),
  bend: fc.option(Bend, { nil: undefined, freq: 1 }),
});

function bent(exchange: Exchange, { answer, at, change, bend }: Input): Exchange {
  return exchange.map((recording, index) => {
    if (index !== answer % exchange.length) return recording;
    const { body, bodyText = JSON.stringify(body) ?? '', ...rest } = recording.answer;
    const text = change && body !== undefined ? (JSON.stringify(changed(body, at, change)) ?? '') : bodyText;
    return { ...recording, answer: { ...rest, bodyText: bend ? bend(text) : text } };
  });
}

for (const folder of providerFolders()) {
  describe(`mutated responses of ${folder}`, () => {
    test('are read or fail the poll with a short message', async (t) => {
      const provider = await providerOf(folder);
      const documented = allCases()
        .filter((one) => one.provider === folder)
        .map((one) => ({ name: one.name, exchange: exchangeOf(one), situation: situationOf(one) }))
        .filter(({ exchange }) => exchange.length > 0);
      const ends = new Map<string, number>();
      await assertAsyncProperty(
        fc.asyncProperty(Input, async (input) => {
          const one = documented[input.of % documented.length];
          assert.ok(one);
          const end = await endOf(provider, one.situation, bent(one.exchange, input));
          ends.set(end, (ends.get(end) ?? 0) + 1);
        }),
        { numRuns: Math.ceil(INPUTS / providerFolders().length) },
      );
      t.diagnostic(JSON.stringify(Object.fromEntries(ends)));
      for (const end of ['read', 'contract']) assert.ok((ends.get(end) ?? 0) > 100, end);
    });
  });
}

/** How a poll ends: `read`, a reason, or `asks on` if the mutation causes a request that is not recorded. */
async function endOf(
  provider: Provider,
  situation: ReturnType<typeof situationOf>,
  exchange: Exchange,
): Promise<string> {
  const feed = provider.feeds.find(({ name }) => name === situation.feed);
  assert.ok(feed);
  try {
    await pollOnce(feed, contextOf(situation, provider), fakeAsk(exchange));
    return 'read';
  } catch (error) {
    if (error instanceof assert.AssertionError && /^request \d+ (has no|is not the)/.test(error.message))
      return 'asks on';
    assert.ok(error instanceof PollError, inspect(error));
    assert.ok(error.message.length < LONGEST_MESSAGE, error.message);
    return error.reason;
  }
}
