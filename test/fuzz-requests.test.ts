import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { ServerOptions } from '../src/server/server.ts';
import { ask, SECRET_HASH, type ServedWeb, serveWeb, webFolder } from './support/exporter/web.ts';
import { assertAsyncProperty } from './support/ledger/property.ts';
import { fuzzString } from './support/providers/fuzz-strings.ts';

/** 10,000 requests, so many side by side. */
const EACH = 250;

/** A password that is sent, a hash and a key that are held: none of them may come back. */
const CANARY = 'canary-do-not-print-me';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const SECRETS = new RegExp(`${CANARY}|${base64(`alice:${CANARY}`)}|PRIVATE KEY|\\$2b\\$`);

const PATHS = [
  ...['/', '/metrics', '/-/healthy', '/-/ready', '/-/reload', '/api/v1/status', '/otel/metrics', '/nothing'],
  ...['/api/v1/costs', '/api/v1/costs?window=today', '/api/v1/costs?window=today&by=provider,tier'],
  ...[
    '/api/v1/resources',
    '/api/v1/export/focus?from=2026-10-01&to=2026-11-01',
    '/api/v1/costs/series',
    '/api/v1/costs/series?by=model&match[model]=*&format=csv',
  ],
  ...[
    '*',
    'http://elsewhere.example/metrics',
    '//x//metrics',
    '/metrics/../-/reload',
    '/%2e%2e/metrics',
    '/%zz',
  ],
  `/${'a'.repeat(5000)}`,
];
const METHODS = [
  ...[
    'GET',
    'GET',
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'PATCH',
    'PROPFIND',
    'M-SEARCH',
  ],
  ...['QUERY', 'get', 'BREW', 'PRI'],
];
const NAMES = [
  ...[
    'accept',
    'accept-encoding',
    'host',
    'origin',
    'cookie',
    'range',
    'if-none-match',
    'x-forwarded-for',
    'te',
  ],
  ...[
    'content-type',
    'content-length',
    'transfer-encoding',
    'connection',
    'upgrade',
    'expect',
    'authorization',
  ],
  ...['sec-fetch-site', 'http2-settings', '__proto__', ':path', ''],
];
const VALUES = [
  ...[
    '',
    '*/*',
    'gzip',
    'gzip;q=0',
    'gzip, br;q=1.0, *;q=0',
    'application/openmetrics-text;version=1.0.0',
    '0',
    '-1',
  ],
  ...[
    '1e9',
    '5',
    'chunked',
    'identity, chunked',
    'close',
    'keep-alive',
    'upgrade',
    'websocket',
    '100-continue',
    'h2c',
  ],
  ...[
    'bytes=0-0',
    'cross-site',
    'x'.repeat(9000),
    `Basic ${base64(`alice:${CANARY}`)}`,
    'Basic',
    'Basic !!!',
  ],
];
const GOOD = `Basic ${base64('alice:secret')}`;

/** What a request may earn. 500 is internal error. */
const EARNED = [100, 200, 400, 401, 403, 404, 405, 408, 413, 415, 417, 431, 501, 503, 505];

/** Limits that let nothing wait for long. */
const QUICK: Partial<ServerOptions> = {
  limits: { headersMs: 300, requestMs: 300, idleMs: 1000, keepAliveMs: 1, connectionsPerAddress: 512 },
  costs: (question) => ({ ...question, start: 0, end: 1, unknown: [], groups: [], total: 0n }),
  series: async (question) => {
    const total = { values: [1n], total: 1n, held: [1n], undated: 0n };
    return { ...question, buckets: [0], series: [], other: undefined, total, limits: [], unknown: [] };
  },
  resources: () => [],
  focus: () => ({ gaps: () => ({ next: () => ({ done: true, value: [] }) }), rows: () => [] }),
};

interface Wanted {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly isKnown: boolean;
}

const Path = fc.oneof(
  fc.constantFrom(...PATHS),
  fc.tuple(fc.constantFrom(...PATHS), fuzzString(3)).map(([path, text]) => `${path}?window=today&${text}`),
  fc
    .tuple(fc.constantFrom(...PATHS), fuzzString(2))
    .map(([path, text]) => path + encodeURIComponent(text.toWellFormed())),
  fuzzString(3).map((text) => `/${text}`),
);
const Wanted: fc.Arbitrary<Wanted> = fc.record({
  method: fc.oneof(
    { weight: 19, arbitrary: fc.constantFrom(...METHODS) },
    { weight: 1, arbitrary: fuzzString(1) },
  ),
  path: Path,
  headers: fc.array(
    fc.tuple(
      fc.oneof({ weight: 19, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: fuzzString(1) }),
      fc.oneof(fc.constantFrom(...VALUES), fuzzString(2)),
    ),
    { maxLength: 4 },
  ),
  isKnown: fc.boolean(),
});
const Batch = fc.array(Wanted, { minLength: EACH, maxLength: EACH });

