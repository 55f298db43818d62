import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { run } from './support/exporter/child.ts';
import { serveOnLoopback } from './support/exporter/loopback.ts';
import { SECRET_HASH, serveWeb, webFolder } from './support/exporter/web.ts';

const SCRIPT = join(import.meta.dirname, '../deploy/docker/healthcheck.js');

function checked(url: string): Promise<{ code: number | undefined; output: string }> {
  return run(process.execPath, [SCRIPT, url]);
}

async function servedWith(t: TestContext, text: string): Promise<string> {
  return `${(await serveWeb(t, webFolder(t), text)).url}/-/healthy`;
}

function tls(more = ''): string {
  return `tls_server_config: { cert_file: server.crt, key_file: server.key${more} }`;
}

describe('image health check', { concurrency: true }, () => {
  for (const [name, text] of Object.entries({
    'in the clear': '',
    'over TLS': tls(),
    'that asks for a password': `${tls()}\nbasic_auth_users: { a: ${SECRET_HASH} }`,
    'that has had enough': 'rate_limit: { interval: 1h, burst: 1 }',
    'that asks for a certificate': tls(
      ', client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt',
    ),
    'that asks for a certificate, over TLS 1.2': tls(
      ', max_version: TLS12, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt',
    ),
    'that asks for any certificate': tls(', client_auth_type: RequireAnyClientCert'),
  })) {
    test(`passes for a server ${name}`, async (t) => {
      const url = await servedWith(t, text);
      for (let time = 0; time < 2; time++) assert.deepEqual(await checked(url), { code: 0, output: '' });
    });
  }

  test('fails if nothing listens, another protocol answers or the server is broken', async (t) => {
    const address = await serveOnLoopback(t, (_, response) => response.writeHead(503).end());
    const secured = await servedWith(t, tls());
    for (const [url, problem] of [
      ['http://127.0.0.1:9/', 'connect ECONNREFUSED 127.0.0.1:9'],
      [`http://${address}/`, 'answered 503'],
      [`https://${address}/`, ''],
      [secured.replace('https:', 'http:'), ''],
    ]) {
      const { code, output } = await checked(url ?? '');
      assert.equal(code, 1, output);
      assert.ok(output.startsWith(`${url}: ${problem}`), output);
    }
  });
});
