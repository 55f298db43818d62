import type { SeriesKey } from '../statement/series.ts';
import {
  ACCOUNT_MEASURES,
  type Charge,
  MEASURES,
  type Measure,
  type ResourceFacts,
} from '../statement/statement.ts';
import { cleanLabel, isClean } from '../values/label.ts';
import type { Instant } from '../values/time.ts';
import { isZeroSeries, zeroSince } from './known-zero.ts';
import { MAX_OVERFLOWED, overflowDigest } from './overflow.ts';
import type { AccountRow, ResourceRow, SeriesRow } from './records.ts';
import { keyOf, OVERFLOW } from './series-key.ts';
import type { LedgerState } from './state.ts';

/** Gives charges their series: frozen labels, and a series of its own or the overflow one, once and for life. */
export interface SeriesAllocator {
  /** The series that holds the charge's cells: its own, or the overflow series of its measure. */
  allocate(charge: Charge): SeriesRow;
  readonly created: ReadonlyMap<number, SeriesRow>;
  readonly resources: ReadonlyMap<string, ResourceRow>;
  /** Digests of the label sets that are overflowed from now on. */
  readonly overflowed: ReadonlySet<number>;
}

export interface SeriesAllocatorOptions {
  readonly book: LedgerState;
  readonly account: AccountRow;
  readonly stream: number;
  readonly nextId: number;
  /** Series the account may still expose; asked for when a label set is new. */
  readonly room: () => number;
  readonly now: Instant;
}

/** Series that a label set of a measure is exposed as, at the most: a counter with its twin, and cost's four windows. */
export function exposedLines(measure: Measure): number {
  return measure === 'cost' ? 6 : 2;
}

/** What the overflow series of every measure take, with the info of theirs. */
export const OVERFLOW_LINES = 1 + MEASURES.reduce((sum, measure) => sum + exposedLines(measure), 0);

/** Where a feed's data begins and ends, and its reconciliation. */
export const FEED_LINES = 3;

/** Lines mostly come resource by resource, bucket by bucket, the same few measures in each. */
const MOST_RECENT = 8;

/** Opens a draft: nothing in the book changes before its rows are committed. */
export function createSeriesAllocator(options: SeriesAllocatorOptions): SeriesAllocator {
  const { book, account, stream } = options;
  const created = new Map<number, SeriesRow>();
  const createdIds = new Map<string, number>();
  const resources = new Map<string, ResourceRow>();
  let nextId = options.nextId;
  let remaining: number | undefined;
  const alreadyOverflowed = book.overflowed(stream);
  const overflowed = new Set<number>();
  const overflow = new Map<Measure, SeriesRow>();
  let recent: { readonly charge: Charge; readonly row: SeriesRow }[] = [];

  const create = (key: SeriesKey): SeriesRow => {
    const id = nextId++;
    const { measure, resource, model, tier, detail } = key;
    const counters = { total: 0n, corrections: 0n, rolled: 0n, hold: undefined };
    const createdAt = isZeroSeries(key) && account.baseline !== undefined ? zeroSince(account) : options.now;
    const times = { createdAt, lastCell: 0, changedAt: options.now };
    const row = {
      id,
      stream,
      measure,
      resource,
      model,
      tier,
      detail,
      target: id,
      ...counters,
      ...times,
    };
    created.set(id, row);
    createdIds.set(keyOf(stream, key), id);
    return row;
  };
  const find = (key: SeriesKey): SeriesRow | undefined => {
    const id = createdIds.get(keyOf(stream, key));
    return id === undefined ? book.seriesOf(stream, key) : created.get(id);
  };
  let costly: Set<string> | undefined;
  /** Whether the resource has its info series already; each new one takes one more. */
  const hasCost = (resource: string): boolean => {
    costly ??= new Set(
      [...book.series.values()]
        .filter((row) => row.measure === 'cost' && row.stream === stream && row.target === row.id)
        .map((row) => row.resource),
    );
    const known = costly.has(resource);
    costly.add(resource);
    return known;
  };
  const hasRoom = ({ measure, resource }: SeriesKey): boolean => {
    remaining ??= options.room();
    const isNamed = measure !== 'cost' || hasCost(resource);
    const charges = exposedLines(measure) + (isNamed ? 0 : 1);
    if (charges > remaining) return false;
    remaining -= charges;
    return true;
  };
  const place = (key: SeriesKey): SeriesRow => {
    if (ACCOUNT_MEASURES.has(key.measure)) return open(key);
    const isAnyFolded = alreadyOverflowed.size + overflowed.size > 0;
    if (!isAnyFolded && hasRoom(key)) return open(key);
    const digest = overflowDigest(key);
    const isFolded = alreadyOverflowed.has(digest) || overflowed.has(digest);
    const isFull = alreadyOverflowed.size + overflowed.size >= MAX_OVERFLOWED;
    if (isAnyFolded && !isFolded && !isFull && hasRoom(key)) return open(key);
    if (!isFolded && !isFull) overflowed.add(digest);
    return overflowOf(key.measure);
  };
  const overflowOf = (measure: Measure): SeriesRow => {
    const key = { measure, resource: OVERFLOW, model: '', tier: '', detail: '' };
    const row = overflow.get(measure) ?? find(key) ?? create(key);
    overflow.set(measure, row);
    return row;
  };
  const open = (key: SeriesKey): SeriesRow => {
    const { resource, model, tier } = key;
    const isNew = resource !== '' && resourceOf(resource) === undefined;
    if (isNew) resources.set(resource, { account: account.id, resource, model, tier, facts: { resource } });
    return create(key);
  };
  const resourceOf = (resource: string) => book.resource(account.id, resource) ?? resources.get(resource);
  const frozen = (raw: Charge): SeriesKey => {
    const charge = cleaned(raw);
    if (ACCOUNT_MEASURES.has(charge.measure)) return { ...charge, resource: '', model: '', tier: '' };
    const known = charge.resource === '' ? undefined : resourceOf(charge.resource);
    return known ? { ...charge, model: known.model, tier: known.tier } : charge;
  };
  return {
    created,
    resources,
    overflowed,
    allocate(charge) {
      const known = recent.find((each) => isSameSeries(charge, each.charge));
      if (known) return known.row;
      const key = frozen(charge);
      const row = find(key) ?? place(key);
      if (recent.length === MOST_RECENT || recent[0]?.charge.resource !== charge.resource) recent = [];
      recent.push({ charge, row });
      return row;
    },
  };
}

