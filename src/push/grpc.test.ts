import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { makeCertificates } from '../../test/support/exporter/certificates.ts';
import { serveOnLoopback } from '../../test/support/exporter/loopback.ts';
import { type Answer, startOtlpReceiver } from '../../test/support/otlp/otlp-receiver.ts';
import { receiverAt } from '../../test/support/otlp/pushing.ts';
import { createGrpcTransport } from './grpc.ts';
import type { Receiver } from './receiver.ts';
import type { SendResult } from './transport.ts';

const OPTIONS = { userAgent: 'test/1', now: Date.now };
const EMPTY = new Uint8Array();

/** `google.rpc.Status` with a RetryInfo of 7 s. */
const RETRY_INFO = withRetryInfo([10, 2, 8, 7]);

const answers: readonly (readonly [what: string, answer: Answer, result: SendResult])[] = [
  ['OK', {}, accepted(0)],
  ['OK with nonsense', { body: 'nonsense' }, accepted(0)],
  [
    'OK with rejected points',
    { body: Buffer.from([10, 9, 8, 200, 1, 18, 4, ...Buffer.from('late')]) },
    accepted(200, 'late'),
  ],
  ['CANCELLED', { status: status.CANCELLED }, retryable('server', 'CANCELLED')],
  ['UNKNOWN', { status: status.UNKNOWN }, refused('server', 'UNKNOWN')],
  [
    'INVALID_ARGUMENT',
    { status: status.INVALID_ARGUMENT, details: 'bad\nname' },
    refused('refused', 'INVALID_ARGUMENT: bad name', true),
  ],
  ['DEADLINE_EXCEEDED', { status: status.DEADLINE_EXCEEDED }, retryable('timeout', 'DEADLINE_EXCEEDED')],
  ['NOT_FOUND', { status: status.NOT_FOUND }, refused('refused', 'NOT_FOUND')],
  ['ALREADY_EXISTS', { status: status.ALREADY_EXISTS }, refused('refused', 'ALREADY_EXISTS')],
  ['PERMISSION_DENIED', { status: status.PERMISSION_DENIED }, refused('auth', 'PERMISSION_DENIED')],
  [
    'RESOURCE_EXHAUSTED',
    { status: status.RESOURCE_EXHAUSTED },
    refused('rate_limited', 'RESOURCE_EXHAUSTED'),
  ],
  [
    'RESOURCE_EXHAUSTED with RetryInfo',
    { status: status.RESOURCE_EXHAUSTED, headers: RETRY_INFO },
    retryable('rate_limited', 'RESOURCE_EXHAUSTED', 7000),
  ],
  [
    'RESOURCE_EXHAUSTED with a RetryInfo that names no time',
    { status: status.RESOURCE_EXHAUSTED, headers: withRetryInfo([]) },
    retryable('rate_limited', 'RESOURCE_EXHAUSTED', 0),
  ],
  [
    'RESOURCE_EXHAUSTED with nonsense',
    { status: status.RESOURCE_EXHAUSTED, headers: { 'grpc-status-details-bin': 'bm9uc2Vuc2U=' } },
    refused('rate_limited', 'RESOURCE_EXHAUSTED'),
  ],
  ['FAILED_PRECONDITION', { status: status.FAILED_PRECONDITION }, refused('refused', 'FAILED_PRECONDITION')],
  ['ABORTED', { status: status.ABORTED }, retryable('server', 'ABORTED')],
  ['OUT_OF_RANGE', { status: status.OUT_OF_RANGE }, retryable('server', 'OUT_OF_RANGE')],
  ['UNIMPLEMENTED', { status: status.UNIMPLEMENTED }, refused('refused', 'UNIMPLEMENTED')],
  ['INTERNAL', { status: status.INTERNAL }, refused('server', 'INTERNAL')],
  ['UNAVAILABLE', { status: status.UNAVAILABLE }, retryable('server', 'UNAVAILABLE')],
  [
    'UNAVAILABLE with RetryInfo',
    { status: status.UNAVAILABLE, headers: RETRY_INFO },
    retryable('server', 'UNAVAILABLE', 7000),
  ],
  ['DATA_LOSS', { status: status.DATA_LOSS }, retryable('server', 'DATA_LOSS')],
  ['UNAUTHENTICATED', { status: status.UNAUTHENTICATED }, refused('auth', 'UNAUTHENTICATED')],
];

