import type { DatabaseSync } from 'node:sqlite';
import { type AuditInput, heldOf } from '../core/audit.ts';
import { openBook } from '../core/book.ts';
import type { SeriesRow } from '../core/store.ts';
import type { Instant } from '../core/time.ts';
import { sqliteStore } from './sqlite.ts';

/** Every reading that the ledger holds is one of the baseline; counters, and what receivers were told of them, begin anew. */
const BEGIN = `
  UPDATE accounts SET folded = 0, opened_at = :now, baseline = (
    SELECT max(as_of) FROM readings JOIN streams ON streams.id = readings.stream
    WHERE streams.account = accounts.id AND side = 'newest'
  );
  UPDATE series SET total = '0', corrections = '0', rolled = '0', zero_at = :now,
    held_total = NULL, held_corrections = NULL, held_since = NULL, held_shown = 0;
  UPDATE cells SET base = value;
  DELETE FROM cells WHERE value = '0';
  DELETE FROM readings WHERE side = 'oldest';
  INSERT INTO readings SELECT stream, granularity, 'oldest', start, end, as_of FROM readings
    JOIN streams ON streams.id = readings.stream WHERE side = 'newest' AND end > closed_before;
  DELETE FROM deliveries;
`;

/**
 * Begins a new epoch in an older ledger: its counters were higher once, and who has read them must see a restart. They are 0, and its
 * cells are the baseline. Window gauges stay as they are.
 */
export function beginEpoch(database: DatabaseSync, now: Instant, settingsOf: AuditInput['settingsOf']): void {
  database.exec('BEGIN IMMEDIATE');
  for (const sql of BEGIN.split(';').filter((text) => text.trim() !== '')) {
    const statement = database.prepare(sql);
    if (sql.includes(':now')) statement.run({ now });
    else statement.run();
  }
  database.exec('COMMIT');
  balance(database, settingsOf);
}

/**
 * Where one truth is read at several granularities, the baseline is composed by rules of its own: what it comes to then differs from
 * the cells is set off once.
 */
function balance(database: DatabaseSync, settingsOf: AuditInput['settingsOf']): void {
  const store = sqliteStore(database);
  const book = openBook(store);
  const series: SeriesRow[] = [];
  for (const stream of book.streams.values()) {
    const account = book.accounts.get(stream.account);
    const settings = account && settingsOf(account, stream.name);
    if (!settings) continue;
    for (const [id, net] of heldOf({ book, store, settingsOf }, stream, settings).net) {
      const row = book.series.get(id);
      if (row && net !== 0n) series.push({ ...row, rolled: -net });
    }
  }
  store.commit({ series });
}
