import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ask, SECRET_HASH, type ServedWeb, serveWeb, webFolder } from '../../../test/support/exporter/web.ts';

const ALICE = `basic_auth_users: { alice: ${SECRET_HASH} }\n`;
const TLS = 'tls_server_config: { cert_file: server.crt, key_file: server.key }\n';
const PATHS = [
  ...['/', '/metrics', '/otel/metrics', '/-/healthy', '/-/ready', '/-/reload', '/api/v1/status'],
  ...['/api/v1/costs?window=today', '/nothing', '/%zz', '//', '/metrics/', '/favicon.ico'],
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'TRACE', 'PROPFIND'];

async function statusOf(served: ServedWeb, auth?: string, path = '/-/healthy'): Promise<number> {
  return (await ask(served, path, auth === undefined ? {} : { auth })).status;
}

test('auth refuses every path and method without a password', async (t) => {
  const served = await serveWeb(t, webFolder(t), ALICE);
  for (const method of METHODS) {
    for (const path of PATHS) {
      const { status, headers, body } = await ask(served, path, { method });
      assert.equal(status, 401, `${method} ${path}`);
      assert.equal(headers['www-authenticate'], 'Basic realm="ai-billing-exporter", charset="UTF-8"');
      assert.equal(body, method === 'HEAD' ? '' : 'unauthorized\n');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
    }
  }
});

test('auth serves everything with the right password', async (t) => {
  const served = await serveWeb(t, webFolder(t), ALICE);
  const open = await serveWeb(t, webFolder(t), '');
  for (const method of METHODS) {
    for (const path of PATHS.filter((each) => !each.startsWith('/api/v1/costs'))) {
      const [guarded, free] = [
        await ask(served, path, { method, auth: 'alice:secret' }),
        await ask(open, path, { method }),
      ];
      assert.deepEqual([guarded.status, guarded.body], [free.status, free.body], `${method} ${path}`);
    }
  }
  assert.deepEqual(served.errors, []);
});

test('auth refuses a wrong user, a wrong password and another scheme alike', async (t) => {
  const served = await serveWeb(t, webFolder(t), ALICE);
  const answers = await Promise.all(
    [
      { auth: 'alice:Secret' },
      { auth: 'bob:secret' },
      { auth: ':' },
      { headers: { authorization: 'Bearer secret' } },
      { headers: { authorization: 'Basic not-base64' } },
    ].map((options) => ask(served, '/metrics', options)),
  );
  const [first] = answers;
  for (const { status, headers, body } of answers) {
    assert.deepEqual([status, body], [401, 'unauthorized\n']);
    assert.deepEqual({ ...headers, date: '' }, { ...first?.headers, date: '' });
  }
});

test('auth applies added and removed users without a restart', async (t) => {
  const served = await serveWeb(t, webFolder(t), '');
  assert.equal(await statusOf(served), 200);
  served.rewrite(ALICE);
  assert.equal(await statusOf(served), 401);
  assert.equal(await statusOf(served, 'alice:secret'), 200);
  served.rewrite(`basic_auth_users: { bob: ${SECRET_HASH} }`);
  assert.equal(await statusOf(served, 'alice:secret'), 401);
  assert.equal(await statusOf(served, 'bob:secret'), 200);
  served.rewrite('basic_auth_users: { bob: broken }');
  assert.equal(await statusOf(served, 'bob:secret'), 200);
  assert.equal(await statusOf(served), 401, 'a broken file lets nobody in');
});

test('auth works over HTTP/2', async (t) => {
  const served = await serveWeb(t, webFolder(t), TLS + ALICE);
  const session = connectHttp2(served.url, { ca: served.ca });
  t.after(() => session.destroy());
  const authorization = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
  const get = async (headers: Record<string, string>) => {
    const stream = session.request({ ':path': '/-/healthy', ...headers });
    const [answer] = await once(stream, 'response');
    return [answer[':status'], Buffer.concat(await stream.toArray()).toString()];
  };
  assert.deepEqual(await get({}), [401, 'unauthorized\n']);
  assert.deepEqual(await get({ authorization }), [200, 'healthy\n']);
  assert.deepEqual(await get({ ':method': 'HEAD' }), [401, '']);
});

