import { ZERO_SERIES } from '../ledger/known-zero.ts';
import type { SeriesRow } from '../ledger/records.ts';
import { isRetired } from '../ledger/zero-hold.ts';
import type { Measure, ResourceFacts } from '../statement/statement.ts';
import { globMatcher } from '../values/glob.ts';
import type { Instant } from '../values/time.ts';
import { FACT_LABELS, type SeriesLabel, type SeriesMeasure, type SeriesQuestion } from './cost-series.ts';
import { type CostsAccount, type LabelSource, labelOf } from './labels.ts';
import type { Unknowns } from './series-known.ts';

const MEASURE_NAMES: Readonly<Record<SeriesMeasure, Measure>> = {
  cost: 'cost',
  tokens: 'tokens',
  requests: 'requests',
  seconds: 'billed_seconds',
};

export interface SeriesGroup {
  readonly labels: readonly string[];
  /** It has a series that is shown even if it is 0. */
  isShown: boolean;
  unknown: Unknowns;
}

/** The ledger's series as of one moment, and what is known of their accounts. */
export interface GroupingInput {
  readonly question: Pick<SeriesQuestion, 'by' | 'match' | 'measure'>;
  readonly rows: readonly SeriesRow[];
  readonly facts: (account: number, resource: string) => ResourceFacts | undefined;
  /** Those that may match. */
  readonly accounts: readonly CostsAccount[];
  /** The accounts of streams. */
  readonly accountOf: ReadonlyMap<number, CostsAccount>;
  /** What is unknown of a series of the stream, or of an account without any. */
  unknownOf(account: CostsAccount, stream?: number): Unknowns;
  readonly now: Instant;
}

export interface Grouping {
  readonly groups: readonly SeriesGroup[];
  /** The group by the id of a series; -1 if it is in none. */
  readonly groupOf: Int32Array;
}

/** Series that are grouped before others get a turn. */
const ROWS_PER_TURN = 200;

/** Accounts that a question's patterns leave in. */
export function matchingAccounts(
  accounts: readonly CostsAccount[],
  match: SeriesQuestion['match'],
): CostsAccount[] {
  const isMatch = matcherOf(match, ['provider', 'account']);
  return accounts.filter((account) => isMatch({ account, row: ZERO_SERIES }));
}

function matcherOf(match: SeriesQuestion['match'], labels?: readonly SeriesLabel[]) {
  const tests = [...match]
    .filter(([label]) => labels?.includes(label) ?? true)
    .map(([label, globs]) => ({ label, isMatch: globMatcher(globs) }));
  return (source: LabelSource) => tests.every(({ label, isMatch }) => isMatch(labelOf(label, source)));
}

/** Groups the series that match; an account without any counts as the series that shows its 0. */
export function* groupSeries(input: GroupingInput): Generator<void, Grouping> {
  const { question, rows, accounts, accountOf, now } = input;
  const { by, match } = question;
  const measure = MEASURE_NAMES[question.measure];
  const groupOf = new Int32Array(rows.reduce((last, { id }) => Math.max(last, id), 0) + 1).fill(-1);
  const groups = new GroupList(by);
  const isMatch = matcherOf(match);
  const needsFacts = FACT_LABELS.some((label) => by.includes(label) || match.has(label));
  const idle = new Set(accounts);
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_PER_TURN === 0) yield;
    const account = accountOf.get(row.stream);
    if (row.measure !== measure || row.target !== row.id || !account) continue;
    const isShown = !isRetired(row, now);
    if (isShown) idle.delete(account);
    const facts = needsFacts ? input.facts(account.id, row.resource) : undefined;
    const source = { account, row, facts };
    if (!isMatch(source)) continue;
    groupOf[row.id] = groups.add(source, isShown, input.unknownOf(account, row.stream));
  }
  for (const account of idle) {
    const source = { account, row: { ...ZERO_SERIES, measure } };
    if (isMatch(source)) groups.add(source, measure === 'cost', input.unknownOf(account));
  }
  return { groups: groups.all, groupOf };
}

class GroupList {
  readonly all: SeriesGroup[] = [];
  readonly #by: readonly SeriesLabel[];
  readonly #indexes = new Map<string, number>();

  constructor(by: readonly SeriesLabel[]) {
    this.#by = by;
  }

  add(source: LabelSource, isShown: boolean, unknown: Unknowns): number {
    const labels = this.#by.map((label) => labelOf(label, source));
    // No label contains the separator: see `cleanLabel`.
    const key = labels.join('\0');
    const known = this.#indexes.get(key);
    const index = known ?? this.all.push({ labels, isShown, unknown }) - 1;
    const group = this.all[index];
    if (known === undefined) this.#indexes.set(key, index);
    else if (group) {
      group.isShown ||= isShown;
      group.unknown |= unknown;
    }
    return index;
  }
}
