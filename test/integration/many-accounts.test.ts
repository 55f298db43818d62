import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { serveOnLoopback } from '../support/exporter/loopback.ts';
import { folderOf, serve } from '../support/exporter/process.ts';

const ACCOUNTS = 1000;
/** Generous: waiting for all accounts would take minutes. */
const LIMIT_MS = 15_000;

/** Venice for an account without any use. */
async function venice(context: TestContext): Promise<{ readonly url: string; asked(): number }> {
  let count = 0;
  const host = await serveOnLoopback(context, (request, response) => {
    count += 1;
    const isUsage = request.url?.includes('/usage-history') ?? false;
    response.writeHead(isUsage ? 200 : 404, { 'content-type': 'application/json' });
    response.end('{"data":[],"nextCursor":null}');
  });
  return { url: `http://${host}`, asked: () => count };
}

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0';

/** A page is complete, and has the counters of each feed once. */
async function scrape(url: string, accept: string): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const page = await (await fetch(`${url}/metrics`, { headers: { accept }, signal })).text();
  assert.equal(page.endsWith('# EOF\n'), accept === OPENMETRICS);
  const feeds = [...page.matchAll(/^ai_billing_polls_total(\{.*\}) \d+$/gm)].map(([, labels]) => labels);
  assert.equal(feeds.length, new Set(feeds).size);
  assert.ok(
    new Set(feeds.map((labels) => /account="([^"]+)"/.exec(labels ?? '')?.[1])).size > ACCOUNTS / 100,
  );
}

test('scheduler: a thousand accounts delay neither responses nor shutdown', async (context) => {
  const folder = await folderOf(context);
  const provider = await venice(context);
  const file = join(folder, 'config.yml');
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => ({
    provider: 'venice',
    name: `account-${index}`,
    apiKey: `key-of-the-test-${index}`,
    baseUrl: provider.url,
  }));
  const server = { listen: '127.0.0.1:0' };
  await writeFile(file, JSON.stringify({ server, state: { path: join(folder, 'ledger.db') }, accounts }));
  const exporter = await serve(context, file);
  for (let asks = 0; asks < 50 || provider.asked() < ACCOUNTS / 4; asks += 1) {
    const answer = await fetch(`${exporter.url}/-/healthy`, { signal: AbortSignal.timeout(LIMIT_MS) });
    assert.equal(answer.status, 200);
    if (asks % 10 === 0) await scrape(exporter.url, asks % 20 === 0 ? 'text/plain' : OPENMETRICS);
    await wait(50);
  }
  const asking = performance.now();
  const { code } = await exporter.end('SIGTERM');
  assert.equal(code, 0);
  assert.ok(performance.now() - asking < 2 * LIMIT_MS);
});
