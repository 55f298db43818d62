import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { loadWebConfig } from '../../src/server/web/read.ts';
import { AT_LOOPBACK } from '../support/exporter/certificates.ts';
import { run } from '../support/exporter/child.ts';
import { configure, runToEnd, serve } from '../support/exporter/process.ts';
import { SECRET_HASH, type WebFolder, webFolder } from '../support/exporter/web.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { type ScrapeTarget, startPrometheus } from '../support/programs/prometheus.ts';

const EXAMPLE = join(import.meta.dirname, '../../deploy/web.example.yml');
const PAIR = 'cert_file: server.crt, key_file: server.key';
const tls = (more: string) => `tls_server_config: { ${PAIR}, ${more} }`;
const VERIFIES = 'client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt';

/** Files that both accept, that both reject, and that only we reject: docs/web-security.md says why. */
const VERDICTS: Readonly<Record<'good' | 'bad' | 'stricter', readonly string[]>> = {
  good: [
    '',
    'tls_server_config:',
    `tls_server_config: { ${PAIR} }`,
    tls(`${VERIFIES}, client_allowed_sans: [a]`),
    tls('client_auth_type: RequireClientCert'),
    tls('client_auth_type: RequestClientCert, min_version: TLS10, max_version: TLS13'),
    tls('cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]'),
    tls('curve_preferences: [CurveP256, CurveP384, CurveP521, X25519], prefer_server_cipher_suites: false'),
    `basic_auth_users: { a: ${SECRET_HASH}, b: ${SECRET_HASH.replace('$2b', '$2y')} }`,
    'http_server_config: { http2: false, headers: { X-Frame-Options: deny, Strict-Transport-Security: "" } }',
  ],
  bad: [
    'basic_auth_user: {}',
    tls('min_version: SSL30'),
    tls('cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]'),
    tls('curve_preferences: [CurveP224]'),
    tls('client_auth_type: Require'),
    tls('client_ca_file: ca.crt'),
    tls('client_ca_file: gone.crt, client_auth_type: RequireAndVerifyClientCert'),
    'tls_server_config: { cert_file: server.crt }',
    'tls_server_config: { cert_file: server.crt, key_file: ca.crt }',
    'tls_server_config: { cert_file: "", key_file: server.key }',
    'basic_auth_users: { a: secret }',
    `basic_auth_users: { a: ${SECRET_HASH.replace('$04', '$03')} }`,
    'http_server_config: { headers: { Server: x } }',
    'http_server_config: { headers: { X-Frame-Options: DENY } }',
    'http_server_config: { headers: { X-Content-Type-Options: "" } }',
  ],
  stricter: [
    'tls_server_config: { min_version: TLS13 }',
    tls('client_auth_type: RequireAndVerifyClientCert'),
    tls('client_auth_type: RequireAndVerifyClientCert, client_ca_file: server.key'),
    tls('cert: x'),
    tls('min_version: TLS13, max_version: TLS12'),
    tls('cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]'),
    tls('client_auth_type: RequireAnyClientCert, client_allowed_sans: []'),
    `basic_auth_users: { "a:b": ${SECRET_HASH} }`,
    `basic_auth_users: { a: ${SECRET_HASH.replace('$04', '$19')} }`,
    'http_server_config: { http2: yes }',
  ],
};

function isTaken(file: string): boolean {
  try {
    loadWebConfig(file);
    return true;
  } catch {
    return false;
  }
}

realServerTest(
  'web configuration: we and promtool accept and reject the same files',
  ['promtool'],
  async (context, pathOf) => {
    const folder = webFolder(context);
    for (const [verdict, texts] of Object.entries(VERDICTS)) {
      for (const text of texts) {
        const file = folder.write('web.yml', text);
        const { code, output } = await run(pathOf('promtool'), ['check', 'web-config', file]);
        assert.equal(code === 0, verdict !== 'bad', `${text}\n${output}`);
        assert.equal(isTaken(file), verdict === 'good', text);
      }
    }
  },
);

/** The example, with generated certificates under its file names. */
async function exampleIn(folder: WebFolder): Promise<string> {
  folder.write('clients-ca.crt', folder.trusted.ca);
  const text = await readFile(EXAMPLE, 'utf8');
  folder.write('web.yml', text);
  return text;
}

realServerTest(
  'web configuration: the example is valid for promtool and for us',
  ['promtool'],
  async (context, pathOf) => {
    const folder = webFolder(context);
    await exampleIn(folder);
    const file = join(folder.path, 'web.yml');
    assert.deepEqual(await run(pathOf('promtool'), ['check', 'web-config', file]), {
      code: 0,
      output: `${file} SUCCESS\n`,
    });
    assert.equal(loadWebConfig(file).users.size, 1);
  },
);

