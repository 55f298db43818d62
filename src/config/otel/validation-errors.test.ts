import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FAKE_PROVIDERS } from '../../../test/fake-providers.ts';
import { createAuthority } from '../../../test/support/exporter/certificates.ts';
import { loadConfig } from '../load.ts';
import { ConfigError } from '../yaml/errors.ts';
import type { Environment } from '../yaml/substitute.ts';
import { openTelemetryOfEnvironment } from './open-telemetry.ts';

/** Users see these messages first, so each is listed as printed. */

const folder = mkdtempSync(join(tmpdir(), 'open-telemetry-'));
after(() => rmSync(folder, { recursive: true }));

const FILES: Record<string, string> = {
  'cert.pem': createAuthority('one').ca,
  'key.pem': createAuthority('two').key,
  'none.pem': 'do-not-print-me',
};
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);

const ENV = { SECRET: 'do-not-print-me', EMPTY: '', LINES: 'do-not-print-me\nx' };

function errorsIn(load: () => unknown): string[] {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.doesNotMatch(error.message, /do-not-print-me/);
    return error.message.replaceAll(`${folder}/`, '').split('\n');
  }
  return [];
}

/** The errors printed for a file with these lines below `opentelemetry:`. */
function errorsInFile(lines: readonly string[], env: Environment = ENV): string[] {
  const file = join(folder, 'c.yml');
  const all = [
    'accounts: [{ provider: acme, apiKey: k }]',
    'opentelemetry:',
    ...lines.map((line) => `  ${line}`),
  ];
  writeFileSync(file, all.join('\n'));
  return errorsIn(() => loadConfig(file, env, FAKE_PROVIDERS));
}

/** A receiver that is valid except for the given keys. */
function receiver(keys: string): string {
  return `receivers: [{ name: a, ${keys} }]`;
}

const DURATION = 'a number and s, m, h or d, such as 90s, 2m, 1.5h or 1d';
const HTTP_URL = 'must be a URL that starts with https:// or http://';
const GRPC_URL = 'must be host:port, https://host:port or http://host:port, as the protocol is grpc';
const NO_USER = 'must not contain a user or password; put an authorization header into the headers';
const CHARACTER = 'contains a character that a header cannot carry; was it copied from formatted text?';

