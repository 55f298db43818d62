import type { Charge, Measure, Statement } from '../statement/statement.ts';
import { rateAt } from '../values/exchange-rates.ts';
import { assertPlausible, type Fixed, MAX_DOLLARS, MAX_QUANTITY, multiply, ONE } from '../values/money.ts';
import { floorTo, type Instant, type Range, sizeOf } from '../values/time.ts';
import type { SeriesAllocator } from './series-allocator.ts';
import type { AccountSettings } from './settings.ts';

export interface SumChargesInput {
  readonly statement: Statement;
  readonly settings: AccountSettings;
}

/** Adds the charges up by cell in their own currency, then converts each sum once, at the rate of its bucket. */
export function sumCharges(input: SumChargesInput, assigner: SeriesAllocator, range: Range) {
  const { statement, settings } = input;
  const size = sizeOf(statement.granularity);
  const amounts = new Map<Instant, Map<number, Fixed>>();
  const foreign: ForeignSums = new Map();
  const unconverted = new Set<string>();
  const count = plausibility();
  for (const charge of statement.charges) {
    const bucket = floorTo(size, charge.at);
    assertWithin(statement, charge);
    if (bucket < range.start) continue;
    const { known, rate } = isPlain(charge) ? { known: charge, rate: ONE } : priced(charge, bucket, settings);
    if (rate === undefined) unconverted.add(charge.currency ?? '');
    count(charge, rate);
    if (!known) continue;
    const { id } = assigner.allocate(known);
    const cells = amounts.get(bucket) ?? new Map<number, Fixed>();
    if (cells.size === 0) amounts.set(bucket, cells);
    if (rate === undefined || rate === ONE) cells.set(id, (cells.get(id) ?? 0n) + charge.value);
    else addForeign(foreign, cells, id, rate, charge.value);
  }
  for (const [cells, sums] of foreign) {
    for (const { id, rate, sum } of sums.values()) cells.set(id, (cells.get(id) ?? 0n) + multiply(sum, rate));
  }
  return { amounts, unconverted };
}

/**
 * Refuses a statement as {@link sumCharges} does, before any part of it is applied.
 *
 * @param open from where on its charges count.
 */
export function assertBookable({ statement, settings }: SumChargesInput, open: Instant): void {
  const size = sizeOf(statement.granularity);
  const count = plausibility();
  for (const charge of statement.charges) {
    const bucket = floorTo(size, charge.at);
    assertWithin(statement, charge);
    if (bucket >= open) count(charge, isPlain(charge) ? ONE : priced(charge, bucket, settings).rate);
  }
}

function assertWithin({ range }: Statement, { at }: Charge): void {
  if (at >= range.start && at < range.end) return;
  throw new RangeError(`a charge of ${new Date(at).toISOString()} lies outside the statement's range`);
}

/** Sums in other currencies than dollars, by cell and rate: the overflow series and a component may hold several. */
type ForeignSums = Map<
  Map<number, Fixed>,
  Map<string, { readonly id: number; readonly rate: Fixed; sum: Fixed }>
>;

function addForeign(
  foreign: ForeignSums,
  cells: Map<number, Fixed>,
  id: number,
  rate: Fixed,
  value: Fixed,
): void {
  const sums = foreign.get(cells) ?? new Map();
  if (sums.size === 0) foreign.set(cells, sums);
  const known = sums.get(`${id} ${rate}`) ?? { id, rate, sum: 0n };
  known.sum += value;
  sums.set(`${id} ${rate}`, known);
}

/** All amounts of one statement together: ten such statements still leave a double its cents. */
const MAX_TOGETHER = { dollars: 10n * MAX_DOLLARS, counts: 10n * MAX_QUANTITY };
/** What is smaller needs no closer look: not even a million of them come near a bound. */
const SMALL = MAX_DOLLARS / 1_000_000n;

/** Refuses a statement for an amount that no provider can mean, in dollars where there is a rate; and for what all of them come to. */
function plausibility(): (charge: Charge, rate: Fixed | undefined) => void {
  const together = { dollars: 0n, counts: 0n };
  return ({ measure, value }, rate) => {
    const amount = rate === undefined || rate === ONE ? value : multiply(value, rate);
    if (amount < SMALL && amount > -SMALL) return;
    const kind = rate !== undefined && MONEY.has(measure) ? 'dollars' : 'counts';
    assertPlausible(amount, kind === 'dollars' ? MAX_DOLLARS : MAX_QUANTITY, `an amount of ${measure}`);
    together[kind] += amount < 0n ? -amount : amount;
    assertPlausible(together[kind], MAX_TOGETHER[kind], 'amounts that together lie');
  };
}

const MONEY: ReadonlySet<Measure> = new Set(['cost', 'component_cost', 'top_ups']);

/** It is in dollars, or no money. */
function isPlain({ currency, measure }: Charge): boolean {
  return currency === undefined || !MONEY.has(measure);
}

/** The charge as it is booked and the rate that turns its amount into dollars; without a rate it is booked unconverted. */
function priced(
  charge: Charge,
  bucket: Instant,
  settings: AccountSettings,
): { known?: Charge; rate?: Fixed } {
  if (charge.currency === undefined) return { known: charge, rate: ONE };
  const rate = rateAt(settings.rates, charge.currency, bucket);
  if (rate !== undefined) return { known: charge, rate };
  if (charge.measure === 'component_cost') return {};
  return { known: { ...charge, measure: 'unconverted', detail: charge.currency } };
}
