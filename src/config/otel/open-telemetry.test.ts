import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { FAKE_PROVIDERS } from '../../../test/fake-providers.ts';
import { createAuthority } from '../../../test/support/exporter/certificates.ts';
import type { Receiver } from '../../push/receiver.ts';
import { loadConfig } from '../load.ts';
import type { Environment } from '../yaml/substitute.ts';
import type { OpenTelemetry } from './open-telemetry.ts';
import { NO_OPEN_TELEMETRY, openTelemetryOfEnvironment } from './open-telemetry.ts';

const folder = mkdtempSync(join(tmpdir(), 'open-telemetry-'));
after(() => rmSync(folder, { recursive: true }));

const { ca: cert, key } = createAuthority('receiver');
const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
writeFileSync(certFile, cert);
writeFileSync(keyFile, key);

const LONGEST_MS = 2_147_483_647;

interface Expected {
  /** What is unlike a receiver of which nothing is said. */
  readonly metrics?: object;
  readonly traces?: object;
  readonly sampleRatio?: number;
  readonly prometheus?: boolean;
  readonly genAi?: boolean;
  readonly resource?: object;
  readonly warnings?: readonly string[];
}

/** All that a configuration says, so that each row below also says what does not happen. */
function assertSays(actual: OpenTelemetry, expected: Expected): void {
  const { metrics, traces, sampleRatio = 1, ...rest } = expected;
  const plain = {
    ...{ protocol: 'http/protobuf', headers: {}, compression: 'none', temporality: 'cumulative' },
    ...{ intervalMs: 60_000, timeoutMs: 10_000, pushTimeoutMs: 30_000, tls: {} },
  };
  const receivers = metrics
    ? [{ ...plain, name: 'default', url: 'http://localhost:4318/v1/metrics', ...metrics }]
    : [];
  const spans = { ...plain, name: 'traces', url: 'http://localhost:4318/v1/traces', ...traces };
  assert.deepEqual(
    {
      ...actual,
      receivers: actual.receivers.map(shown),
      traces: actual.traces && { ...actual.traces, receiver: shown(actual.traces.receiver) },
    },
    {
      ...NO_OPEN_TELEMETRY,
      ...rest,
      receivers,
      traces: traces && { receiver: spans, sampleRatio },
    },
  );
}

function shown({ headers, tls, ...rest }: Receiver) {
  return { ...rest, headers: headers(), tls: { ...tls } };
}

const METRICS = { OTEL_METRICS_EXPORTER: 'otlp' };
const TRACES = { OTEL_TRACES_EXPORTER: 'otlp' };
const BOTH = { ...METRICS, ...TRACES };
const OTLP = 'OTEL_EXPORTER_OTLP';
const SERVICE = { 'service.name': 'ai-billing-exporter' };
const IGNORED_ATTRIBUTES =
  'OTEL_RESOURCE_ATTRIBUTES is not a comma-separated list of %-encoded key=value pairs: ignored entirely';