test('configured headers are sent with every response, and policies are combined', async (t) => {
  const served = await serveWeb(t, webFolder(t), '');
  const ours = String((await ask(served)).headers['content-security-policy']);
  const ofPage = String((await ask(served, '/')).headers['content-security-policy']);
  assert.notEqual(ofPage, ours);
  served.rewrite(`http_server_config:
  headers:
    Content-Security-Policy: script-src 'self'
    X-Frame-Options: sameorigin
    X-XSS-Protection: "0"
    Strict-Transport-Security: max-age=1
basic_auth_users: { alice: ${SECRET_HASH} }`);
  for (const path of ['/', '/metrics', '/nothing', '/%zz']) {
    for (const options of [{ auth: 'alice:secret' }, {}]) {
      const { headers } = await ask(served, path, options);
      // Without the password there is no page.
      const own = path === '/' && 'auth' in options ? ofPage : ours;
      assert.equal(headers['content-security-policy'], `${own}, script-src 'self'`, path);
      assert.equal(headers['x-frame-options'], 'sameorigin');
      assert.equal(headers['x-xss-protection'], '0');
      assert.equal(headers['strict-transport-security'], 'max-age=1');
    }
  }
  served.rewrite('');
  const { headers } = await ask(served);
  assert.equal(headers['x-frame-options'], undefined);
  assert.equal(headers['content-security-policy'], ours);
});

test('rate limit replies 429 with Retry-After, and a new limit starts full', async (t) => {
  const served = await serveWeb(t, webFolder(t), `rate_limit: { interval: 1h, burst: 2 }\n${ALICE}`);
  const codes = async (count: number) => {
    const all: number[] = [];
    for (let asked = 0; asked < count; asked++) all.push(await statusOf(served, 'alice:secret'));
    return all;
  };
  assert.deepEqual(await codes(2), [200, 200]);
  const { status, headers, body } = await ask(served, '/%zz');
  assert.deepEqual([status, body], [429, 'too many requests\n']);
  assert.ok(Number(headers['retry-after']) > 3500 && Number(headers['retry-after']) <= 3600);
  served.rewrite(`${ALICE}rate_limit: { interval: 1h, burst: 2 }`);
  assert.deepEqual(await codes(1), [429], 'the same rate goes on');
  served.rewrite(`${ALICE}rate_limit: { interval: 1h, burst: 1 }`);
  assert.deepEqual(await codes(2), [200, 429]);
  served.rewrite(ALICE);
  assert.deepEqual(await codes(2), [200, 200]);
});

test('cross-site requests are refused over HTTPS', async (t) => {
  const served = await serveWeb(t, webFolder(t), '', { reload: async () => ({ ok: true }) });
  const post = async (site: string | undefined, method = 'POST') =>
    (
      await ask(served, '/-/reload', {
        method,
        headers: site === undefined ? {} : { 'sec-fetch-site': site },
      })
    ).status;
  assert.deepEqual(
    await Promise.all(['cross-site', 'same-site', 'anything'].map((site) => post(site))),
    [403, 403, 403],
  );
  assert.deepEqual(
    await Promise.all([undefined, 'none', 'same-origin'].map((site) => post(site))),
    [200, 200, 200],
  );
  const page = await ask(served, '/', { headers: { 'sec-fetch-site': 'cross-site' } });
  assert.equal(page.status, 200, 'a link may lead here');
});

test('cross-site requests are refused over plain HTTP by their origin', async (t) => {
  const served = await serveWeb(t, webFolder(t), '', { reload: async () => ({ ok: true }) });
  const host = `127.0.0.1:${served.port}`;
  const post = async (headers: Record<string, string>) =>
    (await ask(served, '/-/reload', { method: 'POST', headers })).status;
  for (const origin of ['http://evil.example', 'http://127.0.0.1', `http://${host}1`, 'null', 'x', ''])
    assert.equal(await post({ origin }), 403, origin);
  for (const origin of [`http://${host}`, `https://${host}`])
    assert.equal(await post({ origin }), 200, origin);
  assert.equal(await post({ origin: 'http://Exporter.example:80', host: 'exporter.example' }), 200);
  assert.equal(
    await post({ origin: 'https://front.example', 'sec-fetch-site': 'same-origin' }),
    200,
    'a proxy',
  );
  assert.equal(await post({ origin: `http://${host}`, 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal((await ask(served, '/', { headers: { origin: 'http://evil.example' } })).status, 200);
});

test('pipelined requests are checked and answered one by one in order', async (t) => {
  const served = await serveWeb(t, webFolder(t), ALICE);
  const authorization = `Authorization: Basic ${Buffer.from('alice:secret').toString('base64')}\r\n`;
  const get = (more: string) => `GET /-/healthy HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
  const socket = connect(served.port, '127.0.0.1');
  socket.write([get(authorization), get(''), get(`${authorization}Connection: close\r\n`)].join(''));
  const answers = Buffer.concat(await socket.toArray()).toString();
  assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 200']);
});
