import assert from 'node:assert/strict';
import { collectorTest, validateCollector } from '../support/otel-collector.ts';

const VENDOR = { VENDOR_OTLP_ENDPOINT: 'http://127.0.0.1:9', VENDOR_API_KEY: '12345' };

collectorTest('the collector takes the configuration as it is shipped', async (_context, path) => {
  assert.deepEqual(await validateCollector(path, VENDOR), { code: 0, output: '' });
});

collectorTest('without an address of the vendor it does not start, and says why', async (_context, path) => {
  const { code, output } = await validateCollector(path, {});
  assert.equal(code, 1);
  assert.match(output, /otlp_http\/vendor: at least one endpoint must be specified/);
});
