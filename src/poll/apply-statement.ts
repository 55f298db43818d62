import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedKey, StatementOutcome } from '../core/ledger/settings.ts';
import type { Ledger } from '../core/ledger.ts';
import type { ResourceFacts, Statement } from '../core/statement/statement.ts';
import type { Instant } from '../core/values/time.ts';
import type { RunInTransaction } from './writer.ts';

/** Where statements of a feed go. */
export interface Destination {
  readonly key: FeedKey;
  readonly ledger: Ledger;
  readonly now: () => Instant;
  /** Stores what was read; at once when absent. */
  readonly write?: RunInTransaction;
}

/** Between two parts of a statement: an HTTP request needs several turns of the event loop. */
const PAUSE_MS = 10;

/**
 * Applies a statement. A large one is applied in parts, with a pause for others before each: see `Ledger.split`. What was applied before
 * `signal` aborts stays.
 */
export async function applyStatement(
  to: Destination,
  statement: Statement,
  resources: readonly ResourceFacts[],
  signal: AbortSignal,
): Promise<StatementOutcome> {
  const { key, ledger, now } = to;
  const applied: StatementOutcome[] = [];
  const parts = ledger.split(key, statement);
  for (const part of parts) {
    if (parts.length > 1) await sleep(PAUSE_MS);
    signal.throwIfAborted();
    // Each part would look all of them up.
    const described = part === parts.at(-1) ? resources : [];
    applied.push(await written(to, () => ledger.apply(key, part, described, now())));
  }
  return together(applied);
}

function together(applied: readonly StatementOutcome[]): StatementOutcome {
  return {
    changed: applied.some(({ changed }) => changed),
    unconverted: new Set(applied.flatMap(({ unconverted }) => [...unconverted])),
    late: applied.flatMap(({ late }) => late),
    held: new Set(applied.flatMap(({ held }) => [...held])),
  };
}

/** Does work on the ledger; ends once that is stored. */
export async function written<Result>(
  { write }: Pick<Destination, 'write'>,
  work: () => Result,
): Promise<Result> {
  return write ? write(work) : work();
}
