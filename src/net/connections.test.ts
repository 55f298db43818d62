import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConnections } from './connections.ts';

const env = { HTTP_PROXY: 'http://me:open-sesame@plain:1', https_proxy: 'secure:2', NO_PROXY: 'example.com' };

const routes: readonly (readonly [origin: string, route: string])[] = [
  ['https://a.test', 'a.test through the proxy secure:2'],
  ['http://a.test:81', 'a.test:81 through the proxy plain:1'],
  ['http://localhost:9', 'localhost:9'],
  ['http://127.1.2.3:9', '127.1.2.3:9'],
  ['https://[::1]:9', '[::1]:9'],
];
for (const [origin, route] of routes) {
  test(`connections to ${origin} have the route ${route}`, async (context) => {
    const connections = openConnections({ origin, connections: 1, env });
    context.after(() => connections.dispatcher.destroy());
    assert.equal(connections.route(), route);
  });
}

test('connections are direct without proxy variables', async (context) => {
  const connections = openConnections({ origin: 'https://a.test', connections: 1, env: {} });
  context.after(() => connections.dispatcher.destroy());
  assert.equal(connections.route(), 'a.test');
});
