import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, openBench, settings, statement, utc } from '../../../test/support/ledger/ledger.ts';
import { ONE } from '../values/money.ts';
import { HOUR } from '../values/time.ts';

const hour = (at: number) => ({ start: at, end: at + HOUR });

test('shared resources: a resource has several models in the tiers that share theirs, and one in all others', () => {
  for (const sharedResources of [['keys'], true, [], false] as const) {
    const bench = openBench(settings({ sharedResources }));
    const at = utc('2026-11-20T10:00');
    const charges = ['one', 'two'].flatMap((model) => [
      cost(at, 'key', 2, { model, tier: 'keys' }),
      cost(at, 'dep', 3, { model, tier: 'deployments' }),
    ]);
    bench.apply(statement('hour', hour(at), at + HOUR, charges));
    bench.reopen();
    bench.apply(statement('hour', hour(at), at + 2 * HOUR, charges));
    const shown = [...bench.state.series.values()]
      .map(({ resource, model }) => `${resource} ${model}`)
      .sort();
    const ofKeys =
      sharedResources === true || sharedResources === false ? sharedResources : sharedResources.length > 0;
    const keys = ofKeys ? ['key one', 'key two'] : ['key one'];
    const deployments = sharedResources === true ? ['dep one', 'dep two'] : ['dep one'];
    assert.deepEqual(shown, [...deployments, ...keys], `${sharedResources}`);
    bench.ledger.close();
  }
});

test('shared resources: a key that an older version has frozen goes on with its model, and gets others beside it', () => {
  const bench = openBench(settings());
  const at = utc('2026-11-20T10:00');
  const used = (model: string) => cost(at, 'key', 2, { model, tier: 'keys' });
  bench.apply(statement('hour', hour(at), at + HOUR, [used('one')]));
  bench.ledger.openAccount(settings({ sharedResources: ['keys'] }), at + HOUR);
  bench.apply(statement('hour', hour(at), at + 2 * HOUR, [used('one'), used('two')]));
  const shown = [...bench.state.series.values()].map(({ model, total, corrections }) => [
    model,
    total,
    corrections,
  ]);
  assert.deepEqual(shown, [
    ['one', 0n, 0n],
    ['two', 2n * ONE, 0n],
  ]);
  bench.ledger.close();
});
