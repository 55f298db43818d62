import type { Fixed } from '../values/money.ts';
import type { Instant } from '../values/time.ts';
import {
  type AmountRow,
  type LabelledRow,
  MAX_ROWS,
  type SeriesQuestion,
  type SeriesReport,
  TooManyRowsError,
} from './cost-series.ts';
import { type CostsAccount, compareLabels } from './labels.ts';
import type { Column, ColumnCache } from './series-columns.ts';
import { type Grouping, groupSeries, matchingAccounts, type SeriesGroup } from './series-groups.ts';
import { accountCoverage, bucketsOf, flagsOf, type Unknowns, unknownBuckets } from './series-known.ts';
import type { PublishInput } from './windows.ts';

export interface SeriesQueryInput {
  readonly ledger: PublishInput;
  readonly columns: ColumnCache;
  readonly question: SeriesQuestion;
  readonly accounts: readonly CostsAccount[];
}

/**
 * Answers a question in turns of a few milliseconds, and yet as of one moment: everything is read first, and read again where a commit
 * has changed it, until nothing has; then, in one turn, what only grows is noted; the rest works on what cannot change.
 */
export function* seriesReport(input: SeriesQueryInput): Generator<void, SeriesReport> {
  const { ledger, question } = input;
  const buckets = bucketsOf(question.step, question.range, ledger.now);
  const columns = yield* readColumns(input, buckets);
  const accounts = matchingAccounts(input.accounts, question.match);
  const coverages = new Map(accounts.map((account) => [account, accountCoverage(ledger, account)]));
  const rows = [...ledger.state.series.values()];
  const accountOfStream = new Map(
    accounts.flatMap((account) =>
      account.streams.flatMap((name) => {
        const stream = ledger.state.streamOf(account.id, name);
        return stream ? [[stream.id, account] as const] : [];
      }),
    ),
  );
  yield;
  const unknown = new Map<CostsAccount, Unknowns>();
  for (const [account, coverage] of coverages) {
    unknown.set(account, unknownBuckets(coverage, question.step, buckets));
    yield;
  }
  const unknownOfAccount = (account: CostsAccount) => unknown.get(account) ?? 0n;
  const grouping = yield* groupSeries({
    question,
    rows,
    facts: (account, resource) => ledger.state.resource(account, resource),
    accounts,
    accountOfStream,
    unknownOfAccount,
    unknownOfStream: (stream) => unknown.get(accountOfStream.get(stream) ?? NOBODY) ?? 0n,
    now: ledger.now,
  });
  const all = [...unknown.values()].reduce((sum, each) => sum | each, 0n);
  const sums = yield* addUp({ question, buckets, columns, grouping, unknown: all });
  return { ...question, buckets, ...sums, limits: [] };
}

const NOBODY: CostsAccount = { id: 0, provider: '', account: '', streams: [] };

function* readColumns(
  { columns, question }: SeriesQueryInput,
  buckets: readonly Instant[],
): Generator<void, Column[]> {
  const kind = question.step === 'month' ? 'month' : 'day';
  for (const start of buckets) {
    if (!columns.loaded(kind, start)) columns.load(kind, start);
    yield;
  }
  return buckets.map((start) => columns.loaded(kind, start) ?? columns.load(kind, start));
}

interface AddUpInput {
  readonly question: SeriesQuestion;
  readonly buckets: readonly Instant[];
  readonly columns: readonly Column[];
  readonly grouping: Grouping;
  readonly unknown: Unknowns;
}

function* addUp(input: AddUpInput): Generator<void, Pick<SeriesReport, 'series' | 'other' | 'total'>> {
  const { question, buckets, columns, grouping } = input;
  const { groups, groupOf } = grouping;
  const flags = groups.map(({ unknown }) => flagsOf(unknown, buckets.length));
  const known = new Array<Fixed>(groups.length).fill(0n);
  for (const [bucket, { ids, amounts }] of columns.entries()) {
    for (let index = 0; index < ids.length; index += 1) {
      const group = groupOf[ids[index] ?? 0] ?? -1;
      if (group < 0) continue;
      const isUnknown = flags[group]?.[bucket] === 1;
      if (!isUnknown) known[group] = (known[group] ?? 0n) + (amounts[index] ?? 0n);
      const shown = groups[group];
      if (shown) shown.isShown = true;
    }
    yield;
  }
  const order = groups
    .map((group, index) => ({ group, index, known: known[index] ?? 0n }))
    .filter(({ group }) => group.isShown)
    .sort((a, b) =>
      a.known !== b.known ? (a.known > b.known ? -1 : 1) : compareLabels(a.group.labels, b.group.labels),
    );
  const listed = order.slice(0, question.top ?? MAX_ROWS);
  if (question.top === undefined && order.length > MAX_ROWS)
    throw new TooManyRowsError(
      `${order.length} series are more than ${MAX_ROWS}; add top=N, or use fewer labels in by or a narrower match`,
    );
  const rowOf = new Int32Array(groups.length).fill(-1);
  for (const [row, { index }] of listed.entries()) rowOf[index] = row;
  const zeros = () => new Array<Fixed>(buckets.length).fill(0n);
  const values = listed.map(zeros);
  const [other, total] = [zeros(), zeros()];
  for (const [bucket, { ids, amounts }] of columns.entries()) {
    for (let index = 0; index < ids.length; index += 1) {
      const group = groupOf[ids[index] ?? 0] ?? -1;
      if (group < 0) continue;
      const amount = amounts[index] ?? 0n;
      const row = values[rowOf[group] ?? -1] ?? other;
      row[bucket] = (row[bucket] ?? 0n) + amount;
      total[bucket] = (total[bucket] ?? 0n) + amount;
    }
    yield;
  }
  const rest = order.slice(listed.length).reduce((sum, { group }) => sum | group.unknown, 0n);
  return {
    series: listed.map(({ group }, row): LabelledRow => labelled(group, values[row] ?? [])),
    other: question.top === undefined ? undefined : amountRow(other, rest),
    total: amountRow(total, input.unknown),
  };
}

function labelled(group: SeriesGroup, values: readonly Fixed[]): LabelledRow {
  return { labels: group.labels, ...amountRow(values, group.unknown) };
}

function amountRow(values: readonly Fixed[], unknown: Unknowns): AmountRow {
  const flags = flagsOf(unknown, values.length);
  return {
    values: values.map((value, bucket) => (flags[bucket] === 1 ? undefined : value)),
    total: unknown === 0n ? values.reduce((sum, value) => sum + value, 0n) : undefined,
  };
}
