import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedKey, StatementOutcome } from '../core/ledger/settings.ts';
import type { Ledger } from '../core/ledger.ts';
import type { ResourceFacts, Statement } from '../core/statement/statement.ts';
import type { Instant } from '../core/values/time.ts';
import type { RunInTransaction } from './writer.ts';

/** Where the statements of a feed are applied. */
export interface Destination {
  readonly key: FeedKey;
  readonly ledger: Ledger;
  readonly now: () => Instant;
  /** Stores what was read; at once when absent. */
  readonly write?: RunInTransaction;
}

/** Between two parts of a statement: an HTTP request needs several iterations of the event loop. */
const PAUSE_MS = 50;

/**
 * Applies a statement, a large one in parts with a pause before each: see `Ledger.split`. Parts that were applied before `signal` aborts
 * stay.
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
    // Each part would look up all resources.
    const partResources = part === parts.at(-1) ? resources : [];
    applied.push(await transact(to, () => ledger.apply(key, part, partResources, now())));
  }
  return combineOutcomes(applied);
}

function combineOutcomes(applied: readonly StatementOutcome[]): StatementOutcome {
  return {
    changed: applied.some(({ changed }) => changed),
    unconverted: new Set(applied.flatMap(({ unconverted }) => [...unconverted])),
    late: applied.flatMap(({ late }) => late),
    keptTiers: new Set(applied.flatMap(({ keptTiers }) => [...keptTiers])),
  };
}

/** Runs work on the ledger and resolves with its result once that is stored. */
export async function transact<Result>(
  { write }: Pick<Destination, 'write'>,
  work: () => Result,
): Promise<Result> {
  return write ? write(work) : work();
}
