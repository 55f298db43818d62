import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ask, NOON } from '../../support/providers/simulated.ts';
import { startVenice } from '../venice/server.ts';
import type { Simulator } from './service.ts';
import { fakeClockAt } from './world.ts';

const PATH = '/api/v1/billing/usage-history?pageSize=10';
let simulator: Pick<Simulator, 'close'> | undefined;
afterEach(() => simulator?.close());

async function start() {
  const venice = await startVenice({
    clock: fakeClockAt(NOON),
    genesis: NOON - 3_600_000,
    emptyPages: 'never',
  });
  simulator = venice;
  return venice;
}

test('simulator server: records requests without their keys', async () => {
  const venice = await start();
  await ask(venice, PATH);
  await ask(venice, '/nowhere', { authorization: 'Api-Key other' });
  const [first, second] = venice.requests;
  const query = { pageSize: '10' };
  const path = '/api/v1/billing/usage-history';
  assert.deepEqual(first, {
    method: 'GET',
    path,
    query,
    at: NOON,
    scheme: 'Bearer',
    inFlight: 0,
    status: 200,
  });
  assert.equal(second?.scheme, 'Api-Key');
  assert.equal(second?.status, 401);
  assert.ok(!JSON.stringify(venice.requests).includes(venice.key));
});

test('simulator server: rejects methods other than GET, and records them', async () => {
  const venice = await start();
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
    const { status, headers } = await ask(venice, PATH, {}, { method });
    assert.equal(status, 405);
    assert.equal(headers.get('allow'), 'GET');
  }
  assert.deepEqual(
    venice.requests.map(({ method, status }) => [method, status]),
    ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'].map((method) => [method, 405]),
  );
});

test("faults: a status fault has the provider's error body", async () => {
  const venice = await start();
  for (const status of [401, 402, 403, 404, 410, 422, 500, 503]) {
    venice.fault({ kind: 'status', status, headers: { 'x-extra': 'yes' } });
    const answer = await ask(venice, PATH);
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('x-extra'), 'yes');
    assert.deepEqual(answer.body, { error: `Request failed with status ${status}` });
  }
  venice.fault(undefined);
  assert.equal((await ask(venice, PATH)).status, 200);
});

test('faults: match paths, and start and stop after a number of requests', async () => {
  const venice = await start();
  venice.fault({ kind: 'status', status: 500, after: 2, times: 1 }, /usage-history/);
  const statuses = [];
  for (let turn = 0; turn < 5; turn += 1) statuses.push((await ask(venice, PATH)).status);
  assert.deepEqual(statuses, [200, 200, 500, 200, 200]);
  venice.fault({ kind: 'status', status: 503 }, /balance/);
  assert.equal((await ask(venice, PATH)).status, 200);
  assert.equal((await ask(venice, '/api/v1/billing/balance')).status, 503);
  venice.fault(undefined, /balance/);
  assert.equal((await ask(venice, '/api/v1/billing/balance')).status, 200);
});

test('faults: a 429 names its pause in every known style', async () => {
  const venice = await start();
  const headersOf = async (style: 'seconds' | 'date' | 'reset' | 'none') => {
    venice.fault({ kind: 'throttle', waitSeconds: 90, style });
    const { status, headers } = await ask(venice, PATH);
    assert.equal(status, 429);
    return headers;
  };
  assert.equal((await headersOf('seconds')).get('retry-after'), '90');
  assert.equal((await headersOf('date')).get('retry-after'), new Date(NOON + 90_000).toUTCString());
  assert.equal((await headersOf('reset')).get('x-ratelimit-reset-requests'), String(NOON / 1000 + 90));
  assert.equal((await headersOf('none')).get('retry-after'), null);
});

test('faults: bodies are cut, truncated, emptied, replaced and edited', async () => {
  const venice = await start();
  const whole = (await ask(venice, PATH)).text;
  venice.fault({ kind: 'truncated' });
  await assert.rejects(ask(venice, PATH), SyntaxError);
  venice.fault({ kind: 'cut' });
  await assert.rejects(ask(venice, PATH), TypeError);
  venice.fault({ kind: 'reset' });
  await assert.rejects(ask(venice, PATH), TypeError);
  venice.fault({ kind: 'html' });
  const html = await ask(venice, PATH);
  assert.deepEqual([html.status, html.text.slice(0, 15)], [200, '<!doctype html>']);
  venice.fault({ kind: 'empty' });
  assert.deepEqual(await ask(venice, PATH).then(({ status, text }) => [status, text]), [200, '']);
  venice.fault({ kind: 'edit', edit: (text) => text.replace('"data"', '"rows"') });
  assert.equal((await ask(venice, PATH)).text, whole.replace('"data"', '"rows"'));
});

test('faults: a hanging provider sends nothing, or headers only, until the caller gives up', async () => {
  const venice = await start();
  const headers = { authorization: `Bearer ${venice.key}` };
  venice.fault({ kind: 'hang' });
  const silent = new AbortController();
  const pending = fetch(`${venice.url}${PATH}`, { headers, signal: silent.signal });
  while (venice.requests.length === 0) await setImmediate();
  silent.abort();
  await assert.rejects(pending, { name: 'AbortError' });
  assert.equal(venice.requests[0]?.status, 0);

  venice.fault({ kind: 'hang', afterHeaders: true });
  const bodiless = new AbortController();
  const response = await fetch(`${venice.url}${PATH}`, { headers, signal: bodiless.signal });
  assert.equal(response.status, 200);
  bodiless.abort();
  await assert.rejects(response.text(), { name: 'AbortError' });
});

test('faults: clock skew appears in the date header and in the data', async () => {
  const venice = await start();
  venice.fault({ kind: 'skew', aheadMs: 3_600_000 });
  const { headers } = await ask(venice, PATH);
  assert.equal(headers.get('date'), new Date(NOON + 3_600_000).toUTCString());
});

test('faults: a slow response is delayed but complete', async () => {
  const venice = await start();
  const whole = (await ask(venice, PATH)).text;
  venice.fault({ kind: 'slow', delayMs: 20 });
  assert.equal((await ask(venice, PATH)).text, whole);
});
