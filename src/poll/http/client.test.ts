import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { HOUR, SECOND } from '../../core/values/time.ts';
import { type FailureReason, PollError } from '../../providers/api/errors.ts';
import type { Provider } from '../../providers/api/provider.ts';
import type { Request } from '../../providers/api/request.ts';
import { listOf } from '../../providers/api/schemas.ts';
import { inferenceSh } from '../../providers/inference_sh/index.ts';
import { CONCURRENT_REQUESTS, createHttpClient, type HttpClient } from './client.ts';
import type { HttpOptions } from './context.ts';
import type { RequestMemory, RequestState } from './rate-limiter.ts';

const CANARY = 'sk-canary-7f3a';
const NOW = Date.UTC(2026, 10, 22, 12);
const Total = z.object({ total: z.union([z.number(), z.string()]) });
const USAGE: Request<z.infer<typeof Total>> = {
  path: '/usage',
  query: { from: '2026-11-01T00:00:00Z' },
  schema: Total,
};
const GOOD = '{"total":1.5}';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

async function listening(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${portOf(server.address())}`;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A provider that answers as `listener` says; the headers hold the key as real ones do. */
function serve(listener: RequestListener): Promise<string> {
  return listening(createServer(listener));
}

/** A provider that answers with bytes; `act` sees the number of the connection. */
function serveBytes(act: (socket: Socket, connection: number, head: string) => void): Promise<string> {
  let connections = 0;
  return listening(
    createTcpServer((socket) => {
      const connection = ++connections;
      socket.once('data', (head) => act(socket, connection, String(head)));
    }),
  );
}

function providerOf(more: Partial<Provider> = {}): Provider {
  return {
    id: 'fake',
    title: 'Fake',
    baseUrl: 'http://127.0.0.1',
    versionPrefix: '/v1',
    environmentKey: 'FAKE_KEY',
    config: z.unknown(),
    headers: (_config, key) => ({ Authorization: `Bearer ${key}` }),
    rateLimit: () => ({}),
    feeds: [],
    ...more,
  };
}

/** A client on a clock that only its waits move. */
function clientOf(baseUrl: string, more: Partial<HttpOptions> = {}) {
  const clock = { now: NOW };
  const waits: number[] = [];
  const codes: string[] = [];
  const limits: unknown[] = [];
  const cuts: number[] = [];
  const count = { retries: 0 };
  const client = createHttpClient({
    provider: providerOf(),
    baseUrl,
    config: {},
    key: () => CANARY,
    timeoutMs: 2000,
    now: () => clock.now,
    wait: async (ms) => {
      waits.push(ms);
      clock.now += ms;
    },
    events: {
      answered: (code) => codes.push(code),
      retried: () => count.retries++,
      rateLimit: (limit) => limits.push(limit),
      waitCut: (seconds) => cuts.push(seconds),
    },
    ...more,
  });
  cleanups.push(() => client.close());
  return { client, clock, waits, codes, limits, cuts, count };
}

/** Each call is what the next start of the exporter finds. */
function notebook(): () => RequestMemory {
  let state: RequestState | undefined;
  return () => ({
    state,
    remember(next) {
      state = next;
    },
  });
}

const ask = (client: HttpClient, signal = new AbortController().signal) => client.ask(signal)(USAGE);

/** The failure of one request, checked not to hold the key, the query or the headers anywhere. */
async function failureOf(client: HttpClient): Promise<PollError> {
  const error = await ask(client).then(
    () => assert.fail('was answered'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof PollError, inspect(error));
  const shown = inspect(error, { depth: null, showHidden: true });
  for (const secret of [CANARY, 'Bearer', '2026-11-01']) assert.ok(!shown.includes(secret), shown);
  assert.match(error.message, /GET \/usage /);
  return error;
}

/** Bytes of an answer as they travel. */
const answer = (headers: string[], body = '') => [`HTTP/1.1 200 OK`, ...headers, '', body].join('\r\n');

describe('HTTP client', () => {
  it('parses large answers one per event loop iteration', async () => {
    const held: ServerResponse[] = [];
    const url = await serve((_, response) => {
      held.push(response);
      if (held.length === 3) for (const each of held) each.end(`{"total":1,"more":"${'x'.repeat(40_000)}"}`);
    });
    const order: string[] = [];
    const schema = Total.refine(() => {
      order.push('read');
      setImmediate(() => order.push('turn'));
      return true;
    });
    const clients = [1, 2, 3].map(() => clientOf(url).client);
    const { signal } = new AbortController();
    await Promise.all(clients.map((client) => client.ask(signal)({ ...USAGE, schema })));
    assert.deepEqual(order.slice(0, 5), ['read', 'turn', 'read', 'turn', 'read']);
  });

  it('parses a large answer row by row, and yields to the event loop in between', async () => {
    const url = await serve((_, response) =>
      response.end(`{"rows":[{},{},{}],"more":"${'x'.repeat(40_000)}"}`),
    );
    const order: string[] = [];
    const row = z.object({}).refine(() => {
      order.push('row');
      setImmediate(() => order.push('turn'));
      // Longer than a slice.
      for (const until = performance.now() + 15; performance.now() < until; );
      return true;
    });
    const { client } = clientOf(url);
    const schema = z.object({ rows: listOf(row) });
    await client.ask(new AbortController().signal)({ ...USAGE, schema });
    assert.deepEqual(order, ['row', 'turn', 'row', 'turn', 'row', 'turn']);
  });

  it('sends the parameters of the account, escaped, unless the request overrides them', async () => {
    const asked: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url);
      response.end(GOOD);
    });
    const teamId = '../a&b=c d';
    const { client } = clientOf(url, { provider: inferenceSh, config: { teamId } });
    await ask(client);
    await client.ask(new AbortController().signal)({ ...USAGE, query: { team_id: 'own' } });
    const all = clientOf(url, { provider: inferenceSh, config: {} });
    await ask(all.client);
    assert.deepEqual(asked, [
      '/usage?team_id=..%2Fa%26b%3Dc+d&from=2026-11-01T00%3A00%3A00Z',
      '/usage?team_id=own',
      '/usage?from=2026-11-01T00%3A00%3A00Z',
    ]);
  });

  it('sends the key, the version prefix and the query', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      const { authorization, accept, 'accept-encoding': encoding, 'user-agent': agent } = request.headers;
      seen.push(
        request.method,
        request.url,
        authorization,
        accept,
        encoding,
        agent,
        request.headers['x-api-version'],
      );
      response.setHeader('X-Next', 'abc').end(GOOD);
    });
    const { client, codes, count } = clientOf(`${url}/mock/`);
    const request = { ...USAGE, headers: { 'X-API-Version': '2' } };
    const { body, headers } = await client.ask(new AbortController().signal)(request);
    assert.deepEqual(body, { total: 1.5 });
    assert.equal(headers['x-next'], 'abc');
    const path = '/mock/v1/usage?from=2026-11-01T00%3A00%3A00Z';
    assert.deepEqual(seen, [
      'GET',
      path,
      `Bearer ${CANARY}`,
      'application/json',
      'gzip',
      'ai-billing-exporter',
      '2',
    ]);
    assert.deepEqual({ codes, retries: count.retries }, { codes: ['200'], retries: 0 });
  });

  it('prefers headers of the request to those of the provider and its own', async () => {
    const seen: string[] = [];
    const url = await serve((request, response) => {
      const { rawHeaders } = request;
      seen.push(...rawHeaders.filter((_, index) => /^(accept|x-mode)$/i.test(rawHeaders[index - 1] ?? '')));
      response.end(GOOD);
    });
    const provider = providerOf({
      headers: () => ({ Accept: 'application/problem+json', 'X-Mode': 'provider' }),
    });
    await clientOf(url, { provider }).client.ask(new AbortController().signal)({
      ...USAGE,
      headers: { 'x-mode': 'request' },
    });
    assert.deepEqual(seen, ['application/problem+json', 'request']);
  });

  it('reads the key for each request', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end(GOOD);
    });
    let turn = 0;
    const { client } = clientOf(url, { key: () => `key-${++turn}` });
    await ask(client);
    await ask(client);
    assert.deepEqual(seen, ['Bearer key-1', 'Bearer key-2']);
  });

  const encodings: [string, (text: string) => Buffer][] = [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', Buffer.from],
  ];
  for (const [encoding, encode] of encodings) {
    it(`decodes ${encoding}`, async () => {
      const url = await serve((_request, response) =>
        response.setHeader('content-encoding', encoding).end(encode(GOOD)),
      );
      assert.deepEqual((await ask(clientOf(url).client)).body, { total: 1.5 });
    });
  }

  it('accepts JSON of any content type', async () => {
    const url = await serve((_request, response) =>
      response.setHeader('content-type', 'text/html').end(GOOD),
    );
    assert.deepEqual((await ask(clientOf(url).client)).body, { total: 1.5 });
  });

  it('keeps a number that no double can represent', async () => {
    const url = await serve((_request, response) => response.end('{"total":171.150000000000000001}'));
    assert.deepEqual((await ask(clientOf(url).client)).body, { total: '171.150000000000000001' });
  });

  it('reports when each request is sent', async () => {
    const url = await serveBytes((socket, connection) =>
      connection === 1
        ? socket.resetAndDestroy()
        : socket.end(answer([`content-length: ${GOOD.length}`], GOOD)),
    );
    const { client, waits } = clientOf(url);
    const sent: number[] = [];
    await client.ask(new AbortController().signal, (at) => sent.push(at))(USAGE);
    assert.deepEqual(sent, [NOW, NOW + (waits[0] ?? Number.NaN)]);
  });
});

describe('HTTP client at a status other than 200', () => {
  const statuses: [number, FailureReason][] = [
    [204, 'contract'],
    [301, 'contract'],
    [304, 'contract'],
    [400, 'contract'],
    [401, 'auth'],
    [402, 'auth'],
    [403, 'auth'],
    [404, 'contract'],
    [408, 'timeout'],
    [410, 'sunset'],
    [422, 'contract'],
    [429, 'rate_limited'],
    [500, 'server'],
    [502, 'server'],
    [503, 'server'],
    [504, 'server'],
  ];
  for (const [status, reason] of statuses) {
    it(`fails as ${reason} at ${status}, without a retry`, async () => {
      const url = await serve((_request, response) =>
        response
          .writeHead(status)
          .end(status === 204 || status === 304 ? undefined : `{"error":"no ${CANARY}"}`),
      );
      const { client, codes, count } = clientOf(url);
      const failure = await failureOf(client);
      assert.deepEqual([failure.reason, failure.status], [reason, status]);
      assert.match(failure.message, new RegExp(`^GET /usage answered ${status}`));
      assert.deepEqual({ codes, retries: count.retries }, { codes: [String(status)], retries: 0 });
    });
  }

  it('does not follow a redirect with the key', async () => {
    let strayed = 0;
    const elsewhere = await serve((_request, response) => {
      strayed++;
      response.end(GOOD);
    });
    const url = await serve((_request, response) => response.writeHead(302, { location: elsewhere }).end());
    const failure = await failureOf(clientOf(url).client);
    assert.deepEqual([failure.reason, strayed], ['contract', 0]);
    assert.match(failure.message, /redirect/);
  });

  it('does not wait for an error body that never ends', { timeout: 2000 }, async () => {
    const url = await serve((_request, response) => response.writeHead(403).write('{"error":'));
    assert.equal((await failureOf(clientOf(url, { timeoutMs: 60_000 }).client)).reason, 'auth');
  });

  it('does not read an endless 429 body', { timeout: 2000 }, async () => {
    const url = await serve((_request, response) => {
      response.writeHead(429, { 'retry-after': '7' }).write(' '.repeat(100_000));
    });
    assert.equal((await failureOf(clientOf(url, { timeoutMs: 60_000 }).client)).retryAt, NOW + 7 * SECOND);
  });
});

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
      const { client, clock, waits } = clientOf(url, { provider: providerOf(provider) });
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
  const provider = providerOf({
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
  const provider = providerOf({
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
  const provider = providerOf({ requestBudget: { requests: 3, perMs: HOUR } });
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

describe('HTTP client at a broken exchange', () => {
  const part = '{"total":';
  const faults: {
    title: string;
    act: (socket: Socket) => void;
    reason: FailureReason;
    message?: RegExp;
    codes: string[];
    more?: Partial<HttpOptions>;
  }[] = [
    {
      title: 'a reset before the answer',
      act: (s) => s.resetAndDestroy(),
      reason: 'network',
      codes: ['', '', ''],
    },
    { title: 'a close before the answer', act: (s) => s.end(), reason: 'network', codes: ['', '', ''] },
    {
      title: 'a reset within the body',
      act: (s) => {
        s.write(answer(['content-length: 100'], part));
        setTimeout(() => s.resetAndDestroy(), 10);
      },
      reason: 'network',
      codes: ['200', '200', '200'],
    },
    {
      title: 'a body shorter than its length',
      act: (s) => s.end(answer(['content-length: 100'], part)),
      reason: 'contract',
      message: /truncated/,
      codes: ['200', '200', '200'],
    },
    {
      title: 'a body shorter than its length that says close',
      act: (s) => s.end(answer(['connection: close', 'content-length: 100'], part)),
      reason: 'contract',
      message: /truncated/,
      codes: ['200', '200', '200'],
    },
    {
      title: 'chunks without an end',
      act: (s) => s.end(answer(['connection: close', 'transfer-encoding: chunked'], `9\r\n${part}\r\n`)),
      reason: 'contract',
      message: /truncated/,
      codes: ['200', '200', '200'],
    },
    {
      title: 'gzip without an end',
      act: (s) => {
        const cut = gzipSync(GOOD).subarray(0, -12);
        s.write(answer(['content-encoding: gzip', `content-length: ${cut.length}`]));
        s.end(cut);
      },
      reason: 'contract',
      message: /truncated/,
      codes: ['200', '200', '200'],
    },
    {
      title: 'JSON cut short by the provider itself',
      act: (s) => s.end(answer([`content-length: ${part.length}`], part)),
      reason: 'contract',
      message: /cut short/,
      codes: ['200'],
    },
    {
      title: 'bytes that are not gzip',
      act: (s) => s.end(answer(['content-encoding: gzip', 'content-length: 9'], part)),
      reason: 'contract',
      message: /decompressed/,
      codes: ['200'],
    },
    {
      title: 'an unknown encoding',
      act: (s) => s.end(answer(['content-encoding: rot13', 'content-length: 9'], part)),
      reason: 'contract',
      message: /encoding/,
      codes: ['200'],
    },
    {
      title: 'HTML',
      act: (s) =>
        s.end(answer(['content-type: text/html', 'content-length: 23'], '\n<!doctype html> sign in')),
      reason: 'contract',
      message: /HTML/,
      codes: ['200'],
    },
    {
      title: 'an empty body',
      act: (s) => s.end(answer(['content-length: 0'])),
      reason: 'contract',
      message: /empty/,
      codes: ['200'],
    },
    {
      title: 'a blank body',
      act: (s) => s.end(answer(['content-length: 2'], '\n ')),
      reason: 'contract',
      message: /empty/,
      codes: ['200'],
    },
    {
      title: 'a body that echoes the key',
      act: (s) => s.end(answer([], `unknown key ${CANARY}`)),
      reason: 'contract',
      codes: ['200'],
    },
    {
      title: 'a head with two lengths',
      act: (s) => s.end(answer(['content-length: 2', 'content-length: 3'], GOOD)),
      reason: 'contract',
      message: /HTTP/,
      codes: [''],
    },
    {
      title: 'seventeen interim answers',
      act: (s) =>
        s.end(`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(17)}${answer(['content-length: 13'], GOOD)}`),
      reason: 'contract',
      message: /HTTP/,
      codes: [''],
    },
    {
      title: 'a body of 6,000 pieces of a byte each',
      act: (s) => s.write(answer(['transfer-encoding: chunked'], '1\r\n[\r\n'.repeat(6000))),
      reason: 'contract',
      message: /too many pieces/,
      codes: ['200'],
    },
    {
      title: 'a protocol that is not HTTP',
      act: (s) => s.end(`SSH-2.0-${CANARY}\r\n`),
      reason: 'contract',
      message: /HTTP/,
      codes: [''],
    },
    {
      title: 'a hang before the answer',
      act: () => {},
      reason: 'timeout',
      codes: ['', ''],
      more: { timeoutMs: 120 },
    },
    {
      title: 'a hang within the body',
      act: (s) => void s.write(answer(['content-length: 100'], part)),
      reason: 'timeout',
      codes: ['200', '200'],
      more: { timeoutMs: 120 },
    },
    {
      title: 'a body that drips',
      act: (s) => {
        s.write(answer(['content-length: 100000']));
        const drip = setInterval(() => s.write(' '), 5);
        s.on('close', () => clearInterval(drip));
      },
      reason: 'timeout',
      codes: ['200', '200'],
      more: { timeoutMs: 120 },
    },
    {
      title: 'a body beyond the wire limit',
      act: (s) => void s.write(answer(['content-length: 1000000'], ' '.repeat(2000))),
      reason: 'contract',
      message: /too large: more than 1000 bytes/,
      codes: ['200'],
      more: { limits: { wireBytes: 1000, decodedBytes: 10_000 } },
    },
    {
      title: 'a gzip bomb',
      act: (s) => {
        s.write(answer(['content-encoding: gzip', 'content-length: 1000000']));
        s.write(gzipSync(' '.repeat(20_000_000)).subarray(0, 15_000));
      },
      reason: 'contract',
      message: /too large once decoded: more than 100000 bytes/,
      codes: ['200'],
      more: { limits: { wireBytes: 100_000, decodedBytes: 100_000 } },
    },
  ];
  for (const { title, act, reason, message, codes: expected, more } of faults) {
    it(`${title} fails as ${reason} after ${expected.length} tries`, async () => {
      const { client, codes, count } = clientOf(await serveBytes(act), more);
      const failure = await failureOf(client);
      assert.equal(failure.reason, reason, failure.message);
      if (message) assert.match(failure.message, message);
      assert.deepEqual({ codes, retries: count.retries }, { codes: expected, retries: expected.length - 1 });
    });

    if (expected.length > 1) {
      it(`${title} is repaired by a retry`, async () => {
        const heads: string[] = [];
        const url = await serveBytes((socket, connection, head) => {
          heads.push(head);
          if (connection === 1) act(socket);
          else socket.end(answer([`content-length: ${GOOD.length}`], GOOD));
        });
        const { client, count, waits } = clientOf(url, more);
        assert.deepEqual((await ask(client)).body, { total: 1.5 });
        assert.deepEqual([count.retries, waits.length, heads.length], [1, 1, 2]);
        assert.equal(heads[1], heads[0]);
      });
    }
  }

  it('refused connection fails as network after three tries', async () => {
    const server = createTcpServer();
    const url = await listening(server);
    server.close();
    await once(server, 'close');
    const { client, codes } = clientOf(url);
    const failure = await failureOf(client);
    assert.deepEqual([failure.reason, codes], ['network', ['', '', '']]);
    assert.match(failure.message, /ECONNREFUSED/);
    assert.ok(failure.cause instanceof Error);
  });

  it('unresolvable name fails as network', async () => {
    assert.equal((await failureOf(clientOf('http://provider.invalid').client)).reason, 'network');
  });

  it('provider without TLS fails as network if TLS is expected', async () => {
    const url = await serve((_request, response) => response.end(GOOD));
    assert.equal((await failureOf(clientOf(url.replace('http:', 'https:')).client)).reason, 'network');
  });

  it('provider that never completes the TLS handshake times out, and delays no abort', async () => {
    const url = (await serveBytes(() => {})).replace('http:', 'https:');
    const begun = performance.now();
    assert.equal((await failureOf(clientOf(url, { timeoutMs: 100 }).client)).reason, 'timeout');
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopping')), 50);
    const { client } = clientOf(url, { timeoutMs: 60_000 });
    await assert.rejects(ask(client, stop.signal), { message: 'stopping' });
    await client.close();
    assert.ok(performance.now() - begun < 5000);
  });

  it('key with a line break fails as config', async () => {
    const url = await serve((_request, response) => response.end(GOOD));
    assert.equal((await failureOf(clientOf(url, { key: () => `${CANARY}\n` }).client)).reason, 'config');
  });

  it('unreadable key fails as config', async () => {
    const key = () => {
      throw new Error('no such file');
    };
    assert.equal((await failureOf(clientOf('http://127.0.0.1:9', { key }).client)).reason, 'config');
  });

  it('error for an undocumented answer names the place, and quotes nothing received', async () => {
    const url = await serve((_request, response) => response.end(`{"total":{"${CANARY}":1}}`));
    const failure = await failureOf(clientOf(url).client);
    assert.equal(
      failure.message,
      'answer of GET /usage is not as documented: at total: expected number, or expected string',
    );
    assert.equal(failure.status, 200);
  });

  it('error redacts a key that the provider echoes', async () => {
    const url = await serve((_request, response) => response.end(`{"${CANARY}":"x"}`));
    const schema = z.record(z.string(), z.number());
    const { client } = clientOf(url);
    await assert.rejects(client.ask(new AbortController().signal)({ path: '/keys', schema }), {
      message: 'answer of GET /keys is not as documented: at ["[key]"]: expected number',
    });
  });
});

it('HTTP client redacts a key that the provider echoes', async () => {
  const url = await serve((_request, response) => response.end(`{"note":"a ${CANARY} b ${CANARY}","é":1}`));
  const { client } = clientOf(url);
  const request = { path: '/notes', schema: z.unknown() };
  const { body } = await client.ask(new AbortController().signal)(request);
  assert.deepEqual(body, { note: 'a [key] b [key]', é: 1 });
});

it('HTTP client redacts a key however its special characters are escaped', async () => {
  const key = 'sk+ab/cd&ef="gh~12';
  const echoes = [
    key.replace('"', '\\"'),
    key.replace('"', '\\"').replace('/', '\\/').replace('&', '\\u0026'),
    'sk\\u002Bab\\u002fcd\\u0026ef\\u003d\\u0022gh~12',
    encodeURIComponent(key),
    encodeURIComponent(key).toLowerCase(),
  ];
  const url = await serve((_request, response) => response.end(`["é ${echoes.join(' ')} sk+ab"]`));
  const { client } = clientOf(url, { key: () => key });
  const request = { path: '/notes', schema: z.unknown() };
  const { body } = await client.ask(new AbortController().signal)(request);
  assert.deepEqual(body, ['é [key] [key] [key] [key] [key] sk+ab']);
});

it('HTTP client redacts a key of letters in JSON that escapes every letter', async () => {
  const escaped = [...CANARY].map((letter) => `\\u00${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const url = await serve((_request, response) => response.end(`{"note":"a ${escaped.join('')} b"}`));
  const { body } = await clientOf(url).client.ask(new AbortController().signal)({
    path: '/notes',
    schema: z.unknown(),
  });
  assert.deepEqual(body, { note: 'a [key] b' });
});