test('web configuration: the example with every option uncommented is valid', async (context) => {
  const folder = webFolder(context);
  const text = (await exampleIn(folder)).replace(/^tls_server_config:[\s\S]*/m, (keys) =>
    keys.replaceAll(/^( *)# ((?:[\w-]+:| {2}\w+:) .*)$/gm, '$1$2').replace('# rate_limit:', 'rate_limit:'),
  );
  const { rateLimit, headers } = loadWebConfig(folder.write('web.yml', text));
  assert.deepEqual(rateLimit, { intervalMs: 100, burst: 20 });
  assert.equal(Object.keys(headers).length, 5);
});

test('web configuration: an invalid file prevents startup, and check reports it', async (context) => {
  const folder = webFolder(context);
  folder.write('web.yml', 'basic_auth_users: { alice: do-not-print-me }');
  const config = { server: { webConfig: 'web.yml' }, accounts: [{ provider: 'venice', apiKey: 'k' }] };
  const file = folder.write('config.yml', JSON.stringify(config));
  for (const words of [['serve'], ['check', '--offline']]) {
    const { code, out, err } = await runToEnd(context, [...words, '--config', file], { cwd: folder.path });
    assert.deepEqual([code, out], [2, ''], err);
    assert.match(err, /^\S+\/web\.yml:1:28: basic_auth_users\.alice: must be a bcrypt hash, [^\n]+\n$/);
    assert.doesNotMatch(err, /do-not-print-me/);
  }
});

/** An exporter with the example's rules, and `secret` for a password. */
async function exporterIn(context: TestContext, folder: WebFolder) {
  const text = (await exampleIn(folder)).replace(/(?<=prometheus: )\$2y.*/, () => SECRET_HASH);
  folder.write('web.yml', text);
  const file = await configure(folder.path, {
    accounts: { venice: { url: 'http://127.0.0.1:9', key: 'k' } },
  });
  const config = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...config, server: { ...config.server, webConfig: 'web.yml' } }));
  return { text, exporter: await serve(context, file) };
}

realServerTest(
  'web configuration: Prometheus scrapes over TLS with a client certificate and a password',
  ['prometheus'],
  async (context) => {
    const folder = webFolder(context);
    const write = (name: string, dns: string, by = folder.trusted) => {
      const { cert, key } = by.vouchFor(name, { dns });
      return { cert_file: folder.write(`${name}.crt`, cert), key_file: folder.write(`${name}.key`, key) };
    };
    const good = write('good', 'prometheus.example');
    const { text, exporter } = await exporterIn(context, folder);
    assert.match(exporter.url, /^https:/);
    const target = (job: string, client: object, password: string, more = {}): ScrapeTarget => ({
      address: new URL(exporter.url).host,
      job,
      more: {
        scheme: 'https',
        tls_config: { ca_file: join(folder.path, 'ca.crt'), ...client },
        basic_auth: { username: 'prometheus', password },
        ...more,
      },
    });
    const prometheus = await startPrometheus(context, {
      intervalMs: 1000, // which is also the scrape timeout
      targets: [
        target('http2', good, 'secret'),
        target('http1', good, 'secret', { enable_http2: false }),
        target('wrong password', good, 'Secret'),
        target('no certificate', {}, 'secret'),
        target('another name', write('other', 'grafana.example'), 'secret'),
        target('another authority', write('stranger', 'prometheus.example', folder.other), 'secret'),
      ],
    });
    const health = async () => {
      const targets = await prometheus.scraped();
      return Object.fromEntries(targets.map(({ labels, lastError }) => [labels.job, lastError]));
    };
    const before = await health();
    assert.deepEqual([before.http2, before.http1], ['', '']);
    assert.match(before['wrong password'] ?? '', /401 Unauthorized/);
    for (const job of ['no certificate', 'another name', 'another authority'])
      assert.match(
        before[job] ?? '',
        /certificate required|bad certificate|unknown|EOF|reset|broken pipe/,
        job,
      );

    // Everything changes: the server certificate, and the allowed clients.
    const renewed = folder.trusted.vouchFor('Renewed', AT_LOOPBACK);
    folder.write('server.crt', renewed.cert);
    folder.write('server.key', renewed.key);
    folder.write('web.yml', text.replace('[prometheus.example]', '[prometheus.example, grafana.example]'));
    await wait(1500);
    const after = await health();
    assert.deepEqual([after.http2, after.http1, after['another name']], ['', '', '']);
    const [ups] = await prometheus.query('min by (job) (min_over_time(up{job=~"http."}[1m]))');
    assert.equal(ups?.value, '1', 'no scrape failed meanwhile');
    assert.match(exporter.err(), /web configuration reloaded/);
    assert.doesNotMatch(exporter.err(), /PRIVATE KEY|\$2b\$|secret/);
    assert.equal((await exporter.end('SIGTERM')).code, 0);
  },
);
