import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { PollError } from '../src/providers/api/errors.ts';
import {
  allCases,
  type Case,
  contextOf,
  exchangeOf,
  expectedOf,
  providerFolders,
  providerOf,
  situationOf,
} from './support/providers/cases.ts';
import { fakeAsk } from './support/providers/fake-ask.ts';
import { jsonOf, pollOnce, printed } from './support/providers/readings.ts';

/**
 * `1`, or the id of one provider: writes the expected files instead of comparing with them. Every one of them is then
 * checked by hand.
 */
const UPDATE = process.env.UPDATE_CASES;

for (const provider of providerFolders()) {
  describe(`cases of ${provider}`, () => {
    for (const one of allCases().filter((found) => found.provider === provider)) {
      it(one.name, () => runCase(one));
    }
  });
}

async function runCase(one: Case): Promise<void> {
  const outcome = await outcomeOf(one);
  if (UPDATE === '1' || UPDATE === one.provider) return write(one, outcome);
  const expected = expectedOf(one);
  if (expected.error) {
    const { reason, 'message contains': text } = expected.error;
    assert.equal(outcome.error?.reason, reason, 'the poll fails for the expected reason');
    assert.ok(outcome.error?.message.includes(text), `"${outcome.error?.message}" contains "${text}"`);
    return;
  }
  assert.ok(
    expected.readings,
    'there is an expected.json or an expected.error.json; UPDATE_CASES=<id> writes it',
  );
  if (outcome.error) throw outcome.error;
  assert.deepEqual(withSortedDrift(outcome.readings), withSortedDrift(expected.readings));
}

/** Drift is counted by kind: its order says nothing. */
function withSortedDrift(json: unknown): unknown {
  const text = JSON.stringify(json, (key, value) =>
    key === 'drift' && Array.isArray(value) ? value.map((drift) => JSON.stringify(drift)).sort() : value,
  );
  return JSON.parse(text);
}

interface Outcome {
  readonly readings?: unknown;
  readonly error?: PollError;
}

async function outcomeOf(one: Case): Promise<Outcome> {
  const situation = situationOf(one);
  const provider = await providerOf(one.provider);
  const feed = provider.feeds.find(({ name }) => name === situation.feed);
  assert.ok(feed, `${one.provider} has no feed ${situation.feed}`);
  const fake = fakeAsk(exchangeOf(one));
  const outcome = await pollOnce(feed, contextOf(situation, provider), fake).then(
    (readings) => ({ readings: jsonOf(readings) }),
    (error) => {
      if (error instanceof PollError) return { error };
      throw error;
    },
  );
  fake.assertUsed();
  return outcome;
}

function write({ folder }: Case, { error, readings }: Outcome): void {
  const name = error ? 'expected.error.json' : 'expected.json';
  const content = error ? { reason: error.reason, 'message contains': error.message } : readings;
  writeFileSync(path.join(folder, name), `${printed(content)}\n`);
}