for (const [what, answer, expected] of answers) {
  test(`gRPC transport: ${what} is ${expected.kind}`, async (context) => {
    const { url, pushes } = await startOtlpReceiver(context, { protocol: 'grpc', answer: () => answer });
    assert.deepEqual(await sendTo(context, receiverAt(url)), expected);
    assert.equal(pushes.length, 1);
  });
}

for (const compression of ['none', 'gzip'] as const) {
  test(`gRPC transport sends headers as metadata with compression ${compression}`, async (context) => {
    const { url, next } = await startOtlpReceiver(context, { protocol: 'grpc' });
    const headers = () => ({ 'X-Api-Key': 'secret', 'a-bin': 'x', 'b c': 'x', d: 'two\nlines' });
    const body = Buffer.from([10, 0]);
    const transport = await opened(context, receiverAt(url, { headers, compression }));
    assert.deepEqual(await transport.send(body, patience()), accepted(0));
    const push = await next();
    assert.equal(push.headers['x-api-key'], 'secret');
    assert.match(push.headers['user-agent'] ?? '', /^test\/1 grpc-node-js\//);
    assert.deepEqual(
      ['a-bin', 'b c', 'd'].filter((name) => name in push.headers),
      [],
    );
    assert.equal(push.bytes, body.length);
  });
}

test('gRPC transport skips a header that HTTP/2 forbids', async (context) => {
  const { url } = await startOtlpReceiver(context, { protocol: 'grpc' });
  const headers = () => ({
    connection: 'close',
    host: 'elsewhere',
    te: 'gzip',
    'content-type': 'text/plain',
  });
  const result = await sendTo(context, receiverAt(url, { headers }));
  assert.notEqual(result.kind, 'retryable', result.message);
});

test('gRPC transport calls the configured method', async (context) => {
  const { url } = await startOtlpReceiver(context, { protocol: 'grpc' });
  const method = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
  const transport = await createGrpcTransport(receiverAt(url), { ...OPTIONS, method });
  context.after(() => transport.close());
  const { kind, message } = await transport.send(EMPTY, patience());
  assert.equal(kind, 'refused');
  assert.match(message, /UNIMPLEMENTED.*TraceService\/Export/);
});

test('gRPC transport redacts a key that the receiver echoes', async (context) => {
  const answer = () => ({ status: status.UNAUTHENTICATED, details: 'who is Bearer abcdef-123?' });
  const { url } = await startOtlpReceiver(context, { protocol: 'grpc', answer });
  const headers = () => ({ authorization: 'Bearer abcdef-123' });
  assert.deepEqual(
    await sendTo(context, receiverAt(url, { headers })),
    refused('auth', 'UNAUTHENTICATED: who is [key]?'),
  );
});

test('gRPC transport aborts a call that hangs at the deadline', async (context) => {
  const answer = () => new Promise<Answer>(() => {});
  const { url } = await startOtlpReceiver(context, { protocol: 'grpc', answer });
  const transport = await opened(context, receiverAt(url));
  assert.deepEqual(await transport.send(EMPTY, patience(100)), retryable('timeout', 'no answer in time'));
  assert.deepEqual(
    await transport.send(EMPTY, AbortSignal.abort()),
    retryable('timeout', 'no answer in time'),
  );
});

test('gRPC transport aborts a silent connection at the deadline', async (context) => {
  const { url } = await proxyTo(context, 0);
  const result = await sendTo(context, receiverAt(url), patience(100));
  assert.deepEqual(result, retryable('timeout', 'no answer in time'));
});

test('gRPC transport replaces a dead connection after one deadline', async (context) => {
  const { port } = await startOtlpReceiver(context, { protocol: 'grpc' });
  const { url, silence, open } = await proxyTo(context, port);
  const transport = await opened(context, receiverAt(url));
  assert.deepEqual(await transport.send(EMPTY, patience()), accepted(0));
  silence();
  assert.deepEqual(await transport.send(EMPTY, patience(200)), retryable('timeout', 'no answer in time'));
  assert.deepEqual(await transport.send(EMPTY, patience()), accepted(0));
  while (open() > 1) await sleep(10);
});

test('gRPC transport reports an HTTP/1.1 server', async (context) => {
  const address = await serveOnLoopback(context, (_request, response) => response.end('hello'));
  const result = await sendTo(context, receiverAt(`http://${address}`), patience(5000));
  assert.equal(result.kind, 'retryable');
  assert.notEqual(result.message, '');
});

test('gRPC transport reports a receiver that is down as network, and reconnects within seconds', async (context) => {
  const first = await startOtlpReceiver(context, { protocol: 'grpc' });
  const transport = await opened(context, receiverAt(first.url));
  assert.deepEqual(await transport.send(EMPTY, patience()), accepted(0));
  first.stop();
  const gone = await transport.send(EMPTY, patience());
  assert.equal(gone.kind === 'retryable' && gone.reason, 'network', gone.message);
  const refusedConnection = await transport.send(EMPTY, patience());
  assert.match(refusedConnection.message, /^UNAVAILABLE: .*ECONNREFUSED/);
  await sleep(2500);
  await startOtlpReceiver(context, { protocol: 'grpc', port: first.port });
  const back = performance.now();
  while ((await transport.send(EMPTY, patience())).kind !== 'accepted') {
    assert(performance.now() - back < 8000, 'not found');
    await sleep(100);
  }
});

test('gRPC transport trusts only the configured authority, and presents the client certificate', async (context) => {
  const { ca, server, client } = makeCertificates();
  const tls = { ...server, clientCa: ca };
  const { url } = await startOtlpReceiver(context, { protocol: 'grpc', tls });
  assert.deepEqual(await sendTo(context, receiverAt(url, { tls: { ca, ...client } })), accepted(0));
  const untrusted = await sendTo(context, receiverAt(url, { tls: client }));
  assert.equal(untrusted.kind === 'retryable' && untrusted.reason, 'network');
  assert.match(untrusted.message, /certificate/);
  const unknown = await sendTo(context, receiverAt(url, { tls: { ca } }));
  assert.equal(unknown.kind === 'retryable' && unknown.reason, 'network', unknown.message);
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

function refused(
  reason: 'auth' | 'server' | 'refused' | 'rate_limited',
  message: string,
  bodyAtFault = false,
): SendResult {
  return { kind: 'refused', reason, message, bodyAtFault };
}

/** @param info a RetryInfo, encoded. */
function withRetryInfo(info: readonly number[]): Record<string, string> {
  const url = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');
  const any = [10, url.length, ...url, 18, info.length, ...info];
  return { 'grpc-status-details-bin': Buffer.from([8, 8, 26, any.length, ...any]).toString('base64') };
}

async function opened(context: TestContext, receiver: Receiver) {
  const transport = await createGrpcTransport({ ...receiver, protocol: 'grpc' }, OPTIONS);
  context.after(() => transport.close());
  return transport;
}

async function sendTo(context: TestContext, receiver: Receiver, signal = patience()): Promise<SendResult> {
  return (await opened(context, receiver)).send(EMPTY, signal);
}

/** Passes bytes on to a loopback port and back; with port 0 it swallows them. */
async function proxyTo(context: TestContext, port: number) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.resume().on('error', () => {}));
    socket.on('close', () => sockets.delete(socket));
    if (port === 0) return;
    const onward = connect(port, '127.0.0.1').on('error', () => {});
    socket.on('close', () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** How many connections there are. */
    open: () => sockets.size,
    /** From now on the connections that there are pass nothing on. */
    silence() {
      for (const socket of sockets) socket.unpipe().resume();
    },
  };
}

/** Long enough for what is expected to end by itself. */
function patience(ms = 20_000): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms).unref();
  return controller.signal;
}
