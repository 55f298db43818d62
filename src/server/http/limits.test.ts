import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { ask, type ServedWeb, serveWeb, webFolder } from '../../../test/support/exporter/web.ts';
import { LIMITS, type Limits } from './limits.ts';

const TLS = 'tls_server_config: { cert_file: server.crt, key_file: server.key }\n';

function serve(t: TestContext, limits: Partial<Limits> = {}, text = '', samples = 3): Promise<ServedWeb> {
  return serveWeb(t, webFolder(t), text, { limits, samples });
}

/** What comes back until the server hangs up. */
async function said(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
  if (!socket.closed) await once(socket, 'close').catch(() => {});
  return Buffer.concat(chunks).toString('latin1');
}

async function opened(served: ServedWeb, bytes = ''): Promise<Socket> {
  const socket = connect(served.port, '127.0.0.1');
  await once(socket, 'connect');
  if (bytes !== '') socket.write(bytes);
  return socket;
}

// All at once: most of them wait for something to be cut off.
describe('limits', { concurrency: true }, () => {
  test('clients that send nothing, or headers or a body slowly, are disconnected', async (t) => {
    const served = await serve(t, { headersMs: 200, requestMs: 400 });
    const drip = async (bytes: string, each: string) => {
      const socket = await opened(served, bytes);
      const timer = setInterval(() => socket.write(each), 20);
      const answer = await said(socket);
      clearInterval(timer);
      return answer.split('\r\n')[0];
    };
    const begun = performance.now();
    const answers = await Promise.all([
      opened(served).then(said),
      drip('GET / HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'),
      drip('GET / HTTP/1.1\r\nHost: x\r\nX-A: ', 'b'),
      drip('POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n', 'x'),
    ]);
    assert.deepEqual(
      answers.map((answer) => answer?.split('\r\n')[0]),
      Array.from(answers, () => 'HTTP/1.1 408 Request Timeout'),
    );
    assert.ok(performance.now() - begun < 20_000);
  });

  for (const text of ['', TLS]) {
    const name = text === '' ? 'in the clear' : 'over TLS';
    test(`clients that do not read the response in time are disconnected, ${name}, and others are not`, async (t) => {
      const served = await serve(t, { responseMs: 2000 }, text, 200_000);
      const request = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';
      const options = { port: served.port, host: '127.0.0.1', ca: served.ca };
      const slow = text === '' ? connect(options) : connectTls(options);
      slow.write(request);
      await once(slow, 'readable');
      // Takes a little now and then, so that there is no silence.
      const timer = setInterval(() => slow.read(1000), 10);
      assert.equal((await ask(served, '/-/healthy')).status, 200);
      await wait(2600);
      clearInterval(timer);
      assert.ok((await said(slow)).length < 10_000_000);
      assert.deepEqual(served.source.carriedVersions, []);
      assert.equal((await ask(served, '/metrics')).status, 200);
      for (let turn = 0; turn < 100 && served.source.carriedVersions.length === 0; turn++) await wait(10);
      assert.deepEqual(served.source.carriedVersions, [1]);
    });
  }

  test('an HTTP/2 stream that is not read in time is reset, its session is not', async (t) => {
    const served = await serve(t, { responseMs: 2000 }, TLS, 10_000);
    const session = connectHttp2(served.url, { ca: served.ca });
    t.after(() => session.destroy());
    await ask(served, '/metrics');
    const slow = session.request({ ':path': '/metrics' });
    await once(slow, 'response');
    await assert.rejects(once(slow, 'close'), /NGHTTP2_INTERNAL_ERROR/);
    const quick = session.request({ ':path': '/-/healthy' });
    assert.equal(Buffer.concat(await quick.toArray()).toString(), 'healthy\n');
    assert.deepEqual(served.source.carriedVersions, [1], 'by the other reader');
  });

  test('connections are limited in total and per address', async (t) => {
    const served = await serve(t, { connections: 4, connectionsPerAddress: 3 });
    const from = async (localAddress: string) => {
      const socket = connect({ port: served.port, host: '127.0.0.1', localAddress });
      socket.on('error', () => {});
      await once(socket, 'connect');
      const answered = Promise.race([
        once(socket, 'data').then(() => true),
        new Promise<boolean>((resolve) => socket.once('close', () => resolve(false))),
      ]);
      socket.write('GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n');
      return { socket, isAnswered: await answered };
    };
    const ofOne = [
      await from('127.0.0.1'),
      await from('127.0.0.1'),
      await from('127.0.0.1'),
      await from('127.0.0.1'),
    ];
    assert.deepEqual(
      ofOne.map(({ isAnswered }) => isAnswered),
      [true, true, true, false],
    );
    assert.equal((await from('127.0.0.2')).isAnswered, true);
    assert.equal((await from('127.0.0.3')).isAnswered, false);
    const [first] = ofOne;
    first?.socket.destroy();
    await wait(20);
    assert.equal((await from('127.0.0.3')).isAnswered, true);
  });

  test('TLS connections release their place however they end', async (t) => {
    const served = await serve(t, { connections: 2, connectionsPerAddress: 2 }, TLS);
    for (let round = 0; round < 3; round++) {
      assert.equal((await ask(served)).status, 200);
      const session = connectHttp2(served.url, { ca: served.ca });
      await session.request({ ':path': '/' }).toArray();
      session.destroy();
      await ask(served, '/', { ca: [] }).catch(() => {});
      await said(await opened(served, 'GET / HTTP/1.1\r\n\r\n'));
      await wait(20);
    }
  });

  test('headers are limited in size and number', async (t) => {
    const served = await serve(t);
    const get = async (headers: string) =>
      (
        await said(
          await opened(served, `GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`),
        )
      ).split('\r\n')[0];
    assert.equal(
      await get(`X: ${'x'.repeat(LIMITS.headerBytes)}\r\n`),
      'HTTP/1.1 431 Request Header Fields Too Large',
    );
    assert.equal(await get('X: x\r\n'.repeat(3000)), 'HTTP/1.1 431 Request Header Fields Too Large');
    assert.equal(await get('X: x\r\n'.repeat(90)), 'HTTP/1.1 200 OK');
  });

  test('HTTP/2 headers are limited in size and number', async (t) => {
    const served = await serve(t, {}, TLS);
    const get = async (headers: Record<string, string>) => {
      const session = connectHttp2(served.url, { ca: served.ca });
      t.after(() => session.destroy());
      session.on('error', () => {});
      // Until a client has heard of the limit, 64 KiB hold.
      await session.request({ ':path': '/-/healthy' }).toArray();
      const stream = session.request({ ':path': '/-/healthy', ...headers });
      return Promise.race([
        once(stream, 'response').then(([answer]) => answer[':status']),
        new Promise((resolve) => stream.once('close', () => resolve('cut off'))),
      ]).catch(() => 'cut off');
    };
    assert.equal(await get({ x: 'x'.repeat(1000) }), 200);
    assert.equal(await get({ x: 'x'.repeat(20_000) }), 'cut off');
    const many = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`x-${index}`, 'x']));
    assert.equal(await get(many(90)), 200);
    assert.equal(await get(many(110)), 'cut off');
  });

  test('HTTP/2 clients that reset requests rapidly are disconnected', async (t) => {
    const served = await serve(t, {}, TLS);
    const session = connectHttp2(served.url, { ca: served.ca });
    session.on('error', () => {});
    for (let request = 0; request < 1000 && !session.closed; request++) {
      const stream = session.request({ ':path': '/metrics' });
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      if (request % 50 === 0) await wait(1);
    }
    for (let turn = 0; turn < 100 && !session.destroyed; turn++) await wait(20);
    assert.equal(session.destroyed, true);
    assert.equal((await ask(served)).status, 200);
    assert.deepEqual(served.errors, []);
  });

  test('concurrent HTTP/2 requests are limited', async (t) => {
    const served = await serve(t, { streams: 3 }, TLS);
    const session = connectHttp2(served.url, { ca: served.ca });
    t.after(() => session.destroy());
    await once(session, 'remoteSettings');
    assert.equal(session.remoteSettings.maxConcurrentStreams, 3);
    assert.equal(session.remoteSettings.maxHeaderListSize, LIMITS.headerBytes);
  });

  test('idle clients are disconnected, over HTTP/2 too', async (t) => {
    const plain = await serve(t, { idleMs: 100 });
    const begun = performance.now();
    await said(await opened(plain));
    const secured = await serve(t, { idleMs: 100 }, TLS);
    const session = connectHttp2(secured.url, { ca: secured.ca });
    await once(session, 'close');
    assert.ok(performance.now() - begun < 5000);
  });

  test('connections are kept alive for a limited time and number of requests', async (t) => {
    const served = await serve(t, { keepAliveMs: 50, requestsPerConnection: 2 });
    const get = 'GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n';
    assert.equal((await said(await opened(served, get))).match(/HTTP\/1\.1 200/g)?.length, 1);
    const many = await said(await opened(served, get.repeat(4)));
    assert.deepEqual(many.match(/HTTP\/1\.1 \d+/g)?.slice(0, 3), [
      'HTTP/1.1 200',
      'HTTP/1.1 200',
      'HTTP/1.1 503',
    ]);
  });
});
