import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createAuthority } from '../support/exporter/certificates.ts';
import { startForwardProxy } from '../support/exporter/forward-proxy.ts';
import { listenOnLoopback } from '../support/exporter/loopback.ts';
import { folderOf, runToEnd, serve } from '../support/exporter/process.ts';

const REFUSES: RequestListener = (_request, response) => void response.writeHead(401).end();

const account = (name: string, baseUrl: string) => ({ provider: 'venice', name, apiKey: 'key', baseUrl });

async function configure(folder: string, more: object): Promise<string> {
  const file = join(folder, 'config.yml');
  const state = { path: join(folder, 'ledger.db') };
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ server: { listen: '127.0.0.1:0' }, state, ...more }));
  return file;
}

function startServer(context: TestContext, server: ReturnType<typeof createServer>): Promise<number> {
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return listenOnLoopback(server);
}

test('proxy: providers and receivers are reached through the configured proxy, except for NO_PROXY', async (context) => {
  const folder = await folderOf(context);
  const { ca, vouchFor } = createAuthority('Authority of a test');
  await writeFile(join(folder, 'ca.pem'), ca);
  const plain = await startServer(context, createServer(REFUSES));
  const secure = await startServer(
    context,
    createSecureServer(vouchFor('secure', { dns: 'secure.invalid' }), REFUSES),
  );
  const otlp = await startServer(
    context,
    createServer((_request, response) => response.end()),
  );
  const proxy = await startForwardProxy(context, {
    ports: { 'api.invalid': plain, 'secure.invalid:443': secure, 'otlp.invalid:4318': otlp },
    authorization: `Basic ${Buffer.from('me:open-sesame').toString('base64')}`,
  });
  const file = await configure(folder, {
    accounts: [
      account('plain', 'http://api.invalid'),
      account('secure', 'https://secure.invalid'),
      account('direct', 'http://api.direct.invalid'),
    ],
    opentelemetry: { receivers: [{ name: 'a', endpoint: 'http://otlp.invalid:4318', interval: '1s' }] },
  });
  const env = {
    HTTP_PROXY: `http://me:open-sesame@${proxy.host}`,
    HTTPS_PROXY: `http://me:open-sesame@${proxy.host}`,
    NO_PROXY: 'example.com,.direct.invalid',
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
  };
  const exporter = await serve(context, file, { env });
  for (const name of ['plain', 'secure'])
    await exporter.said(new RegExp(`"account":"${name}".*"message":"GET \\S+ answered 401`));
  await exporter.said(/"account":"direct".*got no answer from api\.direct\.invalid: E(NOTFOUND|AI_AGAIN)"/);
  await exporter.said(/"account":"plain"/);
  while (!proxy.seen.includes('POST http://otlp.invalid:4318/v1/metrics')) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(proxy.seen.some((line) => line.startsWith('GET http://api.invalid/')));
  assert.ok(proxy.seen.includes('CONNECT secure.invalid:443'));
  assert.ok(!proxy.seen.some((line) => line.includes('direct.invalid')));
  const { out, err } = await exporter.end('SIGTERM');
  assert.doesNotMatch(out + err, /open-sesame/);
});

test('proxy: an unreachable or refusing proxy is named in the error, without its password', async (context) => {
  const folder = await folderOf(context);
  const proxy = await startForwardProxy(context, { ports: {}, authorization: 'Basic other' });
  const file = await configure(folder, { accounts: [account('secure', 'https://secure.invalid')] });
  const env = { https_proxy: `me:open-sesame@${proxy.host}` };
  const route = `secure\\.invalid through the proxy ${proxy.host.replaceAll('.', '\\.')}`;
  const refused = await runToEnd(context, ['check', '--config', file], { env });
  assert.match(refused.out + refused.err, new RegExp(`got no answer from ${route}: the proxy answered 407`));
  await proxy.stop();
  const gone = await runToEnd(context, ['check', '--config', file], { env });
  assert.match(gone.out + gone.err, new RegExp(`got no answer from ${route}: ECONNREFUSED`));
  for (const { code, out, err } of [refused, gone]) {
    assert.equal(code, 1);
    assert.doesNotMatch(out + err, /open-sesame/);
  }
});

test('proxy: an invalid proxy URL is a configuration error that does not repeat its value', async (context) => {
  const folder = await folderOf(context);
  const file = await configure(folder, { accounts: [account('a', 'https://secure.invalid')] });
  const env = { HTTPS_PROXY: 'http://me:open sesame@:x' };
  const { code, out, err } = await runToEnd(context, ['check', '--offline', '--config', file], { env });
  assert.equal(code, 2);
  assert.match(err, /HTTPS_PROXY: must be the URL of a proxy, such as http:\/\/proxy\.example\.com:3128/);
  assert.doesNotMatch(out + err, /sesame/);
});
