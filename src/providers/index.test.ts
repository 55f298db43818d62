import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { providerById } from '../../test/support/providers/provider-by-id.ts';
import { rateAt } from '../core/values/exchange-rates.ts';
import { ONE, parseDecimal } from '../core/values/money.ts';
import { DEFAULT_RATES, PROVIDERS } from './index.ts';

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'api')
  .map(({ name }) => name);

describe('the registry', () => {
  it('holds every provider folder, under its own name', () => {
    assert.deepEqual(PROVIDERS.map(({ id }) => id).sort(), folders.sort());
  });

  it('finds a provider by its id, and none by another', () => {
    for (const provider of PROVIDERS) assert.equal(providerById(provider.id), provider);
    assert.equal(providerById('toString'), undefined);
  });

  it('has feeds that are polled after others of their own provider, none of which waits in turn', () => {
    for (const { id, feeds } of PROVIDERS) {
      const free = feeds.filter(({ after }) => !after).map(({ name }) => name);
      for (const name of feeds.flatMap(({ after = [] }) => after))
        assert.ok(free.includes(name), `${id} ${name}`);
    }
  });

  it('has feeds of one stream that agree on when it settles', () => {
    for (const { feeds } of PROVIDERS) {
      const settled = new Set(
        feeds.flatMap(({ stream }) => (stream ? [`${stream.name} ${stream.settleMs}`] : [])),
      );
      const streams = new Set(feeds.flatMap(({ stream }) => stream?.name ?? []));
      assert.equal(settled.size, streams.size);
    }
  });

  it('gives the dollar and every virtual currency a rate without configuration', () => {
    const rates = [...DEFAULT_RATES.keys()].map((name) => [name, rateAt(DEFAULT_RATES, name, 0)]);
    assert.deepEqual(Object.fromEntries(rates), {
      USD: ONE,
      DIEM: ONE,
      VCU: parseDecimal('0.1'),
      BUNDLED_CREDITS: ONE,
      EARNED_CREDITS: ONE,
    });
  });

  it('is the only place outside of a provider folder that names a provider', () => {
    const src = path.join(import.meta.dirname, '..');
    const names = PROVIDERS.flatMap(({ id, title }) => [id, title]);
    const others = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
      (file) =>
        file.endsWith('.ts') &&
        !file.endsWith('.test.ts') &&
        file !== path.join('providers', 'index.ts') &&
        !folders.some((folder) => file.startsWith(path.join('providers', folder, '/'))),
    );
    assert.ok(others.length > 100);
    const naming = others.filter((file) => {
      const text = readFileSync(path.join(src, file), 'utf8');
      return names.some((name) => text.includes(name));
    });
    assert.deepEqual(naming, []);
  });
});
