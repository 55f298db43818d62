import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, HOUR, isoDay, startOfDay } from '../../../src/core/values/time.ts';
import { Amount, ask, NOON, sum } from '../../support/providers/simulated.ts';
import { fakeClockAt } from '../kit/world.ts';
import { type OpenRouterOptions, startOpenRouter } from './server.ts';

const TODAY = startOfDay(NOON);
const YESTERDAY = { start: TODAY - DAY, end: TODAY };
const ACTIVITY = '/api/v1/activity';

/** Of the documented example, every field. */
const Activity = z.object({
  data: z.array(
    z.strictObject({
      date: z.string(),
      model: z.string(),
      model_permaslug: z.string(),
      endpoint_id: z.string(),
      provider_name: z.string(),
      usage: Amount,
      byok_usage_inference: Amount,
      requests: z.int(),
      prompt_tokens: z.int(),
      completion_tokens: z.int(),
      reasoning_tokens: z.int(),
    }),
  ),
});
const Credits = z.object({ data: z.strictObject({ total_credits: Amount, total_usage: Amount }) });
const Keys = z.object({
  data: z.array(z.looseObject({ hash: z.string(), limit: Amount.nullable(), usage: Amount })),
});

async function started(context: TestContext, options: OpenRouterOptions = {}) {
  const openRouter = await startOpenRouter({ clock: fakeClockAt(NOON), ...options });
  context.after(() => openRouter.close());
  const bodyOf = async (path: string) => (await ask(openRouter, path)).body;
  const daysOf = async (query = '') => Activity.parse(await bodyOf(`${ACTIVITY}${query}`)).data;
  return { openRouter, bodyOf, daysOf };
}

test('OpenRouter simulator: rows of a completed day are the documented ones and add up to the books', async (context) => {
  const { openRouter, daysOf } = await started(context);
  const rows = await daysOf(`?date=${isoDay(YESTERDAY.start)}`);
  const truth = openRouter.truth(YESTERDAY);
  assert.ok(rows.length >= 4);
  assert.deepEqual(new Set(rows.map(({ date }) => date)), new Set(['2026-11-21 00:00:00']));
  assert.equal(sum(rows.map(({ usage }) => usage)), truth.total('cost'));
  assert.equal(
    sum(rows.map(({ byok_usage_inference }) => byok_usage_inference)),
    truth.total('component_cost', { detail: 'byok_inference' }),
  );
  const tokens = sum(rows.map(({ completion_tokens }) => parseDecimal(String(completion_tokens))));
  assert.equal(tokens, truth.total('tokens', { detail: 'output' }));
});

test('OpenRouter simulator: only the last thirty completed days are told, by the first contract as plain dates', async (context) => {
  const { openRouter, daysOf } = await started(context, { contract: 'seed', genesis: TODAY - 40 * DAY });
  const days = new Set((await daysOf()).map(({ date }) => date));
  assert.deepEqual([days.size, [...days].sort()[0], days.has(isoDay(TODAY))], [30, '2026-10-23', false]);
  for (const day of [TODAY, TODAY - 31 * DAY]) {
    const { status, body } = await ask(openRouter, `${ACTIVITY}?date=${isoDay(day)}`);
    assert.equal(status, 400);
    const error = { code: 400, message: 'Date must be within the last 30 (completed) UTC days' };
    assert.deepEqual(body, { error });
  }
});

test('OpenRouter simulator: what is recorded hours late changes the day that has ended', async (context) => {
  const clock = fakeClockAt(TODAY + HOUR / 2);
  const { openRouter } = await started(context, { clock });
  const early = openRouter.truth(YESTERDAY).total('cost');
  clock.set(TODAY + DAY + HOUR / 2);
  assert.notEqual(openRouter.truth(YESTERDAY).total('cost'), early);
});

test('OpenRouter simulator: credits are more than usage, and keys come in pages of 100', async (context) => {
  const { openRouter, bodyOf } = await started(context, { apiKeys: 101 });
  const { total_credits, total_usage } = Credits.parse(await bodyOf('/api/v1/credits')).data;
  assert.ok(total_usage > 0n && total_credits > total_usage);
  assert.equal(total_usage, openRouter.truth({ start: 0, end: NOON + 1 }).total('cost'));
  const [first, second] = [await bodyOf('/api/v1/keys'), await bodyOf('/api/v1/keys?offset=100')];
  const pages = [Keys.parse(first).data, Keys.parse(second).data];
  assert.deepEqual(
    pages.map(({ length }) => length),
    [100, 1],
  );
  assert.equal(new Set(pages.flat().map(({ hash }) => hash)).size, 101);
});

test('OpenRouter simulator: refuses keys for inference, other keys and unknown paths', async (context) => {
  const { openRouter } = await started(context, { inferenceKey: 'sk-or-v1' });
  const statusOf = async (path: string, key = openRouter.key) =>
    (await ask(openRouter, path, { authorization: `Bearer ${key}` })).status;
  assert.equal(await statusOf(ACTIVITY, 'sk-or-v1'), 403);
  assert.equal(await statusOf(ACTIVITY, 'other'), 401);
  assert.equal(await statusOf('/api/v1/elsewhere'), 404);
});
