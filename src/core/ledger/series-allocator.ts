import type { SeriesKey } from '../statement/series.ts';
import { ACCOUNT_MEASURES, type Charge, MEASURES, type Measure } from '../statement/statement.ts';
import { cleanLabel, isClean } from '../values/label.ts';
import { getOrCreate } from '../values/maps.ts';
import type { Instant } from '../values/time.ts';
import { isZeroSeries, zeroSince } from './known-zero.ts';
import type { AccountRow, ResourceRow, SeriesRow } from './records.ts';
import { keyOf, MAX_OVERFLOWED, OVERFLOW, overflowDigest } from './series-key.ts';
import type { LedgerState } from './state.ts';

export interface SeriesAllocatorOptions {
  readonly state: LedgerState;
  readonly account: AccountRow;
  readonly stream: number;
  /** Tiers whose resources have as many models as they are used with: see `StreamSettings`. */
  readonly sharedResources?: boolean | readonly string[];
  readonly nextId: number;
  /** Series the account may still expose; asked for when a label set is new. */
  readonly remaining: () => number;
  readonly now: Instant;
}

/** Series that a label set of a measure is exposed as, at most: a counter with its corrections, and cost's four windows. */
export function exposedSeries(measure: Measure): number {
  return measure === 'cost' ? 6 : 2;
}

/** What the overflow series of every measure take, with the info of theirs. */
export const OVERFLOW_SERIES = 1 + MEASURES.reduce((sum, measure) => sum + exposedSeries(measure), 0);

/** Where a feed's data begins and ends, and its reconciliation. */
export const FEED_SERIES = 3;

/** Charges mostly come resource by resource, bucket by bucket, the same few measures in each. */
const MAX_RECENT = 8;

/**
 * Allocates a series to each charge, with labels that freeze at first sight: a series of its own or, beyond the cardinality limit
 * (`maxSeries`), the overflow one, for life. It is a draft: nothing in the state changes before its rows are committed.
 */
export class SeriesAllocator {
  /** The rows to be committed, by their numbers. */
  readonly created = new Map<number, SeriesRow>();
  /** The resources to be committed, by their names. */
  readonly resources = new Map<string, ResourceRow>();
  /** Digests of the label sets that overflow from now on. */
  readonly overflowed = new Set<number>();
  readonly #options: SeriesAllocatorOptions;
  readonly #createdByKey = new Map<string, SeriesRow>();
  readonly #overflowSeries = new Map<Measure, SeriesRow>();
  /** Series the account may still expose; undefined until a label set is new. */
  #remaining: number | undefined;
  #costResources: Set<string> | undefined;
  #recent: { readonly charge: Charge; readonly row: SeriesRow }[] = [];

  constructor(options: SeriesAllocatorOptions) {
    this.#options = options;
  }

  /** The series that holds the charge's cells: its own, or the overflow series of its measure. */
  allocate(charge: Charge): SeriesRow {
    const recent = this.#recent.find((each) => isSameSeries(charge, each.charge));
    if (recent) return recent.row;
    const key = this.#freezeLabels(cleanCharge(charge));
    const row = this.#find(key) ?? this.#allocateNew(key);
    if (this.#recent.length === MAX_RECENT || this.#recent[0]?.charge.resource !== charge.resource)
      this.#recent = [];
    this.#recent.push({ charge, row });
    return row;
  }

  /** A row of the draft, or one that was committed before. */
  row(id: number): SeriesRow | undefined {
    return this.created.get(id) ?? this.#options.state.series.get(id);
  }

  #freezeLabels(charge: Charge): SeriesKey {
    if (ACCOUNT_MEASURES.has(charge.measure)) return { ...charge, resource: '', model: '', tier: '' };
    const { sharedResources: shared = false } = this.#options;
    const isShared = typeof shared === 'boolean' ? shared : shared.includes(charge.tier);
    const known = isShared || charge.resource === '' ? undefined : this.#resource(charge.resource);
    return known ? { ...charge, model: known.model, tier: known.tier } : charge;
  }

  #allocateNew(key: SeriesKey): SeriesRow {
    if (ACCOUNT_MEASURES.has(key.measure)) return this.#createWithResource(key);
    const known = this.#options.state.overflowed(this.#options.stream);
    const count = known.size + this.overflowed.size;
    if (count === 0 && this.#reserve(key)) return this.#createWithResource(key);
    const digest = overflowDigest(key);
    if (!known.has(digest) && !this.overflowed.has(digest) && count < MAX_OVERFLOWED) {
      if (count > 0 && this.#reserve(key)) return this.#createWithResource(key);
      this.overflowed.add(digest);
    }
    return this.#overflowOf(key.measure);
  }

  #overflowOf(measure: Measure): SeriesRow {
    const key = { measure, resource: OVERFLOW, model: '', tier: '', detail: '' };
    return getOrCreate(this.#overflowSeries, measure, () => this.#find(key) ?? this.#create(key));
  }

  /** Takes what a label set is exposed as from what remains; false if that is too little. */
  #reserve({ measure, resource }: SeriesKey): boolean {
    const remaining = this.#remaining ?? this.#options.remaining();
    // Each new resource of a cost takes one more: its info.
    const needed = exposedSeries(measure) + (measure === 'cost' && this.#isNewCostResource(resource) ? 1 : 0);
    this.#remaining = needed > remaining ? remaining : remaining - needed;
    return needed <= remaining;
  }

  #isNewCostResource(resource: string): boolean {
    const { state, stream } = this.#options;
    this.#costResources ??= new Set(
      [...state.series.values()]
        .filter((row) => row.measure === 'cost' && row.stream === stream && row.target === row.id)
        .map((row) => row.resource),
    );
    const isNew = !this.#costResources.has(resource);
    this.#costResources.add(resource);
    return isNew;
  }

  #createWithResource(key: SeriesKey): SeriesRow {
    const { resource, model, tier } = key;
    const { id: account } = this.#options.account;
    if (resource !== '' && this.#resource(resource) === undefined)
      this.resources.set(resource, { account, resource, model, tier, facts: { resource } });
    return this.#create(key);
  }

  #create(key: SeriesKey): SeriesRow {
    const { state, account, stream, nextId, now } = this.#options;
    const { measure, resource, model, tier, detail } = key;
    const id = nextId + this.created.size;
    const row = {
      id,
      stream,
      measure,
      resource,
      model,
      tier,
      detail,
      target: id,
      createdAt: (isZeroSeries(key) ? zeroSince(state, account) : undefined) ?? now,
      total: 0n,
      corrections: 0n,
      hold: undefined,
      lastCell: 0,
      changedAt: now,
      rolled: 0n,
    };
    this.created.set(id, row);
    this.#createdByKey.set(keyOf(stream, key), row);
    return row;
  }

  #find(key: SeriesKey): SeriesRow | undefined {
    const { state, stream } = this.#options;
    return this.#createdByKey.get(keyOf(stream, key)) ?? state.seriesOf(stream, key);
  }

  #resource(resource: string): ResourceRow | undefined {
    const { state, account } = this.#options;
    return state.resource(account.id, resource) ?? this.resources.get(resource);
  }
}

function cleanCharge(charge: Charge): Charge {
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
