import type { SeriesRow } from '../ledger/records.ts';
import type { Instant } from '../values/time.ts';
import type { ColumnCache } from './columns.ts';
import type { SeriesQuestion, SeriesReport, UnknownAccount } from './cost-series.ts';
import type { CostsAccount } from './labels.ts';
import { groupSeries, matchingAccounts } from './series-groups.ts';
import {
  type AccountCoverage,
  accountCoverage,
  bucketsOf,
  type Unknowns,
  unknownBuckets,
  unknownReason,
} from './series-known.ts';
import { limitsOf, type StreamLimits, stepLimits } from './series-limits.ts';
import { type AskedStream, askedStreams, type ReadPart, readParts } from './series-parts.ts';
import { addUp } from './series-sums.ts';
import type { PublishInput } from './windows.ts';

export interface SeriesQueryInput {
  readonly ledger: PublishInput;
  readonly columns: ColumnCache;
  readonly question: SeriesQuestion;
  readonly accounts: readonly CostsAccount[];
}

/**
 * Answers a question in steps of a few milliseconds, between which commits may come, and yet as of one moment: what changes is taken
 * from the ledger in one step, and the rest works on what was taken.
 */
export function* seriesReport(input: SeriesQueryInput): Generator<void, SeriesReport> {
  const { ledger, question } = input;
  const { step, match } = question;
  const buckets = bucketsOf(step, question.range, ledger.now);
  const accounts = matchingAccounts(input.accounts, match);
  const parts = yield* readParts({ ...input, buckets, accounts });
  const taken = takeOf(ledger, accounts, parts);
  const unknown = yield* unknownOf(taken, question, buckets);
  const limits = yield* limitsOf({ question, buckets, ...taken, isRead: isReadIn(taken) });
  const limited = new Map<number, StreamLimits>();
  const grouping = yield* groupSeries({
    question,
    rows: taken.rows,
    facts: (account, resource) => ledger.state.resource(account, resource)?.facts,
    accounts,
    accountOf: new Map(taken.streams.map(({ stream, account }) => [stream.id, account])),
    unknownOf(account, stream) {
      const limit = limits.get(stream ?? 0);
      if (limit) limited.set(limit.stream.id, limit);
      return (unknown.get(account) ?? 0n) | (limit?.unknown ?? 0n);
    },
    now: ledger.now,
  });
  const found = [...limited.values()];
  const all = [...unknown.values(), ...found.map((each) => each.unknown)].reduce(
    (sum, each) => sum | each,
    0n,
  );
  // Without labels there is one row, the total, and it holds accounts without a series, too.
  const groups = question.by.length === 0 ? [{ labels: [], isShown: true, unknown: all }] : grouping.groups;
  const sums = yield* addUp({ question, buckets, parts, grouping: { ...grouping, groups }, unknown: all });
  const reasons = unknownAccounts(taken, unknown, buckets);
  return { ...question, buckets, ...sums, limits: stepLimits(found, step, buckets), unknown: reasons };
}

function unknownAccounts(
  { coverages }: Taken,
  unknown: ReadonlyMap<CostsAccount, Unknowns>,
  buckets: readonly Instant[],
): UnknownAccount[] {
  return [...coverages].flatMap(([asked, coverage]) => {
    const reason = unknownReason(coverage, unknown.get(asked) ?? 0n, buckets);
    return reason ? [{ provider: asked.provider, account: asked.account, reason }] : [];
  });
}

/** The ledger as of one moment, as far as it is needed. */
interface Taken {
  readonly parts: readonly ReadPart[];
  readonly coverages: ReadonlyMap<CostsAccount, AccountCoverage>;
  readonly streams: readonly AskedStream[];
  readonly rows: readonly SeriesRow[];
}

function takeOf(ledger: PublishInput, accounts: readonly CostsAccount[], parts: readonly ReadPart[]): Taken {
  return {
    parts,
    coverages: new Map(accounts.map((account) => [account, accountCoverage(ledger, account)])),
    streams: askedStreams(ledger, accounts),
    rows: [...ledger.state.series.values()],
  };
}

function* unknownOf(
  { coverages }: Taken,
  { step }: SeriesQuestion,
  buckets: readonly Instant[],
): Generator<void, Map<CostsAccount, Unknowns>> {
  const unknown = new Map<CostsAccount, Unknowns>();
  for (const [account, coverage] of coverages) {
    yield;
    unknown.set(account, unknownBuckets(coverage, step, buckets));
  }
  return unknown;
}

function isReadIn({ coverages }: Taken): Parameters<typeof limitsOf>[0]['isRead'] {
  return ({ account, stream }, bucket) => {
    const covered = coverages.get(account)?.streams.get(stream.name)?.covered ?? [];
    return covered.some(({ start, end }) => start < bucket.end && bucket.start < end);
  };
}
