import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import {
  answerBytes,
  ask,
  CANARY,
  clientOf,
  failureOf,
  GOOD,
  listening,
  NOW,
  serve,
  serveBytes,
} from '../../../test/support/exporter/http-client.ts';
import { SECOND } from '../../core/values/time.ts';
import type { FailureReason } from '../../providers/api/errors.ts';
import type { HttpOptions } from './context.ts';

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
        s.write(answerBytes(['content-length: 100'], part));
        setTimeout(() => s.resetAndDestroy(), 10);
      },
      reason: 'network',
      codes: ['200', '200', '200'],
    },
    {
      title: 'a body shorter than its length',
      act: (s) => s.end(answerBytes(['content-length: 100'], part)),
      reason: 'contract',
      message: /truncated/,
      codes: ['200', '200', '200'],
    },
    {
      title: 'a body shorter than its length that says close',
      act: (s) => s.end(answerBytes(['connection: close', 'content-length: 100'], part)),
      reason: 'contract',
      message: /truncated/,
      codes: ['200', '200', '200'],
    },
    {
      title: 'chunks without an end',
      act: (s) => s.end(answerBytes(['connection: close', 'transfer-encoding: chunked'], `9\r\n${part}\r\n`)),
      reason: 'contract',
      message: /truncated/,
      codes: ['200', '200', '200'],
    },
    {
      title: 'gzip without an end',
      act: (s) => {
        const cut = gzipSync(GOOD).subarray(0, -12);
        s.write(answerBytes(['content-encoding: gzip', `content-length: ${cut.length}`]));
        s.end(cut);
      },
      reason: 'contract',
      message: /truncated/,
      codes: ['200', '200', '200'],
    },
    {
      title: 'JSON cut short by the provider itself',
      act: (s) => s.end(answerBytes([`content-length: ${part.length}`], part)),
      reason: 'contract',
      message: /cut short/,
      codes: ['200'],
    },
    {
      title: 'bytes that are not gzip',
      act: (s) => s.end(answerBytes(['content-encoding: gzip', 'content-length: 9'], part)),
      reason: 'contract',
      message: /decompressed/,
      codes: ['200'],
    },
    {
      title: 'an unknown encoding',
      act: (s) => s.end(answerBytes(['content-encoding: rot13', 'content-length: 9'], part)),
      reason: 'contract',
      message: /encoding/,
      codes: ['200'],
    },
    {
      title: 'HTML',
      act: (s) =>
        s.end(answerBytes(['content-type: text/html', 'content-length: 23'], '\n<!doctype html> sign in')),
      reason: 'contract',
      message: /HTML/,
      codes: ['200'],
    },
    {
      title: 'an empty body',
      act: (s) => s.end(answerBytes(['content-length: 0'])),
      reason: 'contract',
      message: /empty/,
      codes: ['200'],
    },
    {
      title: 'a blank body',
      act: (s) => s.end(answerBytes(['content-length: 2'], '\n ')),
      reason: 'contract',
      message: /empty/,
      codes: ['200'],
    },
    {
      title: 'a body that echoes the key',
      act: (s) => s.end(answerBytes([], `unknown key ${CANARY}`)),
      reason: 'contract',
      codes: ['200'],
    },
    {
      title: 'a head with two lengths',
      act: (s) => s.end(answerBytes(['content-length: 2', 'content-length: 3'], GOOD)),
      reason: 'contract',
      message: /HTTP/,
      codes: [''],
    },
    {
      title: 'seventeen interim answers',
      act: (s) =>
        s.end(`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(17)}${answerBytes(['content-length: 13'], GOOD)}`),
      reason: 'contract',
      message: /HTTP/,
      codes: [''],
    },
    {
      title: 'a body of 6,000 pieces of a byte each',
      act: (s) => s.write(answerBytes(['transfer-encoding: chunked'], '1\r\n[\r\n'.repeat(6000))),
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
      act: (s) => void s.write(answerBytes(['content-length: 100'], part)),
      reason: 'timeout',
      codes: ['200', '200'],
      more: { timeoutMs: 120 },
    },
    {
      title: 'a body that drips',
      act: (s) => {
        s.write(answerBytes(['content-length: 100000']));
        const drip = setInterval(() => s.write(' '), 5);
        s.on('close', () => clearInterval(drip));
      },
      reason: 'timeout',
      codes: ['200', '200'],
      more: { timeoutMs: 120 },
    },
    {
      title: 'a body beyond the wire limit',
      act: (s) => void s.write(answerBytes(['content-length: 1000000'], ' '.repeat(2000))),
      reason: 'contract',
      message: /too large: more than 1000 bytes/,
      codes: ['200'],
      more: { limits: { wireBytes: 1000, decodedBytes: 10_000 } },
    },
    {
      title: 'a gzip bomb',
      act: (s) => {
        s.write(answerBytes(['content-encoding: gzip', 'content-length: 1000000']));
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
          else socket.end(answerBytes([`content-length: ${GOOD.length}`], GOOD));
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
    assert.ok(
      failure.message.endsWith(`got no answer from ${new URL(url).host}: ECONNREFUSED`),
      failure.message,
    );
    assert.match(
      failure.hint,
      /^The connection failed: .* Nothing listens at this address: check the host and port in baseUrl/,
    );
    assert.ok(failure.cause instanceof Error);
  });

  it('unresolvable name fails as network', async () => {
    const failure = await failureOf(clientOf('http://provider.invalid').client);
    assert.equal(failure.reason, 'network');
    assert.match(failure.hint, /cannot be resolved: check baseUrl for a typo/);
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
