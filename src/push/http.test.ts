import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { makeCertificates } from '../../test/support/exporter/certificates.ts';
import { serveOnLoopback } from '../../test/support/exporter/loopback.ts';
import { type Answer, startOtlpReceiver } from '../../test/support/otlp/otlp-receiver.ts';
import { receiverAt } from '../../test/support/otlp/pushing.ts';
import { createHttpTransport } from './http.ts';
import type { Receiver } from './receiver.ts';
import type { SendResult } from './transport.ts';

const NOW = Date.parse('2027-01-10T12:00:00Z');
const OPTIONS = { userAgent: 'test/1', now: () => NOW };
/** An `ExportMetricsServiceRequest` without anything in it. */
const EMPTY = new Uint8Array();

const HTML = '<html><body>Sign in, please</body></html>';
/** `google.rpc.Status` with code 3 and the message "bad name". */
const STATUS = Buffer.from([8, 3, 18, 8, ...Buffer.from('bad name')]);

const NOT_OTLP = refused('refused', '200 with a body that is not OTLP: is this the URL of an OTLP receiver?');

const answers: readonly (readonly [what: string, answer: Answer, result: SendResult])[] = [
  ['an empty success', {}, accepted(0)],
  ['202', { status: 202 }, accepted(0)],
  ['an empty 204', { status: 204 }, accepted(0)],
  ['a 200 whose body is HTML', { body: HTML }, NOT_OTLP],
  ['a 200 whose body is text', { body: 'ok' }, NOT_OTLP],
  ['a 200 of another content type', { headers: { 'content-type': 'text/html; charset=utf-8' } }, NOT_OTLP],
  [
    'a 200 in JSON',
    {
      headers: { 'content-type': 'application/json' },
      body: '{"partialSuccess":{"rejectedDataPoints":"2"}}',
    },
    accepted(2),
  ],
  [
    'a partial success',
    { body: Buffer.from([10, 9, 8, 200, 1, 18, 4, ...Buffer.from('late')]) },
    accepted(200, 'late'),
  ],
  ['a negative number of rejected points', { body: Buffer.from([10, 11, 8, ...ones(9), 1]) }, accepted(0)],
  ['429 without a time', { status: 429 }, retryable('rate_limited', '429 Too Many Requests')],
  [
    '429 with seconds',
    { status: 429, headers: { 'retry-after': '17' } },
    retryable('rate_limited', '429 Too Many Requests', 17_000),
  ],
  [
    '503 with a date',
    { status: 503, headers: { 'retry-after': 'Sun, 10 Jan 2027 12:00:30 GMT' } },
    retryable('server', '503 Service Unavailable', 30_000),
  ],
  [
    '503 with a date that has passed',
    { status: 503, headers: { 'retry-after': 'Sun, 10 Jan 2027 11:00:00 GMT' } },
    retryable('server', '503 Service Unavailable', 0),
  ],
  [
    '503 with nonsense',
    { status: 503, headers: { 'retry-after': '-1' } },
    retryable('server', '503 Service Unavailable'),
  ],
  ['502', { status: 502, body: HTML }, retryable('server', '502 Bad Gateway')],
  ['504', { status: 504 }, retryable('server', '504 Gateway Timeout')],
  ['400', { status: 400, body: STATUS }, refused('refused', '400 Bad Request: bad name', true)],
  ['413', { status: 413 }, refused('refused', '413 Payload Too Large', true)],
  ['401', { status: 401, body: HTML }, refused('auth', '401 Unauthorized')],
  ['403', { status: 403 }, refused('auth', '403 Forbidden')],
  ['404', { status: 404 }, refused('refused', '404 Not Found')],
  ['500', { status: 500 }, refused('server', '500 Internal Server Error')],
  ['599', { status: 599 }, refused('server', '599')],
  [
    'a redirection, which is not followed',
    { status: 301, headers: { location: '/elsewhere' } },
    refused('refused', '301 Moved Permanently'),
  ],
];

for (const [what, answer, expected] of answers) {
  test(`HTTP transport: ${what} is ${expected.kind}`, async (context) => {
    const { url, pushes } = await startOtlpReceiver(context, {
      protocol: 'http/protobuf',
      answer: () => answer,
    });
    assert.deepEqual(await sendTo(context, receiverAt(url)), expected);
    assert.equal(pushes.length, 1);
  });
}

