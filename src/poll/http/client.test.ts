import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import {
  answerBytes,
  ask,
  CANARY,
  clientOf,
  GOOD,
  NOW,
  serve,
  serveBytes,
  Total,
  USAGE,
} from '../../../test/support/exporter/http-client.ts';
import { testProvider } from '../../../test/support/providers/test-provider.ts';
import { PollError } from '../../providers/api/errors.ts';
import type { Request } from '../../providers/api/request.ts';
import { listOf } from '../../providers/api/schemas.ts';
import { inferenceSh } from '../../providers/inference_sh/index.ts';
import { CONCURRENT_REQUESTS, type HttpClient } from './client.ts';

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
    const provider = testProvider({
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
        : socket.end(answerBytes([`content-length: ${GOOD.length}`], GOOD)),
    );
    const { client, waits } = clientOf(url);
    const sent: number[] = [];
    await client.ask(new AbortController().signal, (at) => sent.push(at))(USAGE);
    assert.deepEqual(sent, [NOW, NOW + (waits[0] ?? Number.NaN)]);
  });
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
    const { client } = clientOf(url, { provider: testProvider({ previews: ['/evaluate'] }) });
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
      const { client } = clientOf(url, { provider: testProvider(previews && { previews }) });
      await assert.rejects(calculate(client), /POST \/evaluate is not one of the provider's previews/);
      await assert.rejects(calculate(client, { ...PREVIEW, preview: null }), /not one of/);
    }
    assert.deepEqual(seen, []);
  });
});