function serve(t: TestContext, more = ''): Promise<ServedWeb> {
  return serveWeb(t, webFolder(t), `basic_auth_users: { alice: ${SECRET_HASH} }\n${more}`, QUICK);
}

async function isAlive(served: ServedWeb): Promise<void> {
  assert.deepEqual(served.errors, []);
  assert.equal((await ask(served, '/-/healthy', { auth: 'alice:secret' })).body, 'healthy\n');
}

/** The request, and one more that must not be taken for a part of it, nor answered without a password. */
function written({ method, path, headers, isKnown }: Wanted): Buffer {
  const known = isKnown ? [['authorization', GOOD] as const] : [];
  const lines = [['host', 'x'] as const, ...known, ...headers].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const next = 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${next}`.toWellFormed());
}

/** What comes back until the server hangs up; it must. */
function answersTo(served: ServedWeb, bytes: Buffer): Promise<string> {
  const socket = connect(served.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
  return new Promise((resolve, reject) => {
    socket.setTimeout(10_000, () => reject(new Error(`left open: ${bytes}`)));
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.write(bytes);
  });
}

function assertEarned(answer: string, { isKnown, headers, ...rest }: Wanted): void {
  const statuses = Array.from(answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm), ([, status]) => Number(status));
  assert.ok(statuses.length > 0, 'an answer');
  for (const status of statuses)
    assert.ok(EARNED.includes(status), `${written({ isKnown, headers, ...rest })}\n${answer.slice(0, 100)}`);
  assert.doesNotMatch(answer, SECRETS);
  assert.doesNotMatch(answer, /^access-control-/im);
  if (!isKnown && !headers.some(([name]) => /authorization/i.test(name)))
    assert.ok(!statuses.includes(200), 'nothing without a password');
}

describe('the server under malformed requests', { concurrency: true }, () => {
  test('answers or refuses 10,000 HTTP/1.1 requests without leaking', async (t) => {
    const served = await serve(t);
    await assertAsyncProperty(
      fc.asyncProperty(Batch, async (batch) => {
        await Promise.all(batch.map(async (one) => assertEarned(await answersTo(served, written(one)), one)));
        assert.deepEqual(served.errors, []);
      }),
      { numRuns: 10_000 / EACH, endOnFailure: true },
    );
    await isAlive(served);
  });

  test('answers or refuses 2,500 HTTP/2 requests', async (t) => {
    const served = await serve(t, 'tls_server_config: { cert_file: server.crt, key_file: server.key }');
    let session: ClientHttp2Session | undefined;
    const open = () => {
      if (!session || session.closed || session.destroyed)
        session = connectHttp2(served.url, { ca: served.ca }).on('error', () => {});
      return session;
    };
    t.after(() => session?.destroy());
    await assertAsyncProperty(
      fc.asyncProperty(Batch, async (batch) => {
        const statuses = await Promise.all(batch.map((one) => statusOver(open(), one)));
        for (const status of statuses)
          assert.ok(status === undefined || EARNED.includes(status), String(status));
        assert.deepEqual(served.errors, []);
      }),
      { numRuns: 2500 / EACH, endOnFailure: true },
    );
    await isAlive(served);
  });
});

/** Undefined: Node did not send it, or the server took back the stream. */
function statusOver(
  session: ClientHttp2Session,
  { method, path, headers, isKnown }: Wanted,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    try {
      const known = isKnown ? { authorization: GOOD } : {};
      const stream = session.request({
        ...Object.fromEntries(headers),
        ...known,
        ':method': method,
        ':path': path,
      });
      let status: number | undefined;
      stream.on('response', (answer) => {
        status = Number(answer[':status']);
      });
      stream
        .on('error', () => {})
        .on('close', () => resolve(status))
        .resume();
      stream.setTimeout(10_000, () => resolve(0));
      stream.end();
    } catch {
      resolve(undefined);
    }
  });
}