const jsonAnswers: readonly (readonly [what: string, answer: Answer, result: SendResult])[] = [
  [
    'rejected points as a string',
    { body: '{"partialSuccess":{"rejectedDataPoints":"200","errorMessage":"late"}}' },
    accepted(200, 'late'),
  ],
  ['rejected points as a number', { body: '{"partialSuccess":{"rejectedDataPoints":3}}' }, accepted(3)],
  ['rejected spans', { body: '{"partialSuccess":{"rejectedSpans":"4"}}' }, accepted(4)],
  ['a remark', { body: '{"partialSuccess":{"errorMessage":"use v2"}}' }, accepted(0, 'use v2')],
  ['nonsense', { body: '{"partialSuccess":{"rejectedDataPoints":"many"}}' }, accepted(0)],
  ['null', { body: '{"partialSuccess":null}' }, accepted(0)],
  ['HTML', { body: HTML }, NOT_OTLP],
  ['HTML that says it is JSON', { headers: { 'content-type': 'application/json' }, body: HTML }, NOT_OTLP],
  ['an object of another shape', { body: '{"status":"ok"}' }, NOT_OTLP],
  ['an object with a partial success of another shape', { body: '{"partialSuccess":"no"}' }, NOT_OTLP],
  ['a list', { body: '[]' }, NOT_OTLP],
  ['a text', { body: '"ok"' }, NOT_OTLP],
  ['no object', { body: 'null' }, NOT_OTLP],
  ['cut JSON', { body: '{"partialSuccess":' }, NOT_OTLP],
  ['an empty object', { body: '{}' }, accepted(0)],
  ['a field of a later version', { body: '{"partialSuccess":{},"later":1}' }, accepted(0)],
  [
    'a status',
    { status: 400, body: '{"code":3,"message":"bad\\u0000\\nname"}' },
    refused('refused', '400 Bad Request: bad name', true),
  ],
  ['an invalid status', { status: 400, body: '[]' }, refused('refused', '400 Bad Request', true)],
];

for (const [what, answer, expected] of jsonAnswers) {
  test(`HTTP transport in JSON: ${what} is ${expected.kind}`, async (context) => {
    const { url } = await startOtlpReceiver(context, { protocol: 'http/json', answer: () => answer });
    assert.deepEqual(
      await sendTo(
        context,
        receiverAt(url, { protocol: 'http/json' }),
        Buffer.from('{"resourceMetrics":[]}'),
      ),
      expected,
    );
  });
}

test('HTTP transport sends the path with its query, the headers and a compressed body', async (context) => {
  const seen: unknown[] = [];
  const address = await serveOnLoopback(context, async (request, response) => {
    const { method, url, headers } = request;
    const chunks = await request.toArray();
    seen.push(method, url, headers, gunzipSync(Buffer.concat(chunks)).toString());
    response.end();
  });
  const headers = () => ({ 'X-Api-Key': 'secret', 'Content-Type': 'text/plain', 'User-Agent': 'mine/1' });
  const receiver = receiverAt(`http://${address}/v1/metrics?tenant=a`, { headers, compression: 'gzip' });
  await sendTo(context, receiver, Buffer.from('a'.repeat(1000)));
  const [method, url, sent, body] = seen;
  assert.deepEqual([method, url, body], ['POST', '/v1/metrics?tenant=a', 'a'.repeat(1000)]);
  assert.partialDeepStrictEqual(sent, {
    'x-api-key': 'secret',
    'content-type': 'application/x-protobuf',
    'content-encoding': 'gzip',
    'user-agent': 'mine/1',
  });
});

test('HTTP transport reuses its connection', async (context) => {
  const ports = new Set<number | undefined>();
  const address = await serveOnLoopback(context, (request, response) => {
    ports.add(request.socket.remotePort);
    request.resume().on('end', () => response.end('x'.repeat(10_000)));
  });
  const transport = opened(context, receiverAt(`http://${address}`));
  for (let i = 0; i < 3; i++) await transport.send(EMPTY, patience());
  assert.equal(ports.size, 1);
});