describe('HTTP client when its signal aborts', () => {
  it('ends a request in flight with the reason of the signal', async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort(new Error('stopping')));
    const { client, count } = clientOf(url);
    await assert.rejects(ask(client, stop.signal), { message: 'stopping' });
    assert.equal(count.retries, 0);
  });

  it('ends a body in flight with the reason of the signal', async () => {
    const stop = new AbortController();
    const url = await serve((_request, response) => {
      response.write('{');
      setTimeout(() => stop.abort(new Error('stopping')), 20);
    });
    await assert.rejects(ask(clientOf(url).client, stop.signal), { message: 'stopping' });
  });

  it('sends nothing afterwards', async () => {
    const { client, codes } = clientOf('http://127.0.0.1:9');
    await assert.rejects(ask(client, AbortSignal.abort(new Error('stopped'))), { message: 'stopped' });
    assert.deepEqual(codes, []);
  });
});

it(`HTTP client sends at most ${CONCURRENT_REQUESTS} requests at a time`, async () => {
  let open = 0;
  let most = 0;
  const url = await serve((_request, response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      response.end(GOOD);
    }, 10);
  });
  const { client } = clientOf(url);
  await Promise.all(Array.from({ length: 3 * CONCURRENT_REQUESTS }, () => ask(client)));
  assert.equal(most, CONCURRENT_REQUESTS);
});

