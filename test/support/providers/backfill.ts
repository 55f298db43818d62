import { type HistoryToRead, readHistory } from '../../../src/backfill/read-history.ts';
import { Ledger } from '../../../src/core/ledger.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { PolledAccount } from '../../../src/providers/api/account.ts';
import { DEFAULT_RATES } from '../../../src/providers/index.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { openVerified } from '../../../src/store/open.ts';
import { sqliteStore } from '../../../src/store/sqlite.ts';
import type { Simulator } from '../../simulators/kit/service.ts';
import type { FakeClock } from '../../simulators/kit/world.ts';
import type { Scope } from '../exporter/process.ts';
import { providerById } from './provider-by-id.ts';

/** An account of a simulator, as configured. */
export function accountAt(id: string, { url, key }: Pick<Simulator, 'url' | 'key'>): PolledAccount {
  const provider = providerById(id);
  if (!provider) throw new Error(`there is no provider ${id}`);
  const config = provider.config.parse({});
  return {
    ...{ provider, name: 'test', baseUrl: url, key: () => key, since: undefined, timeoutMs: 30_000 },
    ...{ schedule: {}, config },
  };
}

/** A working ledger in memory. Waiting moves the clock. */
export function historyReader(scope: Scope, clock: FakeClock, accounts: readonly PolledAccount[]) {
  const { database, read } = openVerified(':memory:');
  const ledger = new Ledger(sqliteStore(database, { read }));
  scope.after(() => ledger.close());
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const stopping = new AbortController();
  return {
    ledger,
    stopping,
    log: () => lines.join(''),
    /** Reads up to one end for all streams. */
    read(from: Instant, end: Instant) {
      const defaults = { maxSeries: 10_000, rates: DEFAULT_RATES };
      const history: HistoryToRead = { ledger, accounts, defaults, from, end: () => end };
      return readHistory(history, {
        now: () => clock.now(),
        wait: async (ms) => clock.advance(ms),
        signal: stopping.signal,
        log,
        progress: { update() {}, end() {}, stop() {} },
      });
    },
  };
}