test('HTTP transport redacts a key that the receiver echoes, and quotes one line at most', async (context) => {
  const told = `who is Bearer abcdef-123 or abcdef-123 or query-key?\n${'x'.repeat(500)}`;
  const body = JSON.stringify({ message: told });
  const { url } = await startOtlpReceiver(context, {
    protocol: 'http/json',
    answer: () => ({ status: 401, body }),
  });
  const headers = () => ({ authorization: 'Bearer abcdef-123' });
  const receiver = receiverAt(`${url}?key=query-key`, { protocol: 'http/json', headers });
  const { message } = await sendTo(context, receiver, Buffer.from('{"resourceMetrics":[]}'));
  assert.match(message, /^401 Unauthorized: who is \[key\] or \[key\] or \[key\]\? x+…$/);
  assert(message.length <= 201);
});

test('HTTP transport reports a refused connection as network', async (context) => {
  const { url, stop } = await startOtlpReceiver(context, { protocol: 'http/protobuf' });
  stop();
  assert.deepEqual(
    await sendTo(context, receiverAt(url)),
    retryable('network', `no answer from ${new URL(url).host}: ECONNREFUSED`),
  );
});

test('HTTP transport reports an unknown host as network', async (context) => {
  const result = await sendTo(context, receiverAt('http://nobody.invalid:4318'));
  assert.equal(result.kind === 'retryable' && result.reason, 'network');
  assert.match(result.message, /^no answer from nobody\.invalid:4318: E(NOTFOUND|AI_AGAIN)$/);
});

test('HTTP transport reports a reset as network, and reconnects', async (context) => {
  let first = true;
  const url = await rawServer(context, (socket) => {
    socket.once('data', () => {
      if (first) socket.resetAndDestroy();
      else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      first = false;
    });
  });
  const transport = opened(context, receiverAt(url));
  assert.deepEqual(
    await transport.send(EMPTY, patience()),
    retryable('network', 'the receiver closed the connection'),
  );
  assert.deepEqual(await transport.send(EMPTY, patience()), accepted(0));
});

test('HTTP transport reports an answer that is not HTTP as network', async (context) => {
  const url = await rawServer(context, (socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
  const result = await sendTo(context, receiverAt(url));
  assert.deepEqual(result, retryable('network', 'no answer in HTTP'));
});

test('HTTP transport aborts a request that hangs at the deadline, and sends the next', async (context) => {
  let asked = 0;
  const { url } = await startOtlpReceiver(context, {
    protocol: 'http/protobuf',
    answer: () => (asked++ === 0 ? new Promise<Answer>(() => {}) : {}),
  });
  const transport = opened(context, receiverAt(url));
  assert.deepEqual(await transport.send(EMPTY, patience(50)), retryable('timeout', 'no answer in time'));
  assert.deepEqual(await transport.send(EMPTY, patience()), accepted(0));
});

test('HTTP transport sends nothing after the deadline', async (context) => {
  const { url, pushes } = await startOtlpReceiver(context, { protocol: 'http/protobuf' });
  const transport = opened(context, receiverAt(url));
  assert.deepEqual(
    await transport.send(EMPTY, AbortSignal.abort()),
    retryable('timeout', 'no answer in time'),
  );
  assert.equal(pushes.length, 0);
});

test('HTTP transport goes by the status of an answer that hangs after its head', async (context) => {
  for (const [status, expected] of [
    [200, accepted(0)],
    [503, retryable('server', '503 Service Unavailable')],
  ] as const) {
    const address = await serveOnLoopback(context, (_request, response) => {
      response.writeHead(status).write('x');
    });
    const transport = opened(context, receiverAt(`http://${address}`));
    assert.deepEqual(await transport.send(EMPTY, patience(100)), expected);
  }
});

test('HTTP transport does not wait for a TLS handshake beyond the deadline', async (context) => {
  const { port } = new URL(await rawServer(context, () => {}));
  const transport = createHttpTransport(receiverAt(`https://127.0.0.1:${port}/v1/metrics`), OPTIONS);
  const over = new AbortController();
  setTimeout(() => over.abort(), 50);
  const begun = performance.now();
  assert.partialDeepStrictEqual(await transport.send(EMPTY, over.signal), {
    kind: 'retryable',
    reason: 'timeout',
  });
  // The library by itself would wait for ten.
  assert.ok(performance.now() - begun < 8000);
  await transport.close();
});

test('HTTP transport closes the connection of an endless answer', async (context) => {
  let sent = 0;
  const address = await serveOnLoopback(context, (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(16_384))) sent += 16_384;
    };
    response.on('drain', more);
    more();
  });
  const transport = opened(context, receiverAt(`http://${address}`));
  assert.deepEqual(await transport.send(EMPTY, patience()), accepted(0));
  assert.deepEqual(await transport.send(EMPTY, patience()), accepted(0));
  assert(sent < 32 * 2 ** 20, `${sent} bytes`);
});

