import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import type { Scrape } from '../support/exporter/exporter.ts';
import { ACTIVITIES, startEveryFamily } from '../support/exporter/families.ts';
import { type Answer, startOtlpReceiver } from '../support/otlp/otlp-receiver.ts';
import { receiverAt } from '../support/otlp/pushing.ts';

/** Families that are constant, and where each is tested. */
const CONSTANT: Readonly<Record<string, string>> = {
  ai_billing_build_info: 'src/sinks/prometheus/self.test.ts',
  ai_billing_budget_limit_usd: 'src/core/reports/budget-status.test.ts',
  ai_billing_budget_matches: 'src/core/reports/budget-matches.test.ts',
  ai_billing_budget_info: 'src/core/reports/budget-status.test.ts',
  ai_billing_budget_alert_threshold_ratio: 'src/core/reports/budget-status.test.ts',
  ai_billing_config_last_reload_successful: 'src/sinks/prometheus/self.test.ts',
  ai_billing_config_last_reload_success_timestamp_seconds: 'src/sinks/prometheus/self.test.ts',
  ai_billing_api_tier_info: 'src/providers/venice/account/account.test.ts',
  ai_billing_api_key_limit_usd: 'src/providers/venice/account/account.test.ts',
  ai_billing_quota_usd: 'src/providers/venice/account/account.test.ts',
};

test('metrics: every catalog family is filled by a provider, and changes', async (context) => {
  const answers: Answer[] = [];
  const answer = () => answers.shift() ?? {};
  const { url } = await startOtlpReceiver(context, { protocol: 'http/protobuf', answer });
  const world = await startEveryFamily(context, { receivers: [receiverAt(url)] });
  const seen = new Map<string, Set<string>>();
  for (const change of ACTIVITIES) {
    await change(world);
    await world.exporter.pollAll();
    if (change.name === 'fail') answers.push({ status: 503 }, { status: 400 });
    await world.exporter.push();
    note(seen, await world.exporter.fresh());
  }
  const names = Object.values<Metric>(METRICS).flatMap(({ name, corrections }) =>
    corrections ? [name, corrections.name] : [name],
  );
  const missing = names.filter((name) => !seen.has(name));
  assert.deepEqual(missing, [], 'every family is exposed');
  const still = names.filter((name) => seen.get(name)?.size === 1 && !(name in CONSTANT));
  assert.deepEqual(still, [], 'every family moves');
  for (const [name, path] of Object.entries(CONSTANT)) {
    const text = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
    assert.ok(text.includes(name), `${path} tests ${name}`);
  }
});

/** One text for all samples of a family: it moves when the text does. */
function note(seen: Map<string, Set<string>>, page: Scrape): void {
  for (const { name, samples } of page.families.values()) {
    const text = samples.map((sample) => JSON.stringify([sample.labels, sample.value])).sort();
    seen.set(name, (seen.get(name) ?? new Set()).add(text.join()));
  }
}
