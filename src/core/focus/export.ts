import type { SeriesRow } from '../ledger/records.ts';
import type { CellBucket } from '../ledger/shown-cells.ts';
import { type AskedStream, askedStreams } from '../reports/series-parts.ts';
import { rateAt } from '../values/exchange-rates.ts';
import { addTo, getOrCreate } from '../values/maps.ts';
import type { Range } from '../values/time.ts';
import { type CellsInput, cellsOf, MonthTotals } from './cells.ts';
import { type CellUsage, type FocusAccount, type FocusCell, type FocusRow, rowOf } from './columns.ts';
import { type FocusGap, focusGaps } from './gaps.ts';

export interface FocusInput extends CellsInput {
  readonly accounts: readonly FocusAccount[];
  /** Whole UTC days. */
  readonly range: Range;
}

/** What is exported: first what it lacks, then its rows, in steps of a moment; undefined is a pause. */
export interface FocusExport {
  gaps(): Iterator<void, readonly FocusGap[]>;
  rows(): Iterable<FocusRow | undefined>;
}

/** Accounts and streams come in the order of their names, and commits may come in between: each bucket is as of when it is read. */
export function focusExport(input: FocusInput): FocusExport {
  const accounts = [...input.accounts].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return {
    gaps: () => focusGaps(input, accounts, input.range),
    *rows() {
      const months = new MonthTotals(input.ledger.state);
      for (const account of accounts) {
        const streams = askedStreams(input.ledger, [account]);
        for (const asked of streams.sort((a, b) => (a.stream.name < b.stream.name ? -1 : 1)))
          yield* rowsOf(input, account, asked, months);
      }
    },
  };
}

function nameOf({ provider, account }: FocusAccount): string {
  return `${provider}\0${account}`;
}

function* rowsOf(
  input: FocusInput,
  account: FocusAccount,
  asked: AskedStream,
  months: MonthTotals,
): Generator<FocusRow | undefined, void> {
  const { state, accounts } = input.ledger;
  const rates = accounts.get(account.id)?.rates ?? new Map();
  for (const bucket of cellsOf(input, asked, input.range)) {
    yield undefined;
    if (!bucket) continue;
    const period = { start: bucket.start, end: bucket.end };
    for (const { row, usd, usage } of costsOf(bucket, state.series)) {
      const cell: FocusCell = {
        ...{ account, row, usd, usage, period },
        facts: state.resource(account.id, row.resource)?.facts,
        isCorrection: usd < 0n && months.of(row.id, bucket.start) < 0n,
        rate: rateAt(rates, row.detail, bucket.start),
      };
      yield rowOf(cell);
    }
  }
}

type Cost = Pick<FocusCell, 'usd' | 'usage'> & { readonly row: SeriesRow };

/** Of several costs of one label set, in several currencies, the first has its usage: it is not to be counted twice. */
function* costsOf({ amounts }: CellBucket, series: ReadonlyMap<number, SeriesRow>): Generator<Cost, void> {
  const usages = new Map<string, CellUsage>();
  const costs: { readonly row: SeriesRow; readonly usd: bigint }[] = [];
  for (const [id, amount] of amounts) {
    const row = series.get(id);
    if (!row || amount === 0n) continue;
    if (row.measure === 'cost') costs.push({ row, usd: amount });
    else addUsage(usages, row, amount);
  }
  for (const { row, usd } of costs) {
    const key = keyOf(row);
    yield { row, usd, usage: usages.get(key) };
    usages.delete(key);
  }
}

function addUsage(usages: Map<string, CellUsage>, row: SeriesRow, amount: bigint): void {
  const usage = () => getOrCreate(usages, keyOf(row), emptyUsage);
  switch (row.measure) {
    case 'tokens':
      addTo(usage().tokens, row.detail, amount);
      break;
    case 'requests':
      usage().requests += amount;
      break;
    case 'billed_seconds':
      usage().seconds += amount;
      break;
    case 'units':
      usage().units += amount;
      break;
    default:
  }
}

function keyOf({ resource, model, tier }: SeriesRow): string {
  return `${resource}\0${model}\0${tier}`;
}

function emptyUsage(): CellUsage {
  return { tokens: new Map(), requests: 0n, seconds: 0n, units: 0n };
}