function cleaned(charge: Charge): Charge {
  const { resource, model, tier, detail } = charge;
  if (isClean(resource) && isClean(model) && isClean(tier) && isClean(detail)) return charge;
  return {
    ...charge,
    resource: cleanLabel(resource),
    model: cleanLabel(model),
    tier: cleanLabel(tier),
    detail: cleanLabel(detail),
  };
}

function isSameSeries(a: Charge, b: Charge): boolean {
  return (
    a.resource === b.resource &&
    a.measure === b.measure &&
    a.detail === b.detail &&
    a.model === b.model &&
    a.tier === b.tier
  );
}

/** The resource rows whose names or properties a reading changed. */
export function renamed(
  book: LedgerState,
  account: number,
  facts: readonly ResourceFacts[],
  fresh: ReadonlyMap<string, ResourceRow>,
): ResourceRow[] {
  const rows = new Map(fresh);
  const rowOf = (resource: string) => rows.get(resource) ?? book.resource(account, resource);
  // Folded resources have no row, and there may be many of them.
  const shown = facts.flatMap((each) => {
    const resource = cleanLabel(each.resource);
    return rowOf(resource) ? [{ ...each, resource }] : [];
  });
  for (const [resource, current] of mergedFacts(shown)) {
    const known = rowOf(resource);
    if (!known || JSON.stringify(known.facts) === JSON.stringify(current)) continue;
    rows.set(resource, { ...known, facts: current });
  }
  return [...rows.values()];
}

/** One entry a resource; several values of one property are joined by commas, in a stable order. */
function mergedFacts(facts: readonly ResourceFacts[]): Map<string, ResourceFacts> {
  const merged = new Map<string, ResourceFacts>();
  for (const [resource, entries] of Map.groupBy(facts, (entry) => entry.resource)) {
    const values = new Map<string, Set<string>>();
    let deleted: boolean | undefined;
    for (const { resource: _, deleted: gone, ...texts } of entries) {
      if (gone !== undefined) deleted = (deleted ?? true) && gone;
      for (const [name, value] of Object.entries(texts)) {
        if (value) values.set(name, (values.get(name) ?? new Set()).add(value));
      }
    }
    const texts = [...values]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, set]) => [name, cleanLabel([...set].sort().join(','))]);
    merged.set(resource, {
      resource,
      ...Object.fromEntries(texts),
      ...(deleted === undefined ? {} : { deleted }),
    });
  }
  return merged;
}
