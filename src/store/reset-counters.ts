import type { DatabaseSync } from 'node:sqlite';
import { type AuditInput, recomputedStreams } from '../core/ledger/audit.ts';
import type { SeriesRow } from '../core/ledger/records.ts';
import { LedgerState } from '../core/ledger/state.ts';
import type { Instant } from '../core/values/time.ts';
import { accountId } from './forget.ts';
import { refuseBroken } from './open.ts';
import { seal } from './seals.ts';
import { sqliteStore } from './sqlite.ts';

const STREAMS = 'SELECT id FROM streams WHERE account = coalesce(:account, account)';

/** Makes every reading one of the baseline, and restarts counters and their deliveries. */
const RESET = `
  UPDATE accounts SET folded = 0, opened_at = :now WHERE id = coalesce(:account, id);
  UPDATE streams SET baseline = (
    SELECT max(as_of) FROM readings WHERE stream = streams.id AND side = 'newest'
  ) WHERE id IN (${STREAMS});
  UPDATE series SET total = '0', corrections = '0', rolled = '0', zero_at = :now,
    held_total = NULL, held_corrections = NULL, held_since = NULL, held_shown = 0 WHERE stream IN (${STREAMS});
  UPDATE cells SET base = value WHERE stream IN (${STREAMS});
  DELETE FROM cells WHERE value = '0' AND stream IN (${STREAMS});
  DELETE FROM readings WHERE side = 'oldest' AND stream IN (${STREAMS});
  INSERT INTO readings SELECT stream, granularity, 'oldest', start, end, as_of FROM readings
    JOIN streams ON streams.id = readings.stream
    WHERE side = 'newest' AND end > closed_before AND stream IN (${STREAMS});
  DELETE FROM deliveries WHERE :account IS NULL OR EXISTS (
    SELECT * FROM accounts WHERE id = :account
    AND provider = json_extract(labels, '$[0]') AND name = json_extract(labels, '$[1]')
  );
`;

/**
 * Resets the counters of a ledger, or of one of its accounts, to 0: they were higher once, or contain what should never have been
 * counted, so their readers must see a restart. The cells become the baseline. Window gauges stay as they are.
 */
export function resetCounters(
  database: DatabaseSync,
  now: Instant,
  settingsOf: AuditInput['settingsOf'],
  account: number | null = null,
): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const sql of RESET.split(';').filter((text) => text.trim() !== '')) {
      const statement = database.prepare(sql);
      statement.setAllowUnknownNamedParameters(true);
      statement.run({ now, account });
    }
    seal(database);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  balance(database, settingsOf, account);
}

export interface RebaseOptions {
  readonly provider: string;
  readonly name: string;
  readonly now: Instant;
  readonly settingsOf: AuditInput['settingsOf'];
}

/**
 * Resets the counters of one account: they are 0 from `now` on, and nothing else moves. False if the account is not known.
 *
 * @throws {StoreError} when the ledger is damaged: nothing was changed.
 */
export function rebaseAccount(
  database: DatabaseSync,
  { provider, name, now, settingsOf }: RebaseOptions,
): boolean {
  const id = accountId(database, provider, name);
  if (id === undefined) return false;
  refuseBroken(database);
  resetCounters(database, now, settingsOf, id);
  return true;
}

/**
 * With several granularities, the baseline is composed by its own rules: where it differs from the cells, the difference is set off
 * once.
 */
function balance(database: DatabaseSync, settingsOf: AuditInput['settingsOf'], only: number | null): void {
  const store = sqliteStore(database);
  const state = new LedgerState(store);
  const series: SeriesRow[] = [];
  const ofAccount: typeof settingsOf = (account, stream) =>
    only === null || account.id === only ? settingsOf(account, stream) : undefined;
  for (const [, { net: nets }] of recomputedStreams({ state, store, settingsOf: ofAccount })) {
    for (const [id, net] of nets) {
      const row = state.series.get(id);
      if (row && net !== 0n) series.push({ ...row, rolled: -net });
    }
  }
  store.commit({ series });
}
