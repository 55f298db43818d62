import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { bucketsIn, DAY, isoDay, startOfDay, startOfMonth } from '../../src/core/values/time.ts';
import { readCompose } from '../support/deploy/compose.ts';
import { freePort } from '../support/exporter/loopback.ts';
import { folderOf, type Running, start } from '../support/exporter/process.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { type Prometheus, startPrometheus } from '../support/programs/prometheus.ts';

/** Those whose history is sent first: the others would take another half minute. */
const PROVIDERS = ['baseten', 'venice', 'inference_sh'];
const COST = 'ai_billing_cost_usd_total';
const NET = `sum by (provider) (${COST}) - sum by (provider) (ai_billing_cost_corrections_usd_total)`;

realServerTest(
  'demo: Prometheus has two months of history, right to the day, also after a kill',
  ['prometheus'],
  async (context) => {
    const folder = await folderOf(context);
    const port = await freePort();
    const prometheus = await startPrometheus(context, {
      targets: [
        {
          address: `127.0.0.1:${port}`,
          job: 'ai-billing',
          more: { relabel_configs: [{ target_label: 'instance', replacement: 'exporter:9464' }] },
        },
      ],
      intervalMs: 1000,
      flags: ['--web.enable-remote-write-receiver'],
      outOfOrderWindow: '400d',
    });
    const { services } = await readCompose();
    const args = (services.exporter?.command ?? []).map((each) =>
      each
        .replace('/data', folder)
        .replace('http://prometheus:9090', prometheus.url)
        .replace('0.0.0.0', `127.0.0.1`),
    );
    const now = Date.now();
    const first = start(context, [...args, `--port=${port}`]);
    for (const provider of PROVIDERS) await logged(first, sentOf(provider));
    await assertDays(prometheus, port, now);
    const opened = await readFile(join(folder, 'demo.db.opened'), 'utf8');
    await prometheus.scraped();
    const joined = Date.now();
    await first.end('SIGKILL');

    const second = start(context, [...args, `--port=${port}`]);
    await logged(second, /all feeds have been polled once/);
    await prometheus.scraped();
    await assertDays(prometheus, port, now);
    assert.equal(await readFile(join(folder, 'demo.db.opened'), 'utf8'), opened);
    const seconds = Math.ceil((Date.now() - joined) / 1000);
    const resets = await prometheus.query(`sum by (provider) (resets(${COST}[${seconds}s]))`);
    for (const provider of PROVIDERS)
      assert.equal(resets.find(({ labels }) => labels.provider === provider)?.value, '0', provider);
    for (const provider of PROVIDERS) assert.doesNotMatch(second.err() + second.out(), sentOf(provider));
  },
);

function sentOf(provider: string): RegExp {
  return new RegExp(`"provider":"${provider}".*"the history was sent"`);
}

/** Compares what Prometheus has of each settled day with the exporter's answer. */
async function assertDays(prometheus: Prometheus, port: number, now: number): Promise<void> {
  const range = { start: startOfMonth(now, -1), end: startOfDay(now) - 2 * DAY };
  const query = `from=${isoDay(range.start)}&to=${isoDay(range.end)}&step=day&by=provider`;
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/costs/series?${query}`);
  const { series } = Costs.parse(await response.json());
  const netAt = async (at: number) =>
    new Map((await prometheus.query(NET, at)).map(({ labels, value }) => [labels.provider, Number(value)]));
  const twoMonthsAgo = startOfDay(now) - 58 * DAY;
  const [before, days] = [await netAt(twoMonthsAgo), bucketsIn(DAY, range)];
  const nets = await Promise.all([...days, range.end].map(netAt));
  for (const provider of PROVIDERS) {
    assert.ok((before.get(provider) ?? 0) > 0, `${provider} two months ago`);
    const billed = series.find(({ labels }) => labels.provider === provider)?.values ?? [];
    assert.equal(billed.length, days.length);
    for (const [index, usd] of billed.entries()) {
      const stored = (nets[index + 1]?.get(provider) ?? 0) - (nets[index]?.get(provider) ?? 0);
      const day = isoDay(days[index] ?? 0);
      assert.ok(Number(usd) > 0, `${provider} ${day}`);
      assert.ok(Math.abs(stored - Number(usd)) < 1e-6, `${provider} ${day}: ${stored} instead of ${usd}`);
    }
  }
}

const Costs = z.object({
  series: z.array(
    z.object({ labels: z.record(z.string(), z.string()), values: z.array(z.string().nullable()) }),
  ),
});

/** As long as it takes on a busy machine. */
async function logged(running: Running, pattern: RegExp): Promise<void> {
  const ended = running.ended.then(() => true);
  while (!pattern.test(running.err() + running.out()))
    if (await Promise.race([ended, wait(200, false)])) assert.fail(running.err());
}
