import type { DatabaseSync } from 'node:sqlite';
import type { ResourceRow, SeriesRow, ZeroHold } from '../core/ledger/records.ts';
import { MEASURES, type Measure, type ResourceFacts } from '../core/statement/statement.ts';
import { allOf } from './seals.ts';

/**
 * Loads the two tables of which a start reads tens of thousands of rows. Both are STRICT: SQLite returns what the column declares, so
 * only what no column type says is checked. A schema per row takes eight times as long.
 */

type SeriesColumns = readonly [
  ...[id: number, stream: number, measure: string, resource: string, model: string, tier: string],
  ...[detail: string, target: number, total: string, corrections: string, ...HoldColumns],
  ...[lastCell: number, changedAt: number, rolled: string, createdAt: number],
];
type HoldColumns = readonly [
  ...[heldTotal: string | null, heldCorrections: string | null, heldSince: number | null, heldShown: number],
];

/**
 * @param rows those of the table, where they were read already.
 * @throws {Error} for a row that the ledger did not write.
 */
export function seriesRows(database: DatabaseSync, rows = allOf(database, 'series')): SeriesRow[] {
  return rows.map((row) => seriesOf(row as unknown as SeriesColumns));
}

function seriesOf(columns: SeriesColumns): SeriesRow {
  const [id, stream, measure, resource, model, tier, detail, target, ...rest] = columns;
  const [total, corrections, heldTotal, heldCorrections, heldSince, heldShown, ...last] = rest;
  const [lastCell, changedAt, rolled, createdAt] = last;
  return {
    id,
    stream,
    measure: measureOf(measure),
    resource,
    model,
    tier,
    detail,
    target,
    createdAt,
    total: BigInt(total),
    corrections: BigInt(corrections),
    hold: holdOf([heldTotal, heldCorrections, heldSince, heldShown]),
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

function holdOf([total, corrections, since, shown]: HoldColumns): ZeroHold | undefined {
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

/**
 * @param rows those of the table, where they were read already.
 * @throws {Error} for a row that the ledger did not write.
 */
export function resourceRows(database: DatabaseSync, rows = allOf(database, 'resources')): ResourceRow[] {
  return rows.map((row) => {
    const [account, resource, model, tier, facts] = row as unknown as ResourceColumns;
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
