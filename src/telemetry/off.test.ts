import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { registerHooks } from 'node:module';
import { test } from 'node:test';

/** What only the exporter's own telemetry needs. `@opentelemetry/api` is there for prom-client. */
const OURS =
  /\/src\/telemetry\/|@opentelemetry\/(sdk-trace|context-async-hooks|instrumentation)|-in-the-middle\//;

test('telemetry that is off is not loaded, and instruments no request', async () => {
  const loaded: string[] = [];
  const hooks = registerHooks({
    load(url, context, next) {
      loaded.push(url);
      return next(url, context);
    },
  });
  await import('../commands/serve.ts');
  assert.ok(loaded.length > 100);
  assert.deepEqual(
    loaded.filter((url) => OURS.test(url)),
    [],
  );
  assert.equal(channel('undici:request:create').hasSubscribers, false);
  await import('./open.ts');
  hooks.deregister();
  assert.ok(loaded.filter((url) => OURS.test(url)).length > 10, 'it would have been seen');
});