const NO_MS = (name: string, least = 0) =>
  `${name} is not a whole number of milliseconds from ${least} to ${LONGEST_MS}: ignored`;

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and .../otel/protocol/exporter/ */
const ROWS: Record<string, readonly [Environment, Expected]> = {
  'nothing is set': [{}, {}],
  'everything is empty': [
    { OTEL_METRICS_EXPORTER: '', [`${OTLP}_ENDPOINT`]: '', OTEL_SERVICE_NAME: '', OTEL_SDK_DISABLED: ' ' },
    {},
  ],
  'what says nothing of whom to tell': [
    { [`${OTLP}_HEADERS`]: 'a=b', [`${OTLP}_TRACES_ENDPOINT`]: 'http://t', OTEL_PROPAGATORS: 'tracecontext' },
    {},
  ],

  'metrics go out': [METRICS, { metrics: {} }],
  'an endpoint is wish enough': [
    { [`${OTLP}_ENDPOINT`]: 'http://c' },
    { metrics: { url: 'http://c/v1/metrics' } },
  ],
  'an endpoint for metrics is wish enough': [
    { [`${OTLP}_METRICS_ENDPOINT`]: 'http://c/in' },
    { metrics: { url: 'http://c/in' } },
  ],
  'an endpoint is set, but nothing is wanted': [
    { OTEL_METRICS_EXPORTER: 'None', [`${OTLP}_ENDPOINT`]: 'http://c' },
    {},
  ],
  'an endpoint is set, but Prometheus is wanted': [
    { OTEL_METRICS_EXPORTER: 'prometheus', [`${OTLP}_ENDPOINT`]: 'http://c' },
    { prometheus: true },
  ],
  'both exporters': [{ OTEL_METRICS_EXPORTER: ' OTLP , Prometheus,' }, { prometheus: true, metrics: {} }],
  'none beside others': [
    { OTEL_METRICS_EXPORTER: 'otlp,none' },
    { warnings: ['OTEL_METRICS_EXPORTER combines none with other exporters: using none'] },
  ],
  'an exporter of others': [
    { OTEL_METRICS_EXPORTER: 'console', [`${OTLP}_ENDPOINT`]: 'http://c' },
    { warnings: ['OTEL_METRICS_EXPORTER contains something other than otlp, prometheus, none: ignored'] },
  ],
  'an unknown exporter': [
    { OTEL_METRICS_EXPORTER: 'oltp', [`${OTLP}_ENDPOINT`]: 'http://c' },
    {
      metrics: { url: 'http://c/v1/metrics' },
      warnings: ['OTEL_METRICS_EXPORTER contains something other than otlp, prometheus, none: ignored'],
    },
  ],
  'exporters of ours and of others': [
    { OTEL_METRICS_EXPORTER: 'console,otlp' },
    {
      metrics: {},
      warnings: ['OTEL_METRICS_EXPORTER contains something other than otlp, prometheus, none: ignored'],
    },
  ],
  'all of it is switched off': [
    { ...BOTH, OTEL_METRICS_EXPORTER: 'otlp,prometheus', OTEL_SDK_DISABLED: 'TRUE' },
    {},
  ],
  'off is only switched by true': [
    { ...METRICS, OTEL_SDK_DISABLED: '1' },
    { metrics: {}, warnings: ['OTEL_SDK_DISABLED is neither true nor false: treated as false'] },
  ],
  'what is false is no mistake': [{ ...METRICS, OTEL_SDK_DISABLED: 'False' }, { metrics: {} }],

  'the name of the service': [{ OTEL_SERVICE_NAME: 'mine' }, { resource: { 'service.name': 'mine' } }],
  'resource attributes': [
    { OTEL_RESOURCE_ATTRIBUTES: ' a = 1 ,b%20c=%C3%A4%3D%2C+,,d=' },
    { resource: { ...SERVICE, a: '1', 'b c': 'ä=,+', d: '' } },
  ],
  'a service name among the attributes': [
    { OTEL_RESOURCE_ATTRIBUTES: 'service.name=theirs,x=y' },
    { resource: { 'service.name': 'theirs', x: 'y' } },
  ],
  'a service name beside the attributes': [
    { OTEL_RESOURCE_ATTRIBUTES: 'service.name=theirs,x=y', OTEL_SERVICE_NAME: 'mine' },
    { resource: { 'service.name': 'mine', x: 'y' } },
  ],
  ...Object.fromEntries(
    ['a=1,b', 'a=1,=2', 'a=1,b=%', 'a=1,b=%ff', 'a=1,b=c=d', 'a=1,%zz=2'].map((text) => [
      `invalid resource attributes: ${text}`,
      [
        { OTEL_RESOURCE_ATTRIBUTES: text, OTEL_SERVICE_NAME: 's' },
        { resource: { 'service.name': 's' }, warnings: [IGNORED_ATTRIBUTES] },
      ],
    ]),
  ),

  'an endpoint with a path': [
    { [`${OTLP}_ENDPOINT`]: 'http://c:4318/my' },
    { metrics: { url: 'http://c:4318/my/v1/metrics' } },
  ],
  'an endpoint with a slash': [
    { [`${OTLP}_ENDPOINT`]: 'http://c/my/' },
    { metrics: { url: 'http://c/my/v1/metrics' } },
  ],
  'an endpoint with a query': [
    { [`${OTLP}_ENDPOINT`]: 'HTTPS://C?a=b#c' },
    { metrics: { url: 'https://c/v1/metrics?a=b' } },
  ],
  'endpoints for each signal are used as they are': [
    {
      ...TRACES,
      [`${OTLP}_METRICS_ENDPOINT`]: 'https://m/x/',
      [`${OTLP}_TRACES_ENDPOINT`]: 'http://t:4318',
      [`${OTLP}_ENDPOINT`]: 'http://c',
    },
    { metrics: { url: 'https://m/x/' }, traces: { url: 'http://t:4318/' } },
  ],
  'an endpoint for one signal, and one for the rest': [
    { ...TRACES, [`${OTLP}_METRICS_ENDPOINT`]: 'https://m', [`${OTLP}_ENDPOINT`]: 'http://c/' },
    { metrics: { url: 'https://m/' }, traces: { url: 'http://c/v1/traces' } },
  ],
  'INSECURE is not for HTTP': [
    { [`${OTLP}_ENDPOINT`]: 'https://c', [`${OTLP}_INSECURE`]: 'true' },
    { metrics: { url: 'https://c/v1/metrics' } },
  ],
  'http/json': [{ ...METRICS, [`${OTLP}_PROTOCOL`]: 'HTTP/JSON' }, { metrics: { protocol: 'http/json' } }],
  'a protocol for each signal': [
    { ...BOTH, [`${OTLP}_PROTOCOL`]: 'http/json', [`${OTLP}_TRACES_PROTOCOL`]: 'grpc' },
    { metrics: { protocol: 'http/json' }, traces: { protocol: 'grpc', url: 'http://localhost:4317' } },
  ],
  'an unknown protocol': [
    { ...BOTH, [`${OTLP}_PROTOCOL`]: 'http' },
    {
      ...{ metrics: {}, traces: {} },
      warnings: [`${OTLP}_PROTOCOL is not http/protobuf or http/json or grpc: ignored`],
    },
  ],
  'an unknown protocol for metrics, and a known one for all': [
    { ...METRICS, [`${OTLP}_METRICS_PROTOCOL`]: 'x', [`${OTLP}_PROTOCOL`]: 'http/json' },
    {
      metrics: { protocol: 'http/json' },
      warnings: [`${OTLP}_METRICS_PROTOCOL is not http/protobuf or http/json or grpc: ignored`],
    },
  ],
  ...grpcRows({
    'grpc without an endpoint': [{}, 'http://localhost:4317'],
    'grpc with http': [{ [`${OTLP}_ENDPOINT`]: 'http://c:4317/' }, 'http://c:4317'],
    'grpc with https': [{ [`${OTLP}_ENDPOINT`]: 'https://c:4317' }, 'https://c:4317'],
    'grpc without a port': [{ [`${OTLP}_ENDPOINT`]: 'http://c' }, 'http://c:80'],
    'grpc with TLS and without a port': [{ [`${OTLP}_ENDPOINT`]: 'https://c' }, 'https://c:443'],
    'grpc without a scheme': [{ [`${OTLP}_ENDPOINT`]: 'c:4317' }, 'https://c:4317'],
    'grpc with an address': [{ [`${OTLP}_ENDPOINT`]: '[::1]:4317' }, 'https://[::1]:4317'],
    'grpc, insecure': [{ [`${OTLP}_ENDPOINT`]: 'c:4317', [`${OTLP}_INSECURE`]: 'True' }, 'http://c:4317'],
    'grpc, insecure for metrics': [
      {
        [`${OTLP}_METRICS_ENDPOINT`]: 'c:4317',
        [`${OTLP}_METRICS_INSECURE`]: 'true',
        [`${OTLP}_INSECURE`]: 'false',
      },
      'http://c:4317',
    ],
    'grpc, secure for metrics': [
      { [`${OTLP}_ENDPOINT`]: 'c:4317', [`${OTLP}_METRICS_INSECURE`]: 'false', [`${OTLP}_INSECURE`]: 'true' },
      'https://c:4317',
    ],
    'grpc, where the scheme wins over insecure': [
      { [`${OTLP}_ENDPOINT`]: 'https://c:4317', [`${OTLP}_INSECURE`]: 'true' },
      'https://c:4317',
    ],
  }),
  'grpc with a path': [
    { [`${OTLP}_PROTOCOL`]: 'grpc', [`${OTLP}_ENDPOINT`]: 'http://c:4317/v1/metrics' },
    {
      metrics: { protocol: 'grpc', url: 'http://c:4317' },
      warnings: [`${OTLP}_ENDPOINT continues after host and port, which the protocol grpc does not use`],
    },
  ],

  headers: [
    { ...METRICS, [`${OTLP}_HEADERS`]: 'Api-Key=a%20b%2C, authorization = Basic dTpw== ,' },
    { metrics: { headers: { 'api-key': 'a b,', authorization: 'Basic dTpw==' } } },
  ],
  'headers for one signal replace those for all': [
    { ...BOTH, [`${OTLP}_HEADERS`]: 'a=1,b=2', [`${OTLP}_METRICS_HEADERS`]: 'b=3' },
    { metrics: { headers: { b: '3' } }, traces: { headers: { a: '1', b: '2' } } },
  ],
  compression: [{ ...METRICS, [`${OTLP}_COMPRESSION`]: 'GZIP' }, { metrics: { compression: 'gzip' } }],
  'compression for one signal': [
    { ...BOTH, [`${OTLP}_COMPRESSION`]: 'gzip', [`${OTLP}_METRICS_COMPRESSION`]: 'none' },
    { metrics: {}, traces: { compression: 'gzip' } },
  ],
  'an unknown compression': [
    { ...METRICS, [`${OTLP}_COMPRESSION`]: 'zstd' },
    { metrics: {}, warnings: [`${OTLP}_COMPRESSION is not gzip or none: ignored`] },
  ],
  timeouts: [
    { ...BOTH, [`${OTLP}_TIMEOUT`]: '5000', [`${OTLP}_TRACES_TIMEOUT`]: '7' },
    { metrics: { timeoutMs: 5000 }, traces: { timeoutMs: 7 } },
  ],
  'a timeout of 0 never comes': [
    { ...METRICS, [`${OTLP}_TIMEOUT`]: '0' },
    { metrics: { timeoutMs: LONGEST_MS } },
  ],
  ...Object.fromEntries(
    ['10s', '-1', '1.5', '0x10', '2147483648'].map((text) => [
      `an invalid timeout: ${text}`,
      [
        { ...METRICS, [`${OTLP}_TIMEOUT`]: text },
        { metrics: {}, warnings: [NO_MS(`${OTLP}_TIMEOUT`)] },
      ],
    ]),
  ),
  'TLS files': [
    {
      ...BOTH,
      [`${OTLP}_CERTIFICATE`]: certFile,
      [`${OTLP}_METRICS_CLIENT_CERTIFICATE`]: certFile,
      [`${OTLP}_METRICS_CLIENT_KEY`]: keyFile,
    },
    { metrics: { tls: { ca: cert, cert, key } }, traces: { tls: { ca: cert } } },
  ],

  'the interval and the timeout of a push': [
    { ...METRICS, OTEL_METRIC_EXPORT_INTERVAL: '45000', OTEL_METRIC_EXPORT_TIMEOUT: '20000' },
    { metrics: { intervalMs: 45_000, pushTimeoutMs: 20_000 } },
  ],
  'an interval below the default timeout': [
    { ...METRICS, OTEL_METRIC_EXPORT_INTERVAL: '1000' },
    { metrics: { intervalMs: 1000, pushTimeoutMs: 1000 } },
  ],
  'a push longer than its interval': [
    { ...METRICS, OTEL_METRIC_EXPORT_INTERVAL: '1000', OTEL_METRIC_EXPORT_TIMEOUT: '1001' },
    {
      metrics: { intervalMs: 1000, pushTimeoutMs: 1000 },
      warnings: ['OTEL_METRIC_EXPORT_TIMEOUT is longer than the interval of 1 s; pushes do not overlap'],
    },
  ],
  'a push without end': [
    { ...METRICS, OTEL_METRIC_EXPORT_TIMEOUT: '0' },
    {
      metrics: { pushTimeoutMs: 60_000 },
      warnings: ['OTEL_METRIC_EXPORT_TIMEOUT is longer than the interval of 60 s; pushes do not overlap'],
    },
  ],
  'an invalid interval': [
    { ...METRICS, OTEL_METRIC_EXPORT_INTERVAL: '0' },
    { metrics: {}, warnings: [NO_MS('OTEL_METRIC_EXPORT_INTERVAL', 1)] },
  ],
  ...Object.fromEntries(
    ['Cumulative', 'DELTA', 'LowMemory'].map((text) => [
      `temporality ${text}`,
      [
        { ...METRICS, [`${OTLP}_METRICS_TEMPORALITY_PREFERENCE`]: text },
        { metrics: { temporality: text.toLowerCase() } },
      ],
    ]),
  ),
  'an unknown temporality': [
    { ...METRICS, [`${OTLP}_METRICS_TEMPORALITY_PREFERENCE`]: 'low_memory' },
    {
      metrics: {},
      warnings: [`${OTLP}_METRICS_TEMPORALITY_PREFERENCE is not cumulative or delta or lowmemory: ignored`],
    },
  ],
  'explicit buckets': [
    { ...METRICS, [`${OTLP}_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`]: 'explicit_bucket_histogram' },
    { metrics: {} },
  ],
  'exponential buckets': [
    { ...METRICS, [`${OTLP}_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`]: 'base2_exponential_bucket_histogram' },
    {
      metrics: {},
      warnings: [`${OTLP}_METRICS_DEFAULT_HISTOGRAM_AGGREGATION is not explicit_bucket_histogram: ignored`],
    },
  ],

  'traces go out': [TRACES, { traces: {} }],
  'an exporter of traces that is not ours': [
    { OTEL_TRACES_EXPORTER: 'zipkin' },
    { warnings: ['OTEL_TRACES_EXPORTER contains something other than otlp, none: ignored'] },
  ],
  ...Object.fromEntries(
    Object.entries({
      always_on: 1,
      always_off: 0,
      traceidratio: 0.25,
      parentbased_always_on: 1,
      parentbased_always_off: 0,
      ParentBased_TraceIdRatio: 0.25,
    }).map(([sampler, sampleRatio]) => [
      `the sampler ${sampler}`,
      [
        { ...TRACES, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0.25' },
        { traces: {}, sampleRatio },
      ],
    ]),
  ),
  'a ratio without a sampler': [{ ...TRACES, OTEL_TRACES_SAMPLER_ARG: '0.25' }, { traces: {} }],
  'a ratio of 0': [
    { ...TRACES, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
    { traces: {}, sampleRatio: 0 },
  ],
  'a sampler without its ratio': [{ ...TRACES, OTEL_TRACES_SAMPLER: 'traceidratio' }, { traces: {} }],
  ...Object.fromEntries(
    ['1.1', '-0.1', '50%', '.', 'NaN'].map((text) => [
      `an invalid ratio: ${text}`,
      [
        { ...TRACES, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: text },
        { traces: {}, warnings: ['OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1: ignored'] },
      ],
    ]),
  ),
  'a sampler that is not ours': [
    { ...TRACES, OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    {
      traces: {},
      warnings: [
        'OTEL_TRACES_SAMPLER is not always_on or always_off or traceidratio or parentbased_always_on or parentbased_always_off or parentbased_traceidratio: ignored',
      ],
    },
  ],
};

function grpcRows(
  rows: Record<string, readonly [Environment, string]>,
): Record<string, readonly [Environment, Expected]> {
  return Object.fromEntries(
    Object.entries(rows).map(([name, [env, url]]) => [
      name,
      [{ ...METRICS, [`${OTLP}_PROTOCOL`]: 'grpc', ...env }, { metrics: { protocol: 'grpc', url } }],
    ]),
  );
}

for (const [name, [env, expected]] of Object.entries(ROWS)) {
  test(`variables: ${name}`, () => assertSays(openTelemetryOfEnvironment(env), expected));
}

/** What a file with these lines below `opentelemetry:` comes to. */
function load(lines: readonly string[], env: Environment = {}): OpenTelemetry {
  const file = join(folder, 'c.yml');
  const section = lines.length === 0 ? '' : `opentelemetry:\n${lines.map((line) => `  ${line}\n`).join('')}`;
  writeFileSync(file, `accounts: [{ provider: acme, apiKey: k }]\n${section}`);
  return loadConfig(file, env, FAKE_PROVIDERS).openTelemetry;
}

test('OpenTelemetry settings come from variables if the file has no section', () => {
  assertSays(load([]), {});
  assertSays(load([], { ...METRICS, OTEL_SERVICE_NAME: 's' }), {
    metrics: {},
    resource: { 'service.name': 's' },
  });
  assertSays(load(['genAiAttributes: true'], METRICS), { metrics: {}, genAi: true });
  assertSays(loadConfig(undefined, { ...BOTH, ACME_API_KEY: 'k' }, FAKE_PROVIDERS).openTelemetry, {
    ...{ metrics: {}, traces: {} },
  });
});

test('the opentelemetry section is read with every key', () => {
  const lines = [
    'prometheus: true',
    'genAiAttributes: true',
    'serviceName: billing',
    'resourceAttributes: { deployment.environment.name: prod }',
    'receivers:',
    '  - name: vendor',
    '    protocol: http/json',
    '    endpoint: https://otlp.example/in/',
    `    headers: { Api-Key: "\${KEY}", authorization: Bearer x }`,
    '    compression: gzip',
    '    temporality: delta',
    '    interval: 90s',
    '    timeout: 5s',
    '    pushTimeout: 1m',
    '    caFile: cert.pem',
    '    certFile: ./cert.pem',
    '    keyFile: key.pem',
    'traces:',
    '  protocol: grpc',
    '  endpoint: c:4317',
    '  insecure: true',
    '  headers: { a: b }',
    '  compression: gzip',
    '  timeout: 5s',
    '  caFile: cert.pem',
    '  sampleRatio: 0.5',
  ];
  assertSays(load(lines, { KEY: 'k', OTEL_RESOURCE_ATTRIBUTES: 'a=1,service.name=x' }), {
    ...{ prometheus: true, genAi: true },
    resource: { a: '1', 'deployment.environment.name': 'prod', 'service.name': 'billing' },
    metrics: {
      ...{ name: 'vendor', protocol: 'http/json', url: 'https://otlp.example/in/v1/metrics' },
      headers: { 'api-key': 'k', authorization: 'Bearer x' },
      ...{ compression: 'gzip', temporality: 'delta' },
      ...{ intervalMs: 90_000, timeoutMs: 5000, pushTimeoutMs: 60_000, tls: { ca: cert, cert, key } },
    },
    traces: {
      ...{ protocol: 'grpc', url: 'http://c:4317', headers: { a: 'b' }, compression: 'gzip' },
      ...{ timeoutMs: 5000, tls: { ca: cert } },
    },
    sampleRatio: 0.5,
  });
});

test('a receiver needs only a name, and traces only an empty mapping', () => {
  assertSays(load(['receivers: [{ name: a }]', 'traces: {}']), { metrics: { name: 'a' }, traces: {} });
  assertSays(load(['receivers: [{ name: a, interval: 5s }]']), {
    metrics: { name: 'a', intervalMs: 5000, pushTimeoutMs: 5000 },
  });
  assertSays(
    load([
      'receivers: [{ name: a, metricsEndpoint: "http://a/x" }]',
      'traces: { tracesEndpoint: "http://t" }',
    ]),
    { metrics: { name: 'a', url: 'http://a/x' }, traces: { url: 'http://t/' } },
  );
});

test('receivers in the file replace those of variables', () => {
  const env = {
    OTEL_METRICS_EXPORTER: 'otlp,prometheus',
    ...TRACES,
    [`${OTLP}_ENDPOINT`]: 'no URL',
    [`${OTLP}_PROTOCOL`]: 'x',
    OTEL_METRIC_EXPORT_INTERVAL: 'x',
    OTEL_TRACES_SAMPLER: 'x',
  };
  assertSays(load(['receivers: [{ name: a }]', 'traces: {}', 'prometheus: false'], env), {
    metrics: { name: 'a' },
    traces: {},
  });
  assertSays(load(['receivers: []', 'traces: {}'], env), { prometheus: true, traces: {} });
});

test('OTEL_SDK_DISABLED disables the section of the file with a warning', () => {
  assertSays(
    load(['receivers: [{ name: a }]', 'traces: {}', 'prometheus: true', 'serviceName: s'], {
      OTEL_SDK_DISABLED: 'true',
    }),
    {
      resource: { 'service.name': 's' },
      warnings: ['OTEL_SDK_DISABLED is true: the opentelemetry section is disabled'],
    },
  );
});

test('printing a receiver never prints a header or a private key', () => {
  const lines = [
    `receivers: [{ name: a, headers: { x: "\${SECRET}" }, certFile: cert.pem, keyFile: key.pem }]`,
  ];
  const ofVariables = openTelemetryOfEnvironment({
    ...BOTH,
    [`${OTLP}_HEADERS`]: 'x=do-not-print-me',
    [`${OTLP}_CLIENT_CERTIFICATE`]: certFile,
    [`${OTLP}_CLIENT_KEY`]: keyFile,
  });
  for (const telemetry of [load(lines, { SECRET: 'do-not-print-me' }), ofVariables]) {
    const [receiver] = telemetry.receivers;
    assert.deepEqual(receiver?.headers(), { x: 'do-not-print-me' });
    assert.equal(receiver.tls.key, key);
    const texts = [
      JSON.stringify(telemetry),
      inspect(telemetry, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
      String(receiver.headers),
    ];
    for (const text of texts) assert.doesNotMatch(text, /do-not-print-me|PRIVATE/);
    assert.match(texts.join(), /BEGIN CERTIFICATE/);
  }
});
