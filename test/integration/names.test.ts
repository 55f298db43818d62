import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DAY, HOUR } from '../../src/core/values/time.ts';
import { SIMULATORS } from '../simulators/all.ts';
import { WORKSPACE_NAMES } from '../simulators/anthropic/history.ts';
import type { Simulator } from '../simulators/kit/service.ts';
import { PROJECT_NAMES } from '../simulators/openai/history.ts';
import { pollSuccessfully } from '../support/exporter/walk.ts';
import { samplesOf } from '../support/exposition/expected.ts';
import { providerScene } from '../support/providers/provider-scene.ts';

const EVENING = Date.UTC(2026, 9, 30, 22, 10);

/** Whose resources have names, by the feed that reads them. */
const NAMED = [
  { provider: 'openai', feed: 'projects', list: /projects$/, kind: 'project', names: PROJECT_NAMES },
  {
    provider: 'anthropic',
    feed: 'workspaces',
    list: /workspaces$/,
    kind: 'workspace',
    names: WORKSPACE_NAMES,
  },
] as const;

function scene(context: TestContext, provider: 'openai' | 'anthropic') {
  const genesis = EVENING - 3 * DAY;
  return providerScene(context, {
    provider,
    start: (options): Promise<Simulator> => SIMULATORS[provider](options),
    options: { genesis },
    now: EVENING,
    since: EVENING - 2 * DAY - 22 * HOUR,
  });
}

for (const { provider, list, names } of NAMED) {
  test(`names: the first page of ${provider} has them, however slow their list is`, async (context) => {
    const { simulator, exporter } = await scene(context, provider);
    simulator.fault({ kind: 'slow', delayMs: 300 }, list);
    await pollSuccessfully(exporter);
    const known = new Map(Object.entries(names));
    const infos = samplesOf(await exporter.fresh(), 'ai_billing_resource_info');
    assert.ok(infos.some(({ labels }) => labels.name));
    for (const { labels } of infos) assert.equal(labels.name, known.get(labels.resource ?? '') ?? '');
  });
}

for (const { provider, feed, list, kind, names } of NAMED) {
  test(`names: every billed ${kind} of ${provider} has its name, and an account that may not list them has its bill`, async (context) => {
    const { clock, simulator, exporter } = await scene(context, provider);
    simulator.fault({ kind: 'status', status: 403 }, list);
    const infos = async () => {
      await exporter.pollAll();
      const page = await exporter.fresh();
      assert.equal(page.value('ai_billing_up', { provider, account: 'test', feed: 'costs' }), 1);
      return samplesOf(page, 'ai_billing_resource_info').map(({ labels }) => [labels.resource, labels.name]);
    };
    const nameless = await infos();
    assert.ok(nameless.length >= 2);
    assert.ok(nameless.every(([, name]) => !name));
    simulator.fault({ kind: 'status', status: 503 }, list);
    clock.advance(HOUR);
    assert.deepEqual(await infos(), nameless);
    simulator.fault(undefined);
    clock.advance(HOUR);
    await pollSuccessfully(exporter);
    clock.advance(HOUR);
    const named = await infos();
    assert.deepEqual(
      named,
      nameless.map(([resource = '']) => [
        resource,
        Object.entries(names).find(([id]) => id === resource)?.[1] ?? '',
      ]),
    );
    assert.ok(named.filter(([, name]) => name).length >= 1);
    await exporter.restart();
    assert.deepEqual(await infos(), named);
    const asked = simulator.requests.filter(({ path }) => list.test(path));
    assert.ok(asked.length > 0, feed);
  });
}
