import type { DatabaseSync } from 'node:sqlite';
import { MEASURES, type Measure, type ResourceFacts } from '../core/statement.ts';
import type { Hold, ResourceRow, SeriesRow } from '../core/store.ts';

/**
 * The doors of the two tables that a start reads tens of thousands of rows from. Both are STRICT: SQLite hands out what its column
 * declares, so that only what no column type says is looked at. A schema for each row takes eight times as long.
 */

type SeriesColumns = readonly [
  ...[id: number, stream: number, measure: string, resource: string, model: string, tier: string],
  ...[detail: string, target: number, total: string, corrections: string, rolled: string],
  ...[lastCell: number, changedAt: number, zeroAt: number, ...HoldColumns],
];
type HoldColumns = readonly [
  ...[heldTotal: string | null, heldCorrections: string | null, heldSince: number | null, heldShown: number],
];

const SERIES = `SELECT id, stream, measure, resource, model, tier, detail, target, total, corrections, rolled,
  last_cell, changed_at, zero_at, held_total, held_corrections, held_since, held_shown FROM series`;

/** @throws {Error} for a row that the ledger did not write. */
export function seriesRows(database: DatabaseSync): SeriesRow[] {
  return arraysOf(database, SERIES).map((row) => seriesOf(row as SeriesColumns));
}

function seriesOf(columns: SeriesColumns): SeriesRow {
  const [id, stream, measure, resource, model, tier, detail, target, ...rest] = columns;
  const [total, corrections, rolled, lastCell, changedAt, zeroAt, ...held] = rest;
  return {
    id,
    stream,
    measure: measureOf(measure),
    resource,
    model,
    tier,
    detail,
    target,
    zeroAt,
    total: BigInt(total),
    corrections: BigInt(corrections),
    hold: holdOf(held),
    lastCell,
    changedAt,
    rolled: BigInt(rolled),
  };
}

function measureOf(text: string): Measure {
  const measure = MEASURES.find((each) => each === text);
  if (measure === undefined) throw new RangeError(`no measure is called ${text}`);
  return measure;
}

function holdOf([total, corrections, since, shown]: HoldColumns): Hold | undefined {
  if (since === null) return undefined;
  return { total: BigInt(total ?? 0), corrections: BigInt(corrections ?? 0), since, shown: shown === 1 };
}

type ResourceColumns = readonly [
  account: number,
  resource: string,
  model: string,
  tier: string,
  facts: string,
];

const RESOURCES = 'SELECT account, resource, model, tier, facts FROM resources';

/** @throws {Error} for a row that the ledger did not write. */
export function resourceRows(database: DatabaseSync): ResourceRow[] {
  return arraysOf(database, RESOURCES).map((row) => {
    const [account, resource, model, tier, facts] = row as ResourceColumns;
    return { account, resource, model, tier, facts: factsOf(facts) };
  });
}

function factsOf(text: string): ResourceFacts {
  const facts: unknown = JSON.parse(text);
  if (!isFacts(facts)) throw new RangeError('the facts of a resource do not name it');
  return facts;
}

function isFacts(facts: unknown): facts is ResourceFacts {
  return (
    typeof facts === 'object' && facts !== null && 'resource' in facts && typeof facts.resource === 'string'
  );
}

function arraysOf(database: DatabaseSync, sql: string): unknown[] {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return statement.all();
}
