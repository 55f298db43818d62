import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, openBench, settings, statement, utc } from '../../../test/support/ledger/ledger.ts';
import type { ResourceFacts } from '../statement/statement.ts';
import { HOUR, type Instant } from '../values/time.ts';
import type { Sample } from './snapshot.ts';

const AT = utc('2026-11-20T10:00');
const INFO = 'ai_billing_resource_info';
const TODAY = 'ai_billing_cost_today_usd';

function opened() {
  const bench = openBench(settings({}, { since: AT }));
  const spend = (hour: number, dollars: number, resources: readonly ResourceFacts[] = []) => {
    const start = AT + hour * HOUR;
    const lines = [cost(start, 'steady', 1), cost(start, 'moving', dollars)];
    bench.apply(statement('hour', { start, end: start + HOUR }, start + HOUR, lines), undefined, resources);
  };
  const samples = (now: Instant, name: string): readonly Sample[] =>
    bench.ledger.publish(now).families.find((family) => family.name === name)?.samples ?? [];
  const sample = (now: Instant, name: string, resource: string) =>
    samples(now, name).find(({ labels }) => labels[2] === resource);
  return { ...bench, spend, samples, sample };
}

test('sample cache: unchanged samples are published as the same objects, changed ones as new objects', () => {
  const { spend, sample, ledger } = opened();
  spend(0, 1);
  const now = AT + HOUR;
  const [steady, moving] = [sample(now, TODAY, 'steady'), sample(now, TODAY, 'moving')];
  assert.equal(steady?.value, 1);
  spend(0, 5);
  assert.equal(sample(now, TODAY, 'steady'), steady);
  assert.equal(sample(now, TODAY, 'moving')?.value, 1, 'an older reading of the same instant does not win');
  assert.equal(sample(now, TODAY, 'moving'), moving);
  spend(1, 5);
  assert.equal(sample(now + HOUR, TODAY, 'moving')?.value, 6);
  assert.equal(moving?.value, 1, 'a snapshot that was published stays as it was');
  ledger.close();
});

test('sample cache: a resource is published once, under its current name', () => {
  const { spend, samples, ledger } = opened();
  spend(0, 1, [{ resource: 'steady', name: 'old' }]);
  const named = () => samples(AT + HOUR, INFO).map(({ labels }) => `${labels[2]} ${labels[3]}`);
  assert.deepEqual(named(), ['steady old', 'moving ']);
  assert.deepEqual(named(), ['steady old', 'moving ']);
  spend(1, 1, [{ resource: 'steady', name: 'new' }]);
  assert.deepEqual(named(), ['steady new', 'moving ']);
  ledger.close();
});
