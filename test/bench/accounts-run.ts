import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * Starts the program with many accounts of Venice, each of which answers at once, and measures how it stands that.
 *
 * Usage: node test/bench/accounts-run.ts ACCOUNTS [SECONDS]
 */
const [count = 1000, seconds = 30] = process.argv.slice(2).map(Number);

const provider = createServer((request, response) => {
  const isUsage = request.url?.includes('/usage-history') ?? false;
  const at = new Date(Date.now() - 60_000).toISOString();
  const row = { timestamp: at, sku: 'm-llm-output-mtoken', amount: -10, currency: 'USD', units: 0.1 };
  const about = { pricePerUnitUsd: 1, notes: 'API Inference', inferenceDetails: null };
  const url = new URL(request.url ?? '', 'http://localhost');
  const end = url.searchParams.get('endTimestamp') ?? '';
  const start = url.searchParams.get('startTimestamp') ?? '';
  const isIn = start <= at && at < end;
  response.writeHead(isUsage ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ data: isIn ? [{ ...row, ...about }] : [], nextCursor: null }));
}).listen(0, '127.0.0.1');
await once(provider, 'listening');
const address = provider.address();
if (typeof address !== 'object' || !address) throw new Error('the provider does not listen');

const folder = await mkdtemp(join(tmpdir(), 'accounts-'));
const accounts = Array.from({ length: count }, (_, index) => ({
  provider: 'venice',
  name: `account-${index}`,
  apiKey: `key-of-the-account-number-${index}`,
  baseUrl: `http://127.0.0.1:${address.port}`,
}));
const listen = '127.0.0.1:0';
const config = { server: { listen }, state: { path: join(folder, 'ledger.db') }, accounts };
await writeFile(join(folder, 'config.yml'), JSON.stringify(config));

for (const run of ['first', 'again']) await measure(run);
provider.closeAllConnections();
provider.close();
await rm(folder, { recursive: true, force: true });

async function measure(title: string): Promise<void> {
  const begun = performance.now();
  const main = join(import.meta.dirname, '../../src/main.ts');
  const child = spawn(process.execPath, [main, 'serve', '--config', join(folder, 'config.yml')]);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdout.resume();
  const closed = once(child, 'close');
  while (!/"url":"([^"]+)"/.test(said) && child.exitCode === null && performance.now() - begun < 120_000)
    await wait(10);
  const url = /"url":"([^"]+)","version"/.exec(said)?.[1];
  if (url === undefined) throw new Error(`does not listen: ${said.slice(0, 2000)}`);
  const listening = performance.now() - begun;
  let healthy: number | undefined;
  let slowest = '';
  let failed = 0;
  const answers = { healthy: 0, metrics: 0 };
  const ask = async (path: string): Promise<number> => {
    const asked = performance.now();
    try {
      const response = await fetch(`${url}${path}`, { headers: { connection: 'close' } });
      await response.arrayBuffer();
    } catch {
      failed += 1;
    }
    return performance.now() - asked;
  };
  while (performance.now() - begun < seconds * 1000 + listening) {
    const took = await ask('/-/healthy');
    healthy ??= performance.now() - begun;
    if (took > answers.healthy) {
      answers.healthy = took;
      slowest = `${((performance.now() - begun) / 1000).toFixed(1)} s`;
    }
    answers.metrics = Math.max(answers.metrics, await ask('/metrics'));
    await wait(50);
  }
  const page = await fetch(`${url}/metrics`, { headers: { connection: 'close' } })
    .then((response) => response.text())
    .catch(() => '');
  const polls = [...page.matchAll(/^ai_billing_polls_total\{.*\} (\d+)/gm)].map(([, value]) => Number(value));
  const cpu = /^process_cpu_seconds_total (\S+)/m.exec(page)?.[1];
  const memory = /^process_resident_memory_bytes (\S+)/m.exec(page)?.[1];
  const ending = performance.now();
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await closed;
  clearTimeout(late);
  console.log(
    JSON.stringify({
      run: title,
      accounts: count,
      listeningMs: Math.round(listening),
      healthyMs: Math.round(healthy ?? Number.NaN),
      longestHealthyMs: Math.round(answers.healthy),
      at: slowest,
      failed,
      longestMetricsMs: Math.round(answers.metrics),
      polledFeeds: `${polls.filter((polled) => polled > 0).length} of ${polls.length}`,
      pageMB: +(page.length / 1e6).toFixed(1),
      cpuSeconds: Number(cpu),
      rssMB: Math.round(Number(memory) / 1e6),
      endMs: Math.round(performance.now() - ending),
      exit: child.exitCode,
    }),
  );
}
