import assert from 'node:assert/strict';
import { test } from 'node:test';
import { negotiate, prefersGzip } from './format.ts';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OM = (version: string) => `application/openmetrics-text; version=${version}; charset=utf-8`;

const ACCEPT: [accept: string | undefined, contentType: string][] = [
  [undefined, TEXT],
  ['', TEXT],
  ['*/*', TEXT],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', TEXT],
  // Prometheus 2.42, 3.x, and 3.x with protobuf asked for first.
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    OM('1.0.0'),
  ],
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    OM('1.0.0'),
  ],
  [
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
    TEXT,
  ],
  ['text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=0.0.1;q=0.75', OM('0.0.1')],
  ['application/openmetrics-text', OM('0.0.1')],
  ['Application/OpenMetrics-Text; Version="1.0.0"', OM('1.0.0')],
  ['application/openmetrics-text;version=2.0.0,text/plain;q=0.1', TEXT],
  ['application/openmetrics-text;version=1.0.0;q=0,*/*;q=0.1', TEXT],
  ['text/plain,application/openmetrics-text;version=1.0.0', TEXT],
  ['application/openmetrics-text;version=1.0.0;q=nonsense', TEXT],
  ['application/json', TEXT],
  [';;;,,=', TEXT],
];

test('negotiate follows the Accept header', () => {
  for (const [accept, contentType] of ACCEPT) {
    assert.equal(negotiate(accept).contentType, contentType, accept);
    assert.equal(negotiate(accept).format, contentType === TEXT ? 'text' : 'openmetrics', accept);
  }
});

const ENCODINGS: [acceptEncoding: string | undefined, gzip: boolean][] = [
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['GZIP', true],
  ['x-gzip', true],
  ['deflate, gzip;q=0.5', true],
  ['gzip;q=0', false],
  ['gzip; q=0.000', false],
  ['gzip;q=0, *', false],
  ['*', true],
  ['*;q=0', false],
  ['br, zstd', false],
  ['identity, gzip;q=0.5', false],
  ['identity;q=0.5, gzip', true],
];

test('prefersGzip follows the Accept-Encoding header', () => {
  for (const [header, gzip] of ENCODINGS) assert.equal(prefersGzip(header), gzip, header);
});
