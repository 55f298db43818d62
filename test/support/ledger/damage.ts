import { rmSync, writeFileSync } from 'node:fs';
import { StoreError } from '../../../src/core/ledger/records.ts';
import { LedgerState } from '../../../src/core/ledger/state.ts';
import { Ledger } from '../../../src/core/ledger.ts';
import type { Statement } from '../../../src/core/statement/statement.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import { pollErrorOf } from '../../../src/poll/poll-outcome.ts';
import { cacheCells } from '../../../src/store/cache.ts';
import { openVerified } from '../../../src/store/open.ts';
import { sqliteStore } from '../../../src/store/sqlite.ts';
import { cost, openBench, SLIDING, settings, statement, utc, valuesOf } from './ledger.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const AT = utc('2026-11-20T10:00');
/** When the damaged ledger is read again. */
const LATER: Instant = AT + 30 * HOUR;

/** What happened to a ledger that was damaged. */
export type Outcome =
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong'; readonly what: string };

export interface DamageOptions {
  readonly path: string;
  readonly resources: number;
  readonly hours: number;
  /** How many of the hours are read again; all when absent. */
  readonly readAgain?: number;
  /** Up to so many pages a start looks at every row. */
  readonly fullyChecked?: number;
}

const hourly = settings();
const sliding = settings(SLIDING, { name: 'sliding' });
/** Its only month is archived. */
const archived = settings({}, { name: 'archived', since: utc('2026-08-28') });
const ARCHIVED_DAYS = [0, 1].map((day) => utc('2026-08-30') + day * DAY);

function billsOf(resources: number, hours: number, asOf: Instant): readonly [string, Statement][] {
  const range = { start: AT, end: AT + hours * HOUR };
  const lines = Array.from({ length: hours }, (_, hour) => hour).flatMap((hour) =>
    Array.from({ length: resources }, (_, each) =>
      cost(AT + hour * HOUR, `resource-${each}`, ((hour + 3) * (each + 7) * 7919) / 1_000_000),
    ),
  );
  const day = { start: utc('2026-11-20'), end: utc('2026-11-21') };
  const daily = [cost(day.start, 'app', 12.25)];
  const minutes = [cost(AT, 'app', 0.75), cost(AT + 7 * 60_000, 'app', 1.5)];
  return [
    ['prod', statement('hour', range, asOf, lines)],
    ['sliding', statement('minute', { start: AT, end: AT + HOUR }, asOf + 1, minutes)],
    ['sliding', statement('day', day, asOf + 2, daily)],
  ];
}

/** Writes a ledger whose counters have moved, and closes it. */
export function writeLedger(options: DamageOptions): void {
  const bench = openBench(hourly, { path: options.path });
  bench.open(sliding);
  const account = bench.open(archived);
  const old = { start: utc('2026-08-30'), end: utc('2026-09-01') };
  const lines = ARCHIVED_DAYS.flatMap((day) =>
    Array.from({ length: 40 }, (_, each) => cost(day, `old-${each}`, (each + 1) / 7)),
  );
  bench.ledger.apply({ account, feed: 'usage' }, statement('hour', old, old.end, lines), [], old.end);
  bench.ledger.maintain(LATER);
  const before = { start: AT - DAY, end: AT };
  bench.apply(statement('hour', before, AT - HOUR, [cost(AT - DAY, 'resource-0', 3)]));
  apply(bench.ledger, options, options.hours, AT + 25 * HOUR);
  bench.ledger.deliveries('a').begin(LATER);
  bench.ledger.close();
}

function apply(ledger: Ledger, { resources }: DamageOptions, hours: number, asOf: Instant): void {
  for (const [name, bill] of billsOf(resources, hours, asOf)) {
    const account = ledger.accountId('test', name) ?? 0;
    ledger.apply({ account, feed: 'usage' }, bill, [], asOf);
  }
}

/** Starts over these bytes and reads the same bills again: what is shown before and after. */
function shownBy(options: DamageOptions): readonly (readonly [string, number])[][] {
  const { database, read } = openVerified(options.path, options.fullyChecked);
  try {
    const store = sqliteStore(database, { read });
    const ledger = new Ledger(cacheCells(store));
    for (const each of [hourly, sliding, archived]) ledger.openAccount(each, LATER);
    const stream = new LedgerState(store).streamOf(ledger.accountId('test', 'archived') ?? 0, 'usage');
    const days = ARCHIVED_DAYS.map((day) => [...store.archivedDay(stream?.id ?? 0, day)]);
    const first = [...valuesOf(ledger, LATER)].sort();
    ledger.markDelivered(1);
    ledger.expireZeroHolds(LATER + HOUR, 0);
    apply(ledger, options, options.readAgain ?? options.hours, LATER);
    const second = [...valuesOf(ledger, LATER + HOUR)].sort();
    const told = ledger.deliveries('a').load();
    return [
      first,
      second,
      told.map(({ family, labels, total }) => [`${family} ${labels}`, total] as const),
      days.flat().map(([id, amount]) => [`archived ${id}`, Number(amount)] as const),
    ];
  } finally {
    if (database.isOpen) database.close();
  }
}

/** Tries damaged copies of a ledger. The numbers of the sound one are the right ones. */
export function openTrials(options: DamageOptions, sound: Buffer): (bytes: Buffer) => Outcome {
  const put = (bytes: Buffer) => {
    for (const end of ['-wal', '-shm']) rmSync(`${options.path}${end}`, { force: true });
    writeFileSync(options.path, bytes);
  };
  put(sound);
  const right = JSON.stringify(shownBy(options));
  return (bytes) => {
    put(bytes);
    try {
      const shown = JSON.stringify(shownBy(options));
      return shown === right ? { kind: 'right' } : { kind: 'wrong', what: 'other numbers are shown' };
    } catch (error) {
      const known = error instanceof StoreError || pollErrorOf(error)?.reason === 'storage';
      const message = error instanceof Error ? error.message : String(error);
      return known ? { kind: 'refused', message } : { kind: 'wrong', what: `${error}` };
    }
  };
}
