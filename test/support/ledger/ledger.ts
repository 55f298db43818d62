import type { SeriesAmounts } from '../../../src/core/ledger/composition.ts';
import type { Store } from '../../../src/core/ledger/records.ts';
import type { AccountSettings, StatementOutcome, StreamSettings } from '../../../src/core/ledger/settings.ts';
import { LedgerState } from '../../../src/core/ledger/state.ts';
import { Ledger } from '../../../src/core/ledger.ts';
import type { Charge, ResourceFacts, Statement } from '../../../src/core/statement/statement.ts';
import { addTo } from '../../../src/core/values/maps.ts';
import { type Fixed, fromNumber } from '../../../src/core/values/money.ts';
import { DAY, type Granularity, HOUR, type Instant, type Range } from '../../../src/core/values/time.ts';
import { DEFAULT_RATES } from '../../../src/providers/index.ts';
import { cacheCells } from '../../../src/store/cache.ts';
import { openDatabase } from '../../../src/store/open.ts';
import { sqliteStore } from '../../../src/store/sqlite.ts';

/** An instant of UTC, such as `2026-11-20T10:00`. */
export function utc(text: string): Instant {
  return Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`);
}

export const FEED = 'usage';

/** Settings of one account with one stream, `usage`. */
export function settings(
  stream: Partial<StreamSettings> = {},
  account: Partial<AccountSettings> = {},
): AccountSettings {
  return {
    provider: 'test',
    name: 'prod',
    since: undefined,
    maxSeries: 10_000,
    rates: DEFAULT_RATES,
    refilling: new Set(['DIEM', 'VCU']),
    streams: [streamSettings('usage', stream)],
    ...account,
  };
}

/** Settings of one account with two streams, `usage` and `second`. */
export function twoStreams(
  one: Partial<StreamSettings> = {},
  two: Partial<StreamSettings> = {},
): AccountSettings {
  return settings({}, { streams: [streamSettings('usage', one), streamSettings('second', two)] });
}

function streamSettings(name: string, more: Partial<StreamSettings>): StreamSettings {
  const granularities = ['hour'] as const;
  return { name, granularities, settleMs: 48 * HOUR, reachMs: 48 * HOUR, lagMs: 2 * HOUR, ...more };
}

/** The settings of a provider that shows one truth by the minute, hour and day. */
export const SLIDING: Partial<StreamSettings> = {
  granularities: ['minute', 'hour', 'day'],
  settleMs: 48 * HOUR,
  reachMs: 90 * DAY,
};

/** A charge of cost in dollars. */
export function cost(at: Instant, resource: string, dollars: number, more: Partial<Charge> = {}): Charge {
  const value = fromNumber(dollars);
  return { at, measure: 'cost', resource, model: '', tier: '', detail: 'USD', value, ...more };
}

export function statement(
  granularity: Granularity,
  range: Range,
  asOf: Instant,
  charges: readonly Charge[] = [],
  omittedTiers: readonly string[] = [],
): Statement {
  return { stream: 'usage', granularity, range, asOf, charges, omittedTiers };
}

/** A ledger over a store that can be made to fail and that outlives it. */
export interface Bench {
  readonly ledger: Ledger;
  readonly store: Store;
  /** What the store holds, as a ledger that starts over it would. */
  readonly state: LedgerState;
  readonly account: number;
  /** `now` defaults to the as-of. */
  apply(statement: Statement, now?: Instant, resources?: readonly ResourceFacts[]): StatementOutcome;
  /** The next commit throws, as if the disk were full. */
  failNextCommit(): void;
  /** Forgets everything in memory. */
  reopen(): void;
  /** One more account; the first is `prod`. */
  open(settings: AccountSettings): number;
  values(now: Instant): Map<string, number>;
  value(name: string, resource: string, now: Instant): number | undefined;
}

export class Refused extends Error {
  override readonly name = 'Refused';
}

/** When the bench's accounts are first configured: before anything is read. */
export const OPENED = utc('2026-01-01');

export interface BenchOptions {
  readonly path?: string;
  readonly isCached?: boolean;
}

export function openBench(accountSettings: AccountSettings, options: BenchOptions = {}): Bench {
  const real = sqliteStore(openDatabase(options.path ?? ':memory:'));
  let mustFail = false;
  const failing: Store = {
    ...real,
    commit(commit) {
      if (mustFail) {
        mustFail = false;
        throw new Refused('the commit was refused');
      }
      real.commit(commit);
    },
  };
  const fresh = () => (options.isCached === false ? failing : cacheCells(failing));
  const opened = [accountSettings];
  let store = fresh();
  let ledger = new Ledger(store);
  const account = ledger.openAccount(accountSettings, OPENED);
  return {
    get ledger() {
      return ledger;
    },
    get store() {
      return store;
    },
    get state() {
      return new LedgerState(store);
    },
    account,
    apply: (given, now = given.asOf, resources = []) =>
      ledger.apply({ account, feed: FEED }, given, resources, now),
    failNextCommit() {
      mustFail = true;
    },
    reopen() {
      store = fresh();
      ledger = new Ledger(store);
      for (const each of opened) ledger.openAccount(each, OPENED);
    },
    open(more) {
      opened.push(more);
      return ledger.openAccount(more, OPENED);
    },
    values: (now) => valuesOf(ledger, now),
    value: (name, resource, now) => {
      const found = [...valuesOf(ledger, now)].filter(([key]) => {
        const [family, , , label] = key.split('|');
        return family === name && label === resource;
      });
      if (found.length > 1) throw new Error(`${name} of ${resource} is not one sample: ${found.join(' ')}`);
      return found[0]?.[1];
    },
  };
}

/** Every sample by `name|label values`. */
export function valuesOf(ledger: Ledger, now: Instant): Map<string, number> {
  const values = new Map<string, number>();
  for (const { name, samples } of ledger.publish(now).families) {
    for (const { labels, value } of samples) {
      const key = [name, ...labels].join('|');
      if (values.has(key)) throw new Error(`${key} is there twice`);
      values.set(key, value);
    }
  }
  return values;
}

/** Net of each label set of cost of a stream that is shown, by resource. */
export function netOf(state: LedgerState, stream = 1): Map<string, Fixed> {
  const net = new Map<string, Fixed>();
  for (const row of state.series.values()) {
    if (row.target === row.id && row.stream === stream) net.set(row.resource, row.total - row.corrections);
  }
  return net;
}

/** The sum of several amounts of the same thing. */
export function added(parts: readonly SeriesAmounts[]): Map<number, Fixed> {
  const sum = new Map<number, Fixed>();
  for (const part of parts) for (const [series, value] of part) addTo(sum, series, value);
  return sum;
}
