import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FAKE_PROVIDERS } from '../../test/fake-providers.ts';
import { SECRET_HASH, webFolder } from '../../test/support/exporter/web.ts';
import type { Environment } from '../config/yaml/substitute.ts';
import { Redactor } from '../runtime/redactor.ts';
import type { LedgerTrial } from '../store/trial.ts';
import { check, type ProbeResult } from './check.ts';
import type { CheckOptions } from './io.ts';

const folder = mkdtempSync(join(tmpdir(), 'check-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'c.yml');
writeFileSync(
  file,
  `server: { listen: "[::1]:80" }
accounts:
  - { provider: acme, name: one, apiKey: "\${KEY}", since: 2026-01-02, schedule: { balance: "1 1 * * *" } }
  - { provider: globex, apiKey: do-not-print-me, baseUrl: "http://localhost:1" }
budgets:
  - { name: everything, limitUsd: 14000, period: month }
  - { name: large models, limitUsd: 12.5, period: day, match: { provider: acme, model: ["gpt-4*", "o*"] } }
`,
);

const USABLE: LedgerTrial = { kind: 'usable', exists: false };

interface Machine {
  readonly ledger?: LedgerTrial;
  readonly port?: Error;
}

async function run(
  options: CheckOptions,
  probed: Record<string, ProbeResult> = {},
  env: Environment = {},
  { ledger = USABLE, port }: Machine = {},
) {
  let out = '';
  const asked: string[] = [];
  const io = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: assert.fail },
    env: { KEY: 'do-not-print-me', ...env },
    signal: new AbortController().signal,
    redactor: new Redactor(),
  };
  const code = await check(options, io, {
    registry: FAKE_PROVIDERS,
    probe: async ({ name, key }) => {
      asked.push(`${name} ${key()}`);
      return probed[name] ?? { ok: true, isTried: true };
    },
    tryListen: async () => {
      if (port) throw port;
    },
    tryLedger: () => ledger,
  });
  assert.doesNotMatch(out, /do-not-print-me/);
  return { code, asked, out };
}

const SUMMARY = `${file}: valid, 2 accounts
listens on [::1]:80, ledger in ./data/ledger.db

Accounts
  acme "one"       https://api.acme.example  key from environment variable KEY  since 2026-01-02
  globex "globex"  http://localhost:1        key from the configuration file    since the start of last month

Budgets
  "everything"    $14,000.00 per month  all spend
  "large models"  $12.50 per day        provider acme, model gpt-4* or o*
`;
const WARNING = `
warning: globex "globex": its key can be read in the configuration file; move it to an environment variable (apiKey: \${NAME}) or a file (apiKeyFile)

`;
const LOCAL = 'port [::1]:80: can be used\nledger ./data/ledger.db: can be created\n';
const TRIED = `${SUMMARY}${WARNING}${LOCAL}`;

test('check: --offline prints the configuration and requests nothing', async () => {
  assert.deepEqual(await run({ config: file, offline: true }), {
    code: 0,
    asked: [],
    out: SUMMARY + WARNING,
  });
});

test('check: summarizes the web configuration and rejects an invalid one', async (t) => {
  const web = webFolder(t);
  const config = web.write(
    'c.yml',
    'server: { webConfig: web.yml }\naccounts: [{ provider: acme, apiKey: k }]\n',
  );
  const lineOf = async (text: string) => {
    const path = web.write('web.yml', text);
    const { out } = await run({ config, offline: true });
    return out
      .split('\n')
      .find((line) => line.startsWith(`web configuration ${path}: `))
      ?.split(': ', 2)[1];
  };
  const tls = 'tls_server_config: { cert_file: server.crt, key_file: server.key';
  const client = 'client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert';
  assert.equal(await lineOf(''), 'no TLS');
  assert.equal(await lineOf(`${tls} }`), 'TLS and HTTP/2');
  assert.equal(
    await lineOf(
      `${tls}, ${client} }\nhttp_server_config: { http2: false }\nbasic_auth_users: { a: ${SECRET_HASH} }`,
    ),
    'TLS, client certificates required, 1 user',
  );
  assert.equal(
    await lineOf(`${tls}, client_auth_type: RequestClientCert }\nrate_limit: { interval: 1s, burst: 3 }`),
    'TLS and HTTP/2, client certificates requested, rate limit of one request per 1000 ms, burst 3',
  );
  await assert.rejects(lineOf('basic_auth_users: { a: do-not-print-me }'), (error) => {
    assert.match(String(error), /web\.yml:1:24: basic_auth_users\.a: must be a bcrypt hash/);
    assert.doesNotMatch(String(error), /do-not-print-me/);
    return true;
  });
});