test('HTTP transport refuses a header that HTTP does not allow', async (context) => {
  const { url, pushes } = await startOtlpReceiver(context, { protocol: 'http/protobuf' });
  const headers = () => ({ authorization: 'two\nlines' });
  const result = await sendTo(context, receiverAt(url, { headers }));
  assert.deepEqual(result, {
    kind: 'refused',
    reason: 'refused',
    message: 'a header holds a character HTTP does not allow',
  });
  assert.equal(pushes.length, 0);
});

test('HTTP transport trusts only the configured authority, and presents the client certificate', async (context) => {
  const { ca, server, client } = makeCertificates();
  const tls = { ...server, clientCa: ca };
  const { url } = await startOtlpReceiver(context, { protocol: 'http/protobuf', tls });
  assert.deepEqual(await sendTo(context, receiverAt(url, { tls: { ca, ...client } })), accepted(0));
  assert.deepEqual(
    await sendTo(context, receiverAt(url, { tls: client })),
    retryable('network', 'the certificate of the receiver is not trusted: SELF_SIGNED_CERT_IN_CHAIN'),
  );
  const unknown = await sendTo(context, receiverAt(url, { tls: { ca } }));
  assert.equal(unknown.kind === 'retryable' && unknown.reason, 'network');
  assert.match(
    unknown.message,
    /^the receiver (closed the connection|ended the TLS handshake: ERR_SSL_\w+)$/,
  );
});

test('HTTP transport rejects a certificate for another host', async (context) => {
  const { ca, client } = makeCertificates();
  const { url } = await startOtlpReceiver(context, { protocol: 'http/protobuf', tls: client });
  const message = 'the certificate of the receiver is not trusted: ERR_TLS_CERT_ALTNAME_INVALID';
  assert.deepEqual(await sendTo(context, receiverAt(url, { tls: { ca } })), retryable('network', message));
});

test('HTTP transport rejects invalid keys when it is opened', () => {
  assert.throws(() =>
    createHttpTransport(receiverAt('https://localhost', { tls: { ca: 'x', cert: 'y', key: 'z' } }), OPTIONS),
  );
});

function accepted(rejected: number, message = ''): SendResult {
  return { kind: 'accepted', rejected, message };
}

function retryable(
  reason: 'rate_limited' | 'server' | 'network' | 'timeout',
  message: string,
  retryAfterMs?: number,
): SendResult {
  return { kind: 'retryable', reason, message, retryAfterMs };
}

function refused(reason: 'auth' | 'server' | 'refused', message: string, bodyAtFault = false): SendResult {
  return { kind: 'refused', reason, message, bodyAtFault };
}

function ones(count: number): number[] {
  return Array.from({ length: count }, () => 255);
}

function opened(context: TestContext, receiver: Receiver) {
  const transport = createHttpTransport(receiver, OPTIONS);
  context.after(() => transport.close());
  return transport;
}

function sendTo(context: TestContext, receiver: Receiver, body: Uint8Array = EMPTY): Promise<SendResult> {
  return opened(context, receiver).send(body, patience());
}

/** Long enough for what is expected to end by itself. */
function patience(ms = 20_000): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms).unref();
  return controller.signal;
}

async function rawServer(context: TestContext, serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    serve(socket);
  });
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(address.port);
    }),
  );
  return `http://127.0.0.1:${port}`;
}