const CASES: Record<string, readonly [lines: string | readonly string[], ...messages: string[]]> = {
  'nothing in the section': [[], 'c.yml:2:15: opentelemetry: is empty; give it a value or remove the line'],
  'a key misspelt': [
    'prometeus: true',
    'c.yml:3:3: opentelemetry.prometeus: unknown key; did you mean "prometheus"?',
  ],
  'a key of a receiver misspelt': [
    receiver('intervall: 5s'),
    'c.yml:3:26: opentelemetry.receivers[0].intervall: unknown key; did you mean "interval"?',
  ],
  'a key of metrics among traces': [
    'traces: { temporality: delta }',
    'c.yml:3:13: opentelemetry.traces.temporality: unknown key; available: protocol, endpoint, insecure, headers, compression, timeout, caFile, certFile, keyFile, tracesEndpoint, sampleRatio',
  ],
  'text for a boolean': [
    'prometheus: "yes"',
    'c.yml:3:15: opentelemetry.prometheus: must be true or false, not text',
  ],
  'an attribute that is a number': [
    'resourceAttributes: { a: 1 }',
    'c.yml:3:28: opentelemetry.resourceAttributes.a: must be text, not a number; put it in quotes (found 1)',
  ],
  'a receiver without a name': [
    'receivers: [{ protocol: grpc }]',
    'c.yml:3:15: opentelemetry.receivers[0].name: is missing; add it',
  ],
  'two receivers of one name': [
    'receivers: [{ name: a }, { name: a }]',
    'c.yml:3:36: opentelemetry.receivers[1].name: is already the name of opentelemetry.receivers[0]; choose another',
  ],
  'an unknown protocol': [
    receiver('protocol: http'),
    'c.yml:3:36: opentelemetry.receivers[0].protocol: must be one of http/protobuf, http/json, grpc (found "http")',
  ],
  'an endpoint without a scheme': [
    receiver('endpoint: "do-not-print-me:4318"'),
    `c.yml:3:36: opentelemetry.receivers[0].endpoint: ${HTTP_URL}`,
  ],
  'an endpoint of another scheme': [
    receiver('metricsEndpoint: ftp://do-not-print-me'),
    `c.yml:3:43: opentelemetry.receivers[0].metricsEndpoint: ${HTTP_URL}`,
  ],
  'an endpoint from a variable': [
    receiver(`endpoint: "\${SECRET}"`),
    `c.yml:3:36: opentelemetry.receivers[0].endpoint: ${HTTP_URL} (in variable SECRET)`,
  ],
  'an endpoint with a password': [
    receiver('endpoint: "https://me:do-not-print-me@host"'),
    `c.yml:3:36: opentelemetry.receivers[0].endpoint: ${NO_USER}`,
  ],
  'an endpoint for grpc with a user': [
    receiver('protocol: grpc, endpoint: "do-not-print-me@host:1"'),
    `c.yml:3:52: opentelemetry.receivers[0].endpoint: ${NO_USER}`,
  ],
  'an endpoint for grpc of another scheme': [
    receiver('protocol: grpc, endpoint: "dns:///host"'),
    `c.yml:3:52: opentelemetry.receivers[0].endpoint: ${GRPC_URL}`,
  ],
  'an invalid endpoint for grpc': [
    receiver('protocol: grpc, endpoint: "host:port"'),
    `c.yml:3:52: opentelemetry.receivers[0].endpoint: ${GRPC_URL}`,
  ],
  'an endpoint for grpc with a path': [
    receiver('protocol: grpc, endpoint: "http://host:1/v1/metrics"'),
    'c.yml:3:52: opentelemetry.receivers[0].endpoint: continues after host and port, which the protocol grpc does not use',
  ],
  'an empty endpoint': [
    `traces: { endpoint: "\${EMPTY}" }`,
    `c.yml:3:23: opentelemetry.traces.endpoint: ${HTTP_URL} (in variable EMPTY)`,
  ],
  'two endpoints': [
    receiver('endpoint: "http://a", metricsEndpoint: "http://b"'),
    'c.yml:3:65: opentelemetry.receivers[0].metricsEndpoint: conflicts with endpoint; keep one of the two',
  ],
  'no TLS where the scheme says it already': [
    [receiver('protocol: grpc, endpoint: "https://h", insecure: true'), 'traces: { insecure: false }'],
    'c.yml:3:75: opentelemetry.receivers[0].insecure: is for the protocol grpc and an endpoint without a scheme; remove it',
    'c.yml:4:23: opentelemetry.traces.insecure: is for the protocol grpc and an endpoint without a scheme; remove it',
  ],

  'headers as text': [
    receiver('headers: a=do-not-print-me'),
    'c.yml:3:35: opentelemetry.receivers[0].headers: must be a mapping of keys to values, not text',
  ],
  'a header that is a number': [
    receiver('headers: { a: 12345 }'),
    'c.yml:3:40: opentelemetry.receivers[0].headers.a: must be text, not a number; put it in quotes',
  ],
  'a header glued to its value': [
    receiver('headers: { api-key:do-not-print-me }'),
    'c.yml:3:37: opentelemetry.receivers[0].headers.api-key: is empty; give it a value or remove the line',
  ],
  'a header whose name holds its value': [
    receiver('headers: { "api-key=do-not-print-me": x }'),
    'c.yml:3:64: opentelemetry.receivers[0].headers.api-key: is not a valid header name',
  ],
  'reserved headers': [
    receiver('headers: { Content-Type: x }'),
    'c.yml:3:51: opentelemetry.receivers[0].headers.Content-Type: is a header that the exporter itself sends; remove it',
  ],
  'an empty header': [
    receiver(`headers: { a: "\${EMPTY}" }`),
    'c.yml:3:40: opentelemetry.receivers[0].headers.a: is empty (in variable EMPTY)',
  ],
  'a header over two lines': [
    receiver(`headers: { a: "\${LINES}" }`),
    'c.yml:3:40: opentelemetry.receivers[0].headers.a: contains a line break; a header is a single line (in variable LINES)',
  ],
  'a header with a character that is not ASCII': [
    'traces: { headers: { a: do-not-print-me–1 } }',
    `c.yml:3:27: opentelemetry.traces.headers.a: ${CHARACTER}`,
  ],

  'durations out of bounds': [
    receiver('interval: 0s, timeout: 1h, pushTimeout: 30'),
    `c.yml:3:36: opentelemetry.receivers[0].interval: must be a duration from 0.1s to 1d: ${DURATION} (found "0s")`,
    `c.yml:3:49: opentelemetry.receivers[0].timeout: must be a duration from 0.1s to 10m: ${DURATION} (found "1h")`,
    `c.yml:3:66: opentelemetry.receivers[0].pushTimeout: must be a duration from 0.1s to 1d: ${DURATION} (found 30)`,
  ],
  'a push longer than its interval': [
    receiver('pushTimeout: 61s'),
    'c.yml:3:39: opentelemetry.receivers[0].pushTimeout: is longer than the interval of 60 s; pushes do not overlap',
  ],
  'a sample ratio above 1': [
    'traces: { sampleRatio: 50 }',
    'c.yml:3:26: opentelemetry.traces.sampleRatio: must be at most 1 (found 50)',
  ],

  'a file that is not there': [
    receiver('caFile: do-not-print-me/ca.pem'),
    'c.yml:3:34: opentelemetry.receivers[0].caFile: cannot be read: the file does not exist; correct the path or create it',
  ],
  'a file that is a folder': [
    receiver('caFile: ./'),
    'c.yml:3:34: opentelemetry.receivers[0].caFile: cannot be read: it is a directory; name a file in it',
  ],
  'files that are no PEM': [
    receiver('caFile: none.pem, certFile: key.pem, keyFile: cert.pem'),
    'c.yml:3:34: opentelemetry.receivers[0].caFile: names a file that contains no valid PEM certificate',
    'c.yml:3:54: opentelemetry.receivers[0].certFile: names a file that contains no valid PEM certificate',
    'c.yml:3:72: opentelemetry.receivers[0].keyFile: names a file that contains no PEM private key',
  ],
  'a certificate without its key': [
    receiver('certFile: cert.pem'),
    'c.yml:3:36: opentelemetry.receivers[0].certFile: needs a private key; add it',
  ],
  'a key without its certificate': [
    'traces: { keyFile: key.pem }',
    'c.yml:3:22: opentelemetry.traces.keyFile: needs a certificate; add it',
  ],
  'a key of another certificate': [
    receiver('certFile: cert.pem, keyFile: key.pem'),
    'c.yml:3:55: opentelemetry.receivers[0].keyFile: names a file whose key does not match the certificate',
  ],
};

