import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type DamageOptions, openTrials, writeLedger } from '../../test/support/ledger/damage.ts';
import { temporaryFolder } from '../../test/support/ledger/ledger-file.ts';

/** Bytes that are changed in the small ledger; a long run sets it higher: `DAMAGE_RUNS=100000`. */
const RUNS = Number(process.env.DAMAGE_RUNS ?? 300);
/** A ledger larger than this is not checked in full at the start: see `open.ts`. */
const LARGE = 16 * 1024 * 1024;

/** Numbers from 0 up to `limit` in an order that is the same in every run. */
function createDice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Changes bytes one after the other, and says where that led to numbers that are not right. */
function wrongAfter(
  options: DamageOptions,
  bytes: Buffer,
  changes: readonly (readonly [at: number, mask: number])[],
): { wrong: string[]; refused: number } {
  const trial = openTrials(options, bytes);
  const wrong: string[] = [];
  let refused = 0;
  for (const [at, mask] of changes) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (bytes[at] ?? 0) ^ mask;
    const outcome = trial(damaged);
    if (outcome.kind === 'wrong') wrong.push(`byte ${at} xor ${mask}: ${outcome.what}`);
    if (outcome.kind === 'refused') {
      refused += 1;
      if (!/damaged|newer version/.test(outcome.message)) wrong.push(`byte ${at}: ${outcome.message}`);
    }
  }
  return { wrong, refused };
}

for (const [kind, fullyChecked] of [
  ['small', undefined],
  // No page is few enough for a full check: every byte is tried as in a large one, and there are few of them.
  ['large', 0],
] as const)
  test(`store: a ledger with any changed byte is refused, or every number is right: ${kind}`, (t) => {
    const options = { path: join(temporaryFolder(t), 'ledger.db'), resources: 6, hours: 12 };
    writeLedger(options);
    const bytes = readFileSync(options.path);
    const used = [...bytes.keys()].filter((at) => bytes[at] !== 0);
    const dice = createDice(7);
    const changes = Array.from({ length: RUNS }, (_, run) => {
      const at = used[dice(used.length)] ?? 0;
      return [at, run % 2 === 0 ? 2 ** dice(8) : 1 + dice(255)] as const;
    });
    const checked = fullyChecked === undefined ? options : { ...options, fullyChecked };
    const { wrong, refused } = wrongAfter(checked, bytes, changes);
    assert.deepEqual(wrong, []);
    assert.ok(refused > RUNS / 3, `${refused} refused`);
  });

const MOST_PLACES = 3;

/** A few values of each table that numbers come from, and what stands in the key before them: the same digits may stand elsewhere. */
const VALUES = {
  cells: [
    'SELECT value FROM cells WHERE length(value) > 9 ORDER BY bucket, series LIMIT 4 OFFSET 30',
    'hour',
  ],
  // Of the day that the gauges show as yesterday.
  sums: [
    `SELECT value FROM sums WHERE kind = 'day' AND start = ${Date.UTC(2026, 10, 20)} AND length(value) > 9 ORDER BY series`,
    'day',
  ],
  hours: ['SELECT value FROM hours WHERE length(value) > 9 ORDER BY hour LIMIT 3', 'USD'],
  series: ['SELECT total FROM series WHERE length(total) > 9 ORDER BY id LIMIT 3', 'USD'],
} as const;

/** Where in the file the texts of a column stand: some of these places SQLite uses no more. */
function placesOf(
  path: string,
  bytes: Buffer,
  [sql, before]: (typeof VALUES)[keyof typeof VALUES],
  most: number,
) {
  const database = new DatabaseSync(path, { readOnly: true });
  const texts = database.prepare(sql).all();
  database.close();
  return texts.slice(0, most).flatMap((row) => {
    const text = String(Object.values(row)[0]);
    const places: number[] = [];
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1))
      if (bytes.toString('latin1', at - 16, at).includes(before)) places.push(at);
    // Digits that many cells begin with stand in many places.
    return places.slice(0, MOST_PLACES);
  });
}

/** The ten bytes of keys before a value, and digits that become others or none. */
function changesAt(at: number): (readonly [number, number])[] {
  const keys = Array.from({ length: 10 }, (_, index) => [at - 1 - index, 0x02] as const);
  const digits = [0, 3].flatMap((place) => [1, 0x80].map((mask) => [at + place, mask] as const));
  return [...keys, ...digits];
}

/** The types of four keys stand before them, in three to six bytes each: 0 for NULL. */
function nullsAt(bytes: Buffer, at: number): (readonly [number, number])[] {
  return Array.from({ length: 24 }, (_, index) => [at - 1 - index, bytes[at - 1 - index] ?? 0] as const);
}

function assertHarmless(options: DamageOptions, bytes: Buffer, most: number): void {
  for (const [table, values] of Object.entries(VALUES)) {
    const places = placesOf(options.path, bytes, values, most);
    assert.ok(places.length > 0, table);
    const changes = places.flatMap((at) => [
      ...changesAt(at),
      ...(table === 'cells' ? nullsAt(bytes, at) : []),
    ]);
    const { wrong, refused } = wrongAfter(options, bytes, changes);
    assert.deepEqual(wrong, [], table);
    assert.ok(refused >= most * 4, `${table}: ${refused} refused of ${places.length} places`);
    writeFileSync(options.path, bytes);
  }
}

test('store: a small ledger with a changed key or digit is refused, or every number is right', (t) => {
  const options = { path: join(temporaryFolder(t), 'ledger.db'), resources: 6, hours: 12 };
  writeLedger(options);
  assertHarmless(options, readFileSync(options.path), 3);
});

test('store: a large ledger with a changed key or digit is refused, or every number is right', (t) => {
  const options = { path: join(temporaryFolder(t), 'ledger.db'), resources: 1200, hours: 300, readAgain: 2 };
  writeLedger(options);
  const bytes = readFileSync(options.path);
  assert.ok(bytes.length > LARGE, `${bytes.length} bytes`);
  assertHarmless(options, bytes, 1);
});
