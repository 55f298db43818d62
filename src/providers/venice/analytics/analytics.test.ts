import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Fixed, fromInteger, multiply, ONE, parseDecimal } from '../../../core/values/money.ts';
import { DAY, HOUR, type Instant, isoDay, MINUTE } from '../../../core/values/time.ts';
import { EMPTY_CONTEXT, type FeedContext } from '../../api/provider.ts';
import { attemptState, daysToAsk, planAnalytics, readAnalytics } from './read.ts';
import { Analytics } from './schema.ts';

const TODAY = Date.UTC(2026, 10, 22);
const NOW = TODAY + 12 * HOUR;

/** A context in which units of a currency are worth what `rateOf` says. */
function contextOf(
  rateOf: (currency: string, at: Instant) => Fixed | undefined,
  more: Partial<FeedContext<unknown>> = {},
): FeedContext<unknown> {
  return {
    ...EMPTY_CONTEXT,
    now: NOW,
    since: TODAY - 30 * DAY,
    config: {},
    signal: new AbortController().signal,
    usdOf: (amount, currency, at = NOW) => {
      const rate = rateOf(currency, at);
      return rate === undefined ? undefined : multiply(amount, rate);
    },
    ...more,
  };
}

interface Charged {
  readonly id: string | null;
  readonly usd?: number;
  readonly diem?: number;
}

function bodyOf(days: Record<string, [usd: number, diem: number]>, keys: readonly Charged[] = []): Analytics {
  return Analytics.parse({
    byDate: Object.entries(days).map(([date, [USD, DIEM]]) => ({ date, USD, DIEM })),
    byModel: keys.map(({ id, usd = 0, diem = 0 }) => ({
      ...{ modelName: id ?? 'Other', totalUsd: usd, totalDiem: diem },
    })),
    byKey: keys.map(({ id, usd = 0, diem = 0 }) => ({
      ...{ apiKeyId: id, description: id ?? 'Other', totalUsd: usd, totalDiem: diem },
    })),
  });
}

function today(context: FeedContext<unknown>, keys: readonly Charged[]) {
  const body = bodyOf({ [isoDay(TODAY)]: [0, 0] }, keys);
  const { observations } = readAnalytics(body, context, { start: TODAY, end: TODAY + DAY });
  const of = (metric: string) =>
    new Map(
      observations
        .filter((each) => each.metric === metric)
        .map(({ labels, value }) => [labels.api_key ?? labels.model ?? '', value]),
    );
  return { keys: of('apiKeyCostToday'), models: of('modelCostToday'), infos: of('apiKeyInfo') };
}

const one = () => ONE;

describe('keys and models of today', () => {
  it('are all that the answer lists, however many its top fifty leave out', () => {
    const charged = Array.from({ length: 60 }, (_, index) => ({ id: `k${index}`, usd: index + 1 }));
    const { keys, models, infos } = today(contextOf(one), charged);
    assert.deepEqual([keys.size, models.size, infos.size], [60, 60, 60]);
    for (const { id, usd } of charged) assert.equal(keys.get(id), fromInteger(BigInt(usd)), id);
  });

  it('are a thousand, and the others together', () => {
    const charged = Array.from({ length: 1010 }, (_, index) => ({ id: `k${index}`, usd: index + 1 }));
    const { keys, models, infos } = today(contextOf(one), [...charged, { id: null, usd: 1000 }]);
    const rest = fromInteger(1000n + 55n);
    assert.deepEqual([keys.size, models.size, infos.size], [1001, 1001, 1001]);
    assert.deepEqual([keys.get('other'), models.get('Other')], [rest, rest]);
    assert.equal(keys.get('k10'), fromInteger(11n));
    assert.equal(keys.get('k9'), undefined);
  });

  it('are left out where a part of them has no rate', () => {
    const context = contextOf((currency) => (currency === 'USD' ? ONE : undefined));
    const { keys, infos } = today(context, [
      { id: 'a', usd: 1 },
      { id: 'b', usd: 1, diem: 1 },
    ]);
    assert.deepEqual([...keys], [['a', ONE]]);
    assert.deepEqual([...infos.keys()], ['b', 'a']);
  });
});

describe('closed days', () => {
  const day = TODAY - 4 * DAY;
  const asOf = TODAY;

  it('are compared at the rate of their own time', () => {
    const half = ONE / 2n;
    const rateOf = (currency: string, at: Instant) => (currency === 'DIEM' && at < day + DAY ? half : ONE);
    const state = JSON.stringify({
      refunds: { [isoDay(day)]: { DIEM: '2' }, [isoDay(day + DAY)]: { DIEM: '1' } },
    });
    const billed = { [day]: parseDecimal('4'), [day + DAY]: parseDecimal('9') };
    const context = contextOf(rateOf, {
      stateOf: () => state,
      netCost: ({ start }, which) => {
        const isDiem = which?.({ resource: '', model: '', tier: '', detail: 'DIEM' });
        return { usd: isDiem ? (billed[start] ?? 0n) : 0n, asOf };
      },
    });
    const [, range] = planAnalytics(context);
    assert.ok(range);
    const body = bodyOf({ [isoDay(day)]: [0, 10], [isoDay(day + DAY)]: [0, 10] });
    const { reconciliation, drift } = readAnalytics(body, context, range);
    assert.deepEqual([reconciliation?.difference, drift], [0n, []]);
    assert.match(reconciliation?.against ?? '', /^usage-analytics: 15 US dollars/);
  });

  it('are not asked for while the ledger has none of them', () => {
    assert.equal(planAnalytics(contextOf(one)).length, 1);
    const state = JSON.stringify({ refunds: { [isoDay(day)]: {} } });
    assert.equal(planAnalytics(contextOf(one, { stateOf: () => state })).length, 1);
  });
});

describe('an attempt on closed days', () => {
  const at = NOW - 30 * MINUTE;
  const cases: [name: string, last: Parameters<typeof daysToAsk>[0], now: Instant, days: number][] = [
    ['was never made', undefined, NOW, 7],
    ['was answered less than an hour ago', { at, days: 7, ok: true }, NOW, 0],
    ['was answered an hour ago', { at, days: 7, ok: true }, at + HOUR, 7],
    ['was answered an hour ago, for fewer', { at, days: 3, ok: true }, at + HOUR, 3],
    ['had no answer', { at, days: 7, ok: false }, NOW, 3],
    ['had no answer twice', { at, days: 3, ok: false }, NOW, 1],
    ['had no answer for a single day', { at, days: 1, ok: false }, NOW, 0],
    ['had no answer for a single day, an hour ago', { at, days: 1, ok: false }, at + HOUR, 1],
    ['was made yesterday, for fewer', { at: at - DAY, days: 1, ok: true }, NOW, 7],
    ['was made before the clock was set back', { at: NOW + DAY, days: 7, ok: true }, NOW, 7],
  ];
  for (const [name, last, now, days] of cases) {
    it(`that ${name} is followed by one of ${days} days`, () => assert.equal(daysToAsk(last, now), days));
  }

  it('is remembered, and forgotten where it cannot be read', () => {
    const attempt = { at, days: 3, ok: false };
    assert.deepEqual(attemptState.read(attemptState.write(attempt)), attempt);
    for (const state of [undefined, '', '{', '{}', 'null', '{"at":1,"days":0,"ok":true}'])
      assert.equal(attemptState.read(state), undefined);
  });
});