test('check: tests each credential once', async () => {
  const { code, asked, out } = await run({ config: file });
  assert.equal(code, 0);
  assert.deepEqual(asked, ['one do-not-print-me', 'globex do-not-print-me']);
  assert.equal(out, `${TRIED}acme "one": credential works\nglobex "globex": credential works\n`);
});

test('check: names a failing credential with its reason and still tests the others', async () => {
  const refused: ProbeResult = { ok: false, reason: 'auth', message: 'answered 401', hint: 'Do this.' };
  const { code, out } = await run({ config: file }, { one: refused });
  assert.equal(code, 1);
  const verdict = `acme "one": auth: answered 401
  asked api.acme.example with the key from environment variable KEY
  Do this.
`;
  assert.equal(out, `${TRIED}${verdict}globex "globex": credential works\n`);
});

const TAKEN = Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
const LOCKED: LedgerTrial = { kind: 'in_use', problem: './data/ledger.db is in use by another process.' };

test('check: a port that is taken and a ledger that cannot be used fail', async () => {
  const port = await run({ config: file }, {}, {}, { port: TAKEN });
  assert.equal(port.code, 1);
  assert.match(port.out, /^port: \[::1\]:80 is in use by another program; stop it/m);
  const ledger = await run({ config: file }, {}, {}, { ledger: LOCKED });
  assert.equal(ledger.code, 1);
  assert.match(ledger.out, /^ledger: \.\/data\/ledger\.db is in use by another process\.$/m);
});

test('check: a port and a ledger that are both in use belong to a running exporter', async () => {
  const { code, out } = await run({ config: file }, {}, {}, { port: TAKEN, ledger: LOCKED });
  assert.equal(code, 0);
  assert.match(
    out,
    /^port \[::1\]:80 and ledger \.\/data\/ledger\.db: not tested: in use, probably by a running exporter$/m,
  );
});

test('check: a credential with nothing due is reported as not tested, without failure', async () => {
  const { code, out } = await run({ config: file }, { one: { ok: true, isTried: false } });
  assert.equal(code, 0);
  assert.equal(
    out,
    `${TRIED}acme "one": not tested: nothing is due yet\nglobex "globex": credential works\n`,
  );
});

test('check: prints what is sent over OpenTelemetry, and where, without secrets', async () => {
  const env = {
    OTEL_METRICS_EXPORTER: 'otlp,prometheus',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'https://otlp.example/in?key=do-not-print-me',
    OTEL_EXPORTER_OTLP_HEADERS: 'x=do-not-print-me',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
    OTEL_METRIC_EXPORT_INTERVAL: 'do-not-print-me',
  };
  const { code, asked, out } = await run({ config: file, offline: true }, {}, env);
  assert.deepEqual({ code, asked }, { code: 0, asked: [] });
  assert.equal(
    out,
    `${SUMMARY}
OpenTelemetry
  serves /otel/metrics
  pushes metrics to "default" every 60 s: http/protobuf to https://otlp.example/in
  sends its own traces: grpc to http://localhost:4317
  warning: OTEL_METRIC_EXPORT_INTERVAL is not a whole number of milliseconds from 1 to 2147483647: ignored
${WARNING}`,
  );
});

test('check: throws on an invalid configuration before printing anything', async () => {
  await assert.rejects(run({ config: join(folder, 'nope.yml') }), { name: 'ConfigError' });
});

test('check: warns about two accounts with the same key, without failure', async () => {
  const twice = join(folder, 'twice.yml');
  const account = (name: string) => `  - { provider: acme, name: ${name}, apiKey: do-not-print-me }\n`;
  writeFileSync(twice, `accounts:\n${account('a')}${account('b')}`);
  const { code, out } = await run({ config: twice });
  assert.equal(code, 0);
  assert.match(
    out,
    /^warning: acme "a" and acme "b" use the same key at the same address: the same bill is counted twice/m,
  );
  assert.doesNotMatch((await run({ config: file })).out, /same key/);
});
