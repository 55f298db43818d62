import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import {
  ask,
  clientOf,
  failureOf,
  GOOD,
  NOW,
  notebook,
  serve,
  serveBytes,
  USAGE,
} from '../../../test/support/exporter/http-client.ts';
import { testProvider } from '../../../test/support/providers/test-provider.ts';
import { HOUR, SECOND } from '../../core/values/time.ts';
import type { Provider } from '../../providers/api/provider.ts';

describe('HTTP client at a 429', () => {
  const header = (name: string, map: (value: number, now: number) => number): Partial<Provider> => ({
    rateLimit: (headers, now) => (headers[name] ? { resetAt: map(Number(headers[name]), now) } : {}),
  });
  const bodySeconds: Partial<Provider> = {
    retryAfterOfBody: (body) => z.object({ retry_after: z.number() }).safeParse(body).data?.retry_after,
  };
  const unixSeconds = String((NOW + 90 * SECOND) / SECOND);
  const styles: {
    title: string;
    headers?: Record<string, string>;
    body?: string;
    provider?: Partial<Provider>;
    waitMs: number;
  }[] = [
    { title: 'that says nothing', waitMs: 60 * SECOND },
    { title: 'with Retry-After in seconds', headers: { 'retry-after': '120' }, waitMs: 120 * SECOND },
    {
      title: 'with Retry-After as a date',
      headers: { 'retry-after': new Date(NOW + 30 * SECOND).toUTCString() },
      waitMs: 30 * SECOND,
    },
    { title: 'with a Retry-After nobody can read', headers: { 'retry-after': 'soon' }, waitMs: 60 * SECOND },
    {
      title: 'with retry_after in the body, as Baseten',
      body: '{"error":"Rate limit exceeded. Please try again later.","retry_after":37}',
      provider: bodySeconds,
      waitMs: 37 * SECOND,
    },
    { title: 'whose body is not JSON', body: '<html>', provider: bodySeconds, waitMs: 60 * SECOND },
    {
      title: 'with a reset in Unix seconds, as Venice',
      headers: { 'x-ratelimit-reset-requests': unixSeconds },
      provider: header('x-ratelimit-reset-requests', (value) => value * SECOND),
      waitMs: 90 * SECOND,
    },
    {
      title: 'with a reset in Unix milliseconds, as Venice before, and an earlier Retry-After',
      headers: { 'retry-after': '60', 'x-ratelimit-resets': String(NOW + 75_000) },
      provider: header('x-ratelimit-resets', (value) => value),
      waitMs: 75 * SECOND,
    },
    {
      title: 'with the seconds until a reset, as Northflank',
      headers: { 'x-ratelimit-reset': '1800' },
      provider: header('x-ratelimit-reset', (value, now) => now + value * SECOND),
      waitMs: 1800 * SECOND,
    },
    {
      title: 'with a Unix time in Retry-After',
      headers: { 'retry-after': unixSeconds },
      waitMs: 90 * SECOND,
    },
    {
      title: 'with Unix milliseconds in Retry-After',
      headers: { 'retry-after': String(NOW + 90 * SECOND) },
      waitMs: 90 * SECOND,
    },
    {
      title: 'with a Unix time in the body',
      body: `{"retry_after":${unixSeconds}}`,
      provider: bodySeconds,
      waitMs: 90 * SECOND,
    },
    {
      title: 'with a reset in Unix seconds, as inference.sh, and a later Retry-After',
      headers: { 'retry-after': '100', 'x-ratelimit-reset': unixSeconds },
      provider: header('x-ratelimit-reset', (value) => value * SECOND),
      waitMs: 100 * SECOND,
    },
  ];
  for (const { title, headers = {}, body = '', provider, waitMs } of styles) {
    it(`${title} pauses for ${waitMs / SECOND} s`, async () => {
      let asked = 0;
      const url = await serve((_request, response) => {
        if (++asked === 1) response.writeHead(429, headers).end(body);
        else response.end(GOOD);
      });
      const { client, clock, waits } = clientOf(url, { provider: testProvider(provider) });
      const failure = await failureOf(client);
      assert.deepEqual([failure.reason, failure.retryAt], ['rate_limited', NOW + waitMs]);
      assert.deepEqual([client.notBefore(), client.budgetLeft(), asked], [NOW + waitMs, 0, 1]);
      assert.deepEqual(waits, []);

      await ask(client);
      assert.equal(clock.now, NOW + waitMs);
    });
  }

  it('waits without a request in flight, until the signal aborts', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked++;
      response.writeHead(429).end();
    });
    const stop = new AbortController();
    const { client } = clientOf(url, {
      wait: async (_ms, signal) => {
        stop.abort(new Error('stopping'));
        signal.throwIfAborted();
      },
    });
    await failureOf(client);
    await assert.rejects(ask(client, stop.signal), { message: 'stopping' });
    assert.equal(asked, 1);
  });

  it('pauses for at most an hour, and reports a longer request', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      if (++asked === 1) response.writeHead(429, { 'retry-after': String(3 * 86_400) }).end();
      else response.end(GOOD);
    });
    const { client, clock, cuts } = clientOf(url);
    const failure = await failureOf(client);
    assert.deepEqual([failure.reason, failure.retryAt, cuts], ['rate_limited', NOW + HOUR, [3 * 86_400]]);
    await ask(client);
    assert.deepEqual([clock.now, asked], [NOW + HOUR, 2]);
  });

  it('fails without a request if the pause is longer than the caller waits', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked++;
      response.writeHead(429, { 'retry-after': '600' }).end();
    });
    const { client } = clientOf(url, { maxWaitMs: 60 * SECOND });
    await failureOf(client);
    const again = await failureOf(client);
    assert.deepEqual([again.reason, again.retryAt, asked], ['rate_limited', NOW + 600 * SECOND, 1]);
    assert.match(again.message, /before 2026-11-22T12:10:00.000Z/);
  });

  it('keeps the pause over a restart', async () => {
    const url = await serve((_request, response) => response.writeHead(429, { 'retry-after': '600' }).end());
    const memory = notebook();
    await failureOf(clientOf(url, { memory: memory() }).client);
    assert.equal(clientOf(url, { memory: memory() }).client.notBefore(), NOW + 600 * SECOND);
  });
});

