import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { DAY } from '../../src/core/values/time.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import { fakeClockAt } from '../simulators/kit/world.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { startExporter } from '../support/exporter/exporter.ts';
import { folderOf, serve } from '../support/exporter/process.ts';

const START = Date.UTC(2026, 10, 10, 6, 20);
const NotifiedAlert = z.object({ warnings: z.array(z.string()) });

async function warningsOf(url: string): Promise<string[]> {
  const status: unknown = await (await fetch(`${url}/api/v1/status`)).json();
  return NotifiedAlert.parse(status).warnings;
}

test('accounts with identical costs are reported in log, page and status, and totals stay unchanged', async (context) => {
  const clock = fakeClockAt(START);
  const options = { clock: clock, genesis: START - 5 * DAY };
  const simulators = await Promise.all([
    startBaseten({ ...options, key: 'one-key' }),
    startBaseten({ ...options, key: 'another-key' }),
    startBaseten({ ...options, key: 'a-third-key', seed: 7 }),
  ]);
  for (const simulator of simulators) context.after(() => simulator.close());
  const exporter = await startExporter(
    context,
    clock,
    simulators.map(({ url, key }, index) => ({ provider: 'baseten', name: `n${index}`, url, key })),
  );
  assert.deepEqual(await warningsOf(exporter.url), []);
  await exporter.pollAll();
  const [warning, ...more] = await warningsOf(exporter.url);
  assert.match(warning ?? '', /baseten "n0" and baseten "n1" have identical costs/);
  assert.deepEqual(more, []);
  assert.match(await (await fetch(exporter.url)).text(), /data-attention="warning">baseten &#34;n0&#34; and/);
  await exporter.pollAll();
  assert.equal(exporter.log().split('possible duplicate billing').length, 2, 'it is logged once');
  const page = await exporter.fresh();
  const spent = (account: string) => page.sum('ai_billing_cost_yesterday_usd', { account });
  assert.ok(spent('n0') > 0);
  assert.equal(spent('n0'), spent('n1'));
});

test('duplicate billing is reported at startup and after a reload adds an account with the same key', async (context) => {
  const venice = await startVenice({ key: 'canary-9f31-key' });
  context.after(() => venice.close());
  const folder = await folderOf(context);
  const file = join(folder, 'config.yml');
  const account = (name: string) => ({ provider: 'venice', name, apiKey: venice.key, baseUrl: venice.url });
  const write = (names: readonly string[]) =>
    writeFile(
      file,
      JSON.stringify({
        server: { listen: '127.0.0.1:0', enableReload: true },
        state: { path: join(folder, 'ledger.db') },
        accounts: names.map(account),
      }),
    );
  await write(['a', 'b']);
  const exporter = await serve(context, file);
  await exporter.said(/"warning":"venice \\"a\\" and venice \\"b\\" use the same key/);
  assert.equal((await warningsOf(exporter.url)).length, 1);
  await write(['a', 'b', 'c']);
  await fetch(`${exporter.url}/-/reload`, { method: 'POST' });
  await exporter.said(/"warning":"venice \\"a\\" and venice \\"c\\" use the same key/);
  assert.equal((await warningsOf(exporter.url)).length, 3);
});
