import type { DatabaseSync } from 'node:sqlite';
import { deflateSync, inflateSync } from 'node:zlib';
import type { PackedAmounts } from '../core/ledger/packed-amounts.ts';
import type { ArchivedDay } from '../core/ledger/records.ts';
import { DAY, type Instant } from '../core/values/time.ts';
import { hashRow, type RowDigest } from './digest.ts';
import { countNumbers, readAmounts, readIds } from './number-text.ts';
import { SealError, whatOf } from './seals.ts';
import { ARCHIVE, prepareArrays, type Values } from './tables.ts';

/**
 * The days of closed months: one compressed row per stream and day, with its own digest. Nothing of it is read at the start, so that a
 * start takes as long after years as after months.
 */
export interface Archive {
  /** @throws {SealError} when the day is not as it was written, or is missing. */
  read(stream: number, day: Instant): PackedAmounts;
  /** To be called within a transaction. */
  write(day: ArchivedDay): void;
  /**
   * The days before an instant that can be dropped: what a damaged one is linked to may not be its own and must not be freed. To be called
   * before a transaction: once SQLite has met a malformed page, it refuses to write in the same one.
   */
  soundDays(old: { readonly stream: number; readonly before: Instant }): ArchiveKey[];
  /** To be called within a transaction. */
  drop(days: readonly ArchiveKey[]): void;
}

type ArchiveKey = Pick<ArchivedDay, 'stream' | 'day'>;

export function prepareArchive(database: DatabaseSync): Archive {
  const one = prepareArrays(database, `SELECT amounts, digest FROM ${ARCHIVE} WHERE stream = ? AND day = ?`);
  const put = database.prepare(`INSERT OR REPLACE INTO ${ARCHIVE} VALUES (?, ?, ?, ?)`);
  const old = prepareArrays(database, `SELECT day FROM ${ARCHIVE} WHERE stream = ? AND day < ?`);
  const remove = database.prepare(`DELETE FROM ${ARCHIVE} WHERE stream = ? AND day = ?`);
  const read = (stream: number, day: Instant) => {
    const row: unknown = one.get(stream, day);
    const [amounts, digest] = (row ?? []) as Values;
    if (!(amounts instanceof Uint8Array) || digestOf(stream, day, amounts) !== digest)
      throw new SealError(whatOf(`${ARCHIVE} ${stream}`, day));
    return unpacked(amounts);
  };
  return {
    read,
    write({ stream, day, amounts }) {
      const bytes = packed(amounts);
      put.run(stream, day, bytes, digestOf(stream, day, bytes));
    },
    soundDays({ stream, before }) {
      const days = old.all(stream, before) as unknown as [Instant][];
      return days.filter(([day]) => isSound(() => read(stream, day))).map(([day]) => ({ stream, day }));
    },
    drop(days) {
      for (const { stream, day } of days) remove.run(stream, day);
    },
  };
}

function isSound(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function digestOf(stream: number, day: Instant, bytes: Uint8Array): RowDigest {
  return hashRow([stream, day / DAY, Buffer.from(bytes).toString('latin1')]);
}

/** The steps from one series to the next, then the amounts: numbers of a kind side by side take half of the space. */
function packed(amounts: ArchivedDay['amounts']): Uint8Array {
  const rows = [...amounts].filter(([, amount]) => amount !== 0n).sort(([a], [b]) => a - b);
  const steps = rows.map(([id], index) => id - (rows[index - 1]?.[0] ?? 0));
  return deflateSync([...steps, ...rows.map(([, amount]) => amount)].join(' '));
}

function unpacked(bytes: Uint8Array): PackedAmounts {
  const text = inflateSync(bytes).toString('latin1');
  const { ids, end } = readIds(text, countNumbers(text) / 2);
  for (let index = 1; index < ids.length; index += 1) ids[index] = (ids[index] ?? 0) + (ids[index - 1] ?? 0);
  return readAmounts(text, end, ids).amounts();
}
