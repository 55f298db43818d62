import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { DAY, HOUR, startOfDay } from '../../../src/core/values/time.ts';
import { Amount, ask, NOON, sum } from '../../support/providers/simulated.ts';
import { fakeClockAt } from '../kit/world.ts';
import { type AnthropicOptions, startAnthropic } from './server.ts';

const TODAY = startOfDay(NOON);
const iso = (at: number) => new Date(at).toISOString();
const COSTS = `/v1/organizations/cost_report?bucket_width=1d&starting_at=${iso(TODAY - 2 * DAY)}`;
const UP_TO_TODAY = `&ending_at=${iso(TODAY + DAY)}`;
const GROUPS = '&group_by[]=workspace_id&group_by[]=description';

const Page = z.object({
  data: z.array(
    z.object({
      results: z.array(
        z.object({ amount: Amount, model: z.string().nullable(), cost_type: z.string().nullable() }),
      ),
    }),
  ),
  has_more: z.boolean(),
  next_page: z.string().nullable(),
});

async function started(context: TestContext, options: AnthropicOptions = {}) {
  const anthropic = await startAnthropic({ clock: fakeClockAt(NOON), ...options });
  context.after(() => anthropic.close());
  const headers = { 'x-api-key': anthropic.key, 'anthropic-version': '2023-06-01' };
  const answerOf = (path: string, more: Record<string, string> = {}) =>
    ask(anthropic, path, { ...headers, ...more });
  const pageAt = async (path: string) => Page.parse((await answerOf(path)).body);
  return { anthropic, answerOf, pageAt };
}

test('Anthropic simulator: amounts of a page are the cents of the books, by whatever they are grouped', async (context) => {
  const { anthropic, pageAt } = await started(context);
  const truth = anthropic.truth({ start: TODAY - 2 * DAY, end: TODAY + DAY });
  for (const groups of ['', GROUPS]) {
    const rows = (await pageAt(COSTS + UP_TO_TODAY + groups)).data.flatMap(({ results }) => results);
    assert.equal(sum(rows.map(({ amount }) => amount)), 100n * truth.total('cost'));
    const searches = rows.filter(({ cost_type }) => cost_type === 'web_search');
    assert.equal(searches.length > 0, groups !== '');
    assert.ok(searches.every(({ model }) => model === null));
  }
});

test('Anthropic simulator: only buckets that end by ending_at are listed', async (context) => {
  const { answerOf, pageAt } = await started(context);
  assert.equal((await pageAt(`${COSTS}${UP_TO_TODAY}`)).data.length, 3);
  assert.equal((await pageAt(`${COSTS}&ending_at=${iso(TODAY + DAY - HOUR)}`)).data.length, 2);
  assert.equal((await answerOf(`${COSTS}&ending_at=${iso(TODAY - 2 * DAY + HOUR)}`)).status, 400);
});

test('Anthropic simulator: refuses other keys, a missing version, other parameters and too many requests', async (context) => {
  const { answerOf } = await started(context, { workspaceKey: 'sk-ant-api03' });
  const path = COSTS + UP_TO_TODAY;
  const statusOf = async (asked: string, more = {}) => (await answerOf(asked, more)).status;
  assert.equal(await statusOf(path, { 'x-api-key': 'sk-ant-api03' }), 403);
  assert.equal(await statusOf(path, { 'x-api-key': 'other' }), 401);
  assert.equal(await statusOf(path, { 'anthropic-version': '' }), 400);
  assert.equal(await statusOf(`${path}&limit=32`), 400);
  assert.equal(await statusOf(`${path}&page=elsewhere`), 400);
  assert.equal(await statusOf('/v1/organizations/other'), 404);
  for (let nth = 4; nth <= 90; nth += 1) assert.equal(await statusOf(path), 200, `request ${nth}`);
  assert.equal(await statusOf(path), 429);
});
