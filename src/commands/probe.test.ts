import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { after, test } from 'node:test';
import { z } from 'zod';
import type { Account } from '../config/config.ts';
import { defineFeed, defineProvider, type Provider } from '../providers/api/provider.ts';
import { northflank } from '../providers/northflank/index.ts';
import { probe } from './probe.ts';

const asked: string[] = [];

/** A provider with a feed that has nothing due and one that would ask for page after page. */
function provider(): Provider<unknown> {
  const feed = (name: string, isDue: boolean) =>
    defineFeed<unknown, unknown>({
      name,
      schedule: '* * * * *',
      jitterMs: 0,
      plan: ({ now, coverage, since }) => (isDue && coverage.gaps({ start: since, end: now })) || [],
      async *ask(ask) {
        while (true) yield (await ask({ path: `/${name}`, schema: z.object({ ok: z.literal(true) }) })).body;
      },
      reader: () => ({ add() {}, finish: assert.fail }),
    });
  return defineProvider<unknown>({
    id: 'acme',
    title: 'Acme',
    baseUrl: '',
    versionPrefix: '',
    environmentKey: 'ACME',
    config: z.unknown(),
    headers: (_config, key) => ({ authorization: key }),
    rateLimit: () => ({}),
    feeds: [feed('idle', false), feed('usage', true)],
  });
}

async function accountAt(listener: RequestListener): Promise<Account> {
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    provider: provider(),
    name: 'one',
    baseUrl: `http://127.0.0.1:${address.port}`,
    key: () => 'do-not-print-me',
    keySource: 'test',
    since: 0,
    timeoutMs: 5000,
    schedule: {},
    config: undefined,
  };
}

const still = new AbortController().signal;

test('probe: one page of the first due feed proves the credential', async () => {
  const account = await accountAt((_, response) => {
    response.setHeader('content-type', 'application/json').end('{"ok":true}');
  });
  asked.length = 0;
  assert.deepEqual(await probe(account, still), { ok: true, isTried: true });
  assert.deepEqual(asked, ['/usage do-not-print-me']);
});

test('probe: requests nothing if nothing is due, and leaves the credential untested', async () => {
  const account = await accountAt((_, response) => void response.end());
  asked.length = 0;
  const idle = { ...account.provider, feeds: account.provider.feeds.slice(0, 1) };
  assert.deepEqual(await probe({ ...account, provider: idle }, still), { ok: true, isTried: false });
  assert.deepEqual(asked, []);
});

test('probe: a wrong Northflank teamId fails', async () => {
  const account = await accountAt((_, response) => {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"status":404}}');
  });
  const config = northflank.config.parse({ teamId: 'my-taem' });
  const probed = await probe({ ...account, provider: northflank, config }, still);
  assert.ok(!probed.ok);
  assert.equal(probed.reason, 'contract');
  assert.match(probed.message, /teamId/);
});

test('probe: reports a refusal with its reason, without the credential', async () => {
  const account = await accountAt((_, response) => {
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"do-not-print-me"}');
  });
  const probed = await probe(account, still);
  assert.ok(!probed.ok);
  assert.equal(probed.reason, 'auth');
  assert.doesNotMatch(probed.message, /do-not-print-me/);
});
