import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, SECOND, startOfDay } from '../../../src/core/values/time.ts';
import { Amount, ask, NOON, sum } from '../../support/providers/simulated.ts';
import { fakeClockAt } from '../kit/world.ts';
import { type OpenAiOptions, startOpenAi } from './server.ts';

const TODAY = startOfDay(NOON);
const COSTS = `/v1/organization/costs?start_time=${(TODAY - 2 * DAY) / SECOND}&end_time=${(TODAY + DAY) / SECOND}`;
const GROUPS = '&group_by=project_id&group_by=line_item';

const Page = z.object({
  data: z.array(
    z.object({
      results: z.array(
        z.object({
          amount: z.object({ value: Amount }).optional(),
          project_id: z.string().nullable(),
          line_item: z.string().nullable().optional(),
          num_model_requests: z.number().optional(),
        }),
      ),
    }),
  ),
  has_more: z.boolean(),
  next_page: z.string().nullable(),
});

async function started(context: TestContext, options: OpenAiOptions = {}) {
  const openai = await startOpenAi({ clock: fakeClockAt(NOON), ...options });
  context.after(() => openai.close());
  const pageAt = async (path: string) => Page.parse((await ask(openai, path)).body);
  return { openai, pageAt };
}

test('OpenAI simulator: costs of a page add up to the books, by whatever they are grouped', async (context) => {
  const { openai, pageAt } = await started(context);
  const truth = openai.truth({ start: TODAY - 2 * DAY, end: TODAY + DAY });
  for (const [groups, fewest] of [
    ['', 1],
    [GROUPS, 10],
  ] as const) {
    const rows = (await pageAt(COSTS + groups)).data.flatMap(({ results }) => results);
    assert.ok(rows.length >= fewest);
    assert.equal(sum(rows.map(({ amount }) => amount?.value ?? 0n)), truth.total('cost'));
    assert.equal(
      rows.some((row) => row.line_item),
      groups !== '',
    );
  }
});

test('OpenAI simulator: pages follow each other bucket by bucket', async (context) => {
  const { pageAt } = await started(context);
  const whole = await pageAt(COSTS + GROUPS);
  const first = await pageAt(`${COSTS}${GROUPS}&limit=2`);
  const rest = await pageAt(`${COSTS}${GROUPS}&limit=2&page=${encodeURIComponent(first.next_page ?? '')}`);
  assert.deepEqual([...first.data, ...rest.data], whole.data);
  assert.deepEqual([first.has_more, rest.has_more, rest.next_page], [true, false, null]);
});

test('OpenAI simulator: usage of a kind is in its own report', async (context) => {
  const { openai, pageAt } = await started(context, { generate: false });
  const use = { project: 'proj_a', model: 'whisper-1', at: NOON, requests: 3, input: 90 } as const;
  openai.book({ kind: 'audio_transcriptions', ...use });
  openai.book({ kind: 'cost', at: NOON, project: 'proj_a', lineItem: 'whisper-1', usd: parseDecimal('1') });
  const hours = `start_time=${TODAY / SECOND}&bucket_width=1h&group_by=project_id`;
  const requestsOf = async (kind: string) =>
    (await pageAt(`/v1/organization/usage/${kind}?${hours}`)).data
      .flatMap(({ results }) => results)
      .map(({ num_model_requests, project_id }) => [num_model_requests, project_id]);
  assert.deepEqual(await requestsOf('audio_transcriptions'), [[3, 'proj_a']]);
  assert.deepEqual(await requestsOf('completions'), []);
});

test('OpenAI simulator: refuses keys of projects, other parameters and unknown reports', async (context) => {
  const { openai } = await started(context, { projectKey: 'sk-proj' });
  const statusOf = async (path: string, key = openai.key) =>
    (await ask(openai, path, { authorization: `Bearer ${key}` })).status;
  assert.equal(await statusOf(COSTS, 'sk-proj'), 403);
  assert.equal(await statusOf(COSTS, 'other'), 401);
  assert.equal(await statusOf('/v1/organization/costs'), 400);
  assert.equal(await statusOf(`${COSTS}&limit=181`), 400);
  assert.equal(await statusOf(`${COSTS}&bucket_width=1h`), 400);
  assert.equal(await statusOf(`${COSTS}&page=elsewhere`), 400);
  assert.equal(await statusOf('/v1/organization/usage/dreams'), 404);
});