it('HTTP client closes with a request in flight', async () => {
  const started = Promise.withResolvers<void>();
  const url = await serve(() => started.resolve());
  const { client } = clientOf(url);
  const pending = assert.rejects(ask(client), PollError);
  await started.promise;
  await client.close();
  await pending;
});

describe('HTTP client at a preview', () => {
  const PREVIEW: Request<z.infer<typeof Total>> = {
    path: '/evaluate',
    preview: { pricing: { prices: { a: 1 } } },
    schema: Total,
  };
  const calculating = async () => {
    const seen: string[] = [];
    const url = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { 'content-type': type, 'content-length': length } = request.headers;
      seen.push([request.method, request.url, type, length, body].join(' '));
      response.writeHead(seen.length === 1 ? 503 : 200).end(GOOD);
    });
    return { seen, url };
  };
  const calculate = (client: HttpClient, request = PREVIEW) =>
    client.ask(new AbortController().signal)(request);

  it('posts JSON with the key and the version prefix to an allowed path', async () => {
    const { seen, url } = await calculating();
    const { client } = clientOf(url, { provider: providerOf({ previews: ['/evaluate'] }) });
    const failure = await calculate(client).catch((error: unknown) => error);
    assert.ok(failure instanceof PollError);
    assert.equal(failure.message, 'POST /evaluate answered 503');
    assert.deepEqual((await calculate(client)).body, { total: 1.5 });
    const body = '{"pricing":{"prices":{"a":1}}}';
    const sent = `POST /v1/evaluate application/json ${body.length} ${body}`;
    assert.deepEqual(seen, [sent, sent]);
  });

  it('posts to no other path: the exporter only reads', async () => {
    const { seen, url } = await calculating();
    for (const previews of [undefined, [], ['/evaluate/more'], ['/usage']]) {
      const { client } = clientOf(url, { provider: providerOf(previews && { previews }) });
      await assert.rejects(calculate(client), /POST \/evaluate is not one of the provider's previews/);
      await assert.rejects(calculate(client, { ...PREVIEW, preview: null }), /not one of/);
    }
    assert.deepEqual(seen, []);
  });
});