it('HTTP client pauses at a 503 with a Retry-After', async () => {
  const url = await serve((_request, response) => response.writeHead(503, { 'retry-after': '45' }).end());
  const { client } = clientOf(url);
  const failure = await failureOf(client);
  assert.deepEqual([failure.reason, failure.retryAt], ['server', NOW + 45 * SECOND]);
  assert.equal(client.notBefore(), NOW + 45 * SECOND);
});

it('HTTP client sends requests first come, first served, even if each answer moves the reset', async () => {
  const order: string[] = [];
  const url = await serve((request, response) => {
    order.push(new URL(request.url ?? '', 'http://localhost').pathname);
    response.setHeader('x-ratelimit-remaining', '0').setHeader('x-ratelimit-reset', '60').end(GOOD);
  });
  const provider = testProvider({
    rateLimit: (headers, now) => ({
      remaining: Number(headers['x-ratelimit-remaining']),
      resetAt: now + Number(headers['x-ratelimit-reset']) * SECOND,
    }),
  });
  const { client } = clientOf(url, { provider });
  await ask(client);
  const asked = (path: string) => client.ask(new AbortController().signal)({ ...USAGE, path });
  const often = async () => {
    for (let poll = 0; poll < 5; poll++) await asked('/often');
  };
  await Promise.all([often(), asked('/rare'), asked('/rarer')]);
  assert.deepEqual(order.slice(1, 5).sort(), ['/v1/often', '/v1/often', '/v1/rare', '/v1/rarer']);
});

describe('HTTP client with few requests left', () => {
  const provider = testProvider({
    rateLimit: (headers, now) => ({
      remaining: Number(headers['x-ratelimit-remaining']),
      resetAt: now + Number(headers['x-ratelimit-reset']) * SECOND,
    }),
  });

  it('delays the next request once none remains, without failure', async () => {
    const left = ['1', '0', '9'];
    const url = await serve((_request, response) =>
      response
        .setHeader('x-ratelimit-remaining', left.shift() ?? '')
        .setHeader('x-ratelimit-reset', '20')
        .end(GOOD),
    );
    const { client, clock, limits } = clientOf(url, { provider });
    await ask(client);
    assert.equal(client.budgetLeft(), 1);
    await ask(client);
    assert.deepEqual([clock.now, client.notBefore()], [NOW, NOW + 20 * SECOND]);
    await ask(client);
    assert.equal(clock.now, NOW + 20 * SECOND);
    assert.deepEqual(limits[1], { remaining: 0, resetAt: NOW + 20 * SECOND });
  });

  it('does not exceed the limit with two feeds at once', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked++;
      response
        .setHeader('x-ratelimit-remaining', String(2 - (asked % 3)))
        .setHeader('x-ratelimit-reset', '20');
      response.end(GOOD);
    });
    const { client, clock } = clientOf(url, { provider });
    await ask(client);
    await Promise.all([ask(client), ask(client)]);
    assert.equal(clock.now, NOW + 20 * SECOND);
  });
});

describe('HTTP client with a request budget', () => {
  const provider = testProvider({ requestBudget: { requests: 3, perMs: HOUR } });
  const serveGood = () => serve((_request, response) => response.end(GOOD));

  it('never exceeds the budget in any window, and waits without failure', async () => {
    const { client, clock, limits } = clientOf(await serveGood(), { provider });
    const sent: number[] = [];
    const askAndNote = client.ask(new AbortController().signal, (at) => sent.push(at));
    for (let request = 0; request < 8; request++) {
      await askAndNote(USAGE);
      clock.now += 60 * SECOND;
    }
    for (const [index, at] of sent.entries())
      assert.ok((sent[index + 3] ?? Number.POSITIVE_INFINITY) - at > HOUR);
    assert.deepEqual(limits.slice(0, 3), [{ remaining: 2 }, { remaining: 1 }, { remaining: 0 }]);
  });

  it('keeps the count over a restart', async () => {
    const url = await serveGood();
    const memory = notebook();
    const first = clientOf(url, { provider, memory: memory() });
    for (let request = 0; request < 3; request++) await ask(first.client);
    const second = clientOf(url, { provider, memory: memory() });
    assert.equal(second.client.budgetLeft(), 0);
    await ask(second.client);
    assert.ok(second.clock.now > NOW + HOUR);
  });

  it('counts retries', async () => {
    const url = await serveBytes((socket) => socket.resetAndDestroy());
    const { client } = clientOf(url, { provider });
    await failureOf(client);
    assert.equal(client.budgetLeft(), 0);
  });

  it('sends no request that it cannot count durably', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked++;
      response.end(GOOD);
    });
    const memory = {
      state: undefined,
      remember: () => {
        throw new Error('disk full');
      },
    };
    await assert.rejects(ask(clientOf(url, { provider, memory }).client), {
      name: 'PollError',
      reason: 'storage',
    });
    assert.equal(asked, 0);
  });
});