for (const [name, [lines, ...messages]] of Object.entries(CASES)) {
  test(`${name} is reported with its position, key and remedy`, () =>
    assert.deepEqual(errorsInFile([lines].flat()), messages));
}

const BOTH = { OTEL_METRICS_EXPORTER: 'otlp', OTEL_TRACES_EXPORTER: 'otlp' };
const OTLP = 'OTEL_EXPORTER_OTLP';
const HEADERS = 'must be comma-separated name=value pairs; write %2C for a comma and %25 for %';

const VARIABLES: Record<string, readonly [env: Environment, ...messages: string[]]> = {
  'an endpoint that is no URL': [
    { ...BOTH, [`${OTLP}_ENDPOINT`]: 'do-not-print-me:4318' },
    `environment: ${OTLP}_ENDPOINT: ${HTTP_URL}`,
  ],
  'an endpoint for metrics with a password': [
    { [`${OTLP}_METRICS_ENDPOINT`]: 'http://do-not-print-me:x@host' },
    `environment: ${OTLP}_METRICS_ENDPOINT: ${NO_USER}`,
  ],
  'an invalid endpoint for grpc': [
    { [`${OTLP}_PROTOCOL`]: 'grpc', [`${OTLP}_ENDPOINT`]: 'unix:///do-not-print-me' },
    `environment: ${OTLP}_ENDPOINT: ${GRPC_URL}`,
  ],
  'an endpoint for grpc that is a socket': [
    { [`${OTLP}_PROTOCOL`]: 'grpc', [`${OTLP}_ENDPOINT`]: 'unix:/do-not-print-me' },
    `environment: ${OTLP}_ENDPOINT: ${GRPC_URL}`,
  ],
  'headers that are no pairs': [
    { ...BOTH, [`${OTLP}_HEADERS`]: 'a=1,do-not-print-me' },
    `environment: ${OTLP}_HEADERS: ${HEADERS}`,
  ],
  'headers that are not encoded': [
    { ...BOTH, [`${OTLP}_TRACES_HEADERS`]: 'a=do-not-print-me%' },
    `environment: ${OTLP}_TRACES_HEADERS: ${HEADERS}`,
  ],
  'invalid headers': [
    {
      ...BOTH,
      [`${OTLP}_METRICS_HEADERS`]: 'a=do-not-print-me%0A1',
      [`${OTLP}_TRACES_HEADERS`]: 'do not-print-me=x',
    },
    `environment: ${OTLP}_METRICS_HEADERS: contains a line break; a header is a single line`,
    `environment: ${OTLP}_TRACES_HEADERS: is not a valid header name`,
  ],
  'files that cannot be used': [
    {
      ...BOTH,
      [`${OTLP}_CERTIFICATE`]: './do-not-print-me',
      [`${OTLP}_CLIENT_KEY`]: join(folder, 'key.pem'),
    },
    `environment: ${OTLP}_CERTIFICATE: cannot be read: the file does not exist; correct the path or create it`,
    `environment: ${OTLP}_CLIENT_KEY: needs a certificate; add it`,
  ],
};

