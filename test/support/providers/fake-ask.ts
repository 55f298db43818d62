import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Drift } from '../../../src/core/statement/statement.ts';
import { readAnswer } from '../../../src/poll/http/parse-response.ts';
import { PollError, reasonOfStatus } from '../../../src/providers/api/errors.ts';
import { type Answer, type Ask, type Request, titleOf } from '../../../src/providers/api/request.ts';
import { takeAll } from '../../../src/providers/api/steps.ts';

const Recording = z.strictObject({
  request: z.strictObject({
    path: z.string().startsWith('/'),
    query: z.record(z.string(), z.string()).default({}),
    /** Parameters that are repeated. */
    lists: z.record(z.string(), z.array(z.string())).default({}),
    headers: z.record(z.string(), z.string()).default({}),
    /** The body of a preview. */
    preview: z.json().optional(),
  }),
  answer: z.strictObject({
    status: z.int().default(200),
    /** Names in lower case. */
    headers: z.record(z.string(), z.string()).default({}),
    // Not `z.json()`, which would drop the key `__proto__`.
    body: z.unknown().optional(),
    /** The body as it came, for numbers that a double would bend and for text that is no JSON. */
    bodyText: z.string().optional(),
  }),
});
type Recording = z.infer<typeof Recording>;

/** `exchange.json`: the requests in the order they are made, and their answers. */
export const Exchange = z.array(Recording);
export type Exchange = z.infer<typeof Exchange>;

/** A provider that answers from recordings, in their order. */
export interface FakeAsk {
  readonly ask: Ask;
  /** @throws {assert.AssertionError} after an unknown request, and while recordings are left that nobody asked for. */
  assertUsed(): void;
}

/** The only fake there is: the network. It fails on an unknown request and on an unused recording. */
export function fakeAsk(exchange: Exchange): FakeAsk {
  let asked = 0;
  const faults: string[] = [];
  return {
    async ask<Body>(request: Request<Body>) {
      const recording = exchange[asked];
      asked += 1;
      const fault = faultOf(request, recording);
      if (fault) faults.push(`request ${asked} ${fault}`);
      if (fault || !recording) assert.fail(`request ${asked} ${fault}`);
      return answerOf(recording, request.schema);
    },
    assertUsed() {
      assert.deepEqual(faults, []);
      assert.equal(asked, exchange.length, 'every recording is asked for');
    },
  };
}

function faultOf(request: Request<unknown>, recording: Recording | undefined): string | undefined {
  const { path, query = {}, lists = {}, headers = {}, preview } = request;
  const asked = { path, query, lists, headers, ...(preview !== undefined && { preview }) };
  if (!recording) return `has no recording: ${JSON.stringify(asked)}`;
  if (isDeepStrictEqual(asked, recording.request)) return undefined;
  return `is not the recorded one: ${JSON.stringify(asked)}, recorded ${JSON.stringify(recording.request)}`;
}

function answerOf<Body>({ request, answer }: Recording, schema: z.ZodType<Body>): Answer<Body> {
  const { status, headers, body, bodyText = JSON.stringify(body) ?? '' } = answer;
  const label = `answer of ${titleOf(request)}`;
  const drift: Drift[] = [];
  if (status === 200)
    return { headers, body: takeAll(readAnswer(Buffer.from(bodyText), schema, label, drift)), drift };
  throw new PollError(reasonOfStatus(status), `${titleOf(request)} answered ${status}`, { status });
}