for (const [name, [env, ...messages]] of Object.entries(VARIABLES)) {
  test(`${name}, in a variable, is reported with its name and remedy`, () => {
    assert.deepEqual(
      errorsIn(() => openTelemetryOfEnvironment(env)),
      messages,
    );
  });
}

test('errors of the file and of variables are reported together, and no warning contains a value', () => {
  const env = { ...BOTH, [`${OTLP}_ENDPOINT`]: 'x', OTEL_SERVICE_NAME: 's' };
  assert.deepEqual(errorsInFile(['receivers: [{ name: "" }]'], env), [
    'c.yml:3:23: opentelemetry.receivers[0].name: must be 1 to 64 printable characters, without spaces around them (found "")',
    `environment: ${OTLP}_ENDPOINT: ${HTTP_URL}`,
  ]);
  const { warnings } = openTelemetryOfEnvironment(
    new Proxy(
      {},
      {
        get: (_, name: string) =>
          /ENDPOINT|HEADERS|CERT|KEY$/.test(name) ? '' : (WARNED[name] ?? 'do-not-print-me'),
      },
    ),
  );
  assert.ok(warnings.length >= 10, warnings.join('\n'));
  for (const warning of warnings) assert.doesNotMatch(warning, /do-not-print-me/);
});

const WARNED: Readonly<Record<string, string>> = {
  ...{ OTEL_METRICS_EXPORTER: 'otlp,do-not-print-me', OTEL_TRACES_EXPORTER: 'otlp' },
  OTEL_TRACES_SAMPLER: 'traceidratio',
};
