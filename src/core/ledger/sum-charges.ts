import type { Charge, Measure, Statement } from '../statement/statement.ts';
import { rateAt } from '../values/exchange-rates.ts';
import { addTo, getOrCreate } from '../values/maps.ts';
import { assertPlausible, type Fixed, MAX_DOLLARS, MAX_QUANTITY, multiply, ONE } from '../values/money.ts';
import { floorTo, type Instant, type Range, sizeOf } from '../values/time.ts';
import type { SeriesAllocator } from './series-allocator.ts';
import type { AccountSettings } from './settings.ts';

export interface SumChargesInput {
  readonly statement: Statement;
  readonly settings: AccountSettings;
}

/** Adds the charges up by cell in their own currency, then converts each sum once, at the rate of its bucket. */
export function sumCharges(input: SumChargesInput, allocator: SeriesAllocator, range: Range) {
  const { statement, settings } = input;
  const size = sizeOf(statement.granularity);
  const amounts = new Map<Instant, Map<number, Fixed>>();
  const foreign: ForeignSums = new Map();
  const unconverted = new Set<string>();
  const assertAmount = plausibilityCheck();
  for (const charge of statement.charges) {
    const bucket = floorTo(size, charge.at);
    assertWithin(statement, charge);
    if (bucket < range.start) continue;
    const { known, rate } = isPlain(charge) ? { known: charge, rate: ONE } : price(charge, bucket, settings);
    if (rate === undefined) unconverted.add(charge.currency ?? '');
    assertAmount(charge, rate);
    if (!known) continue;
    const { id } = allocator.allocate(known);
    const cells = getOrCreate(amounts, bucket, () => new Map());
    if (rate === undefined || rate === ONE) addTo(cells, id, charge.value);
    else addForeign(foreign, cells, id, rate, charge.value);
  }
  for (const [cells, sums] of foreign) {
    for (const { id, rate, sum } of sums.values()) addTo(cells, id, multiply(sum, rate));
  }
  return { amounts, unconverted };
}

/**
 * Refuses a statement as {@link sumCharges} does, before any part of it is applied.
 *
 * @param closedBefore charges before this do not count.
 */
export function assertApplicable(
  statement: Statement,
  settings: AccountSettings,
  closedBefore = Number.NEGATIVE_INFINITY,
): void {
  const size = sizeOf(statement.granularity);
  const assertAmount = plausibilityCheck();
  for (const charge of statement.charges) {
    const bucket = floorTo(size, charge.at);
    assertWithin(statement, charge);
    if (bucket < closedBefore) continue;
    assertAmount(charge, isPlain(charge) ? ONE : price(charge, bucket, settings).rate);
  }
}

function assertWithin({ range }: Statement, { at }: Charge): void {
  if (at >= range.start && at < range.end) return;
  throw new RangeError(`a charge of ${new Date(at).toISOString()} lies outside the statement's range`);
}

/** Sums in other currencies than dollars, by cell and rate: the overflow series and a component may have several. */
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
  const sums = getOrCreate(foreign, cells, () => new Map());
  getOrCreate(sums, `${id} ${rate}`, () => ({ id, rate, sum: 0n })).sum += value;
}

/** All amounts of one statement together: ten such statements still leave a double its cents. */
const MAX_TOGETHER = { dollars: 10n * MAX_DOLLARS, counts: 10n * MAX_QUANTITY };
/** Smaller amounts need no check: even a million of them stay below the limits. */
const SMALL = MAX_DOLLARS / 1_000_000n;

/** Refuses implausible amounts, in dollars if there is a rate, and an implausible sum of them. */
function plausibilityCheck(): (charge: Charge, rate: Fixed | undefined) => void {
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

/** Whether the amount is in dollars, or is not money. */
function isPlain({ currency, measure }: Charge): boolean {
  return currency === undefined || !MONEY.has(measure);
}

/** The charge as it is recorded and the rate that turns its amount into dollars; without a rate it is recorded unconverted. */
function price(charge: Charge, bucket: Instant, settings: AccountSettings): { known?: Charge; rate?: Fixed } {
  if (charge.currency === undefined) return { known: charge, rate: ONE };
  const rate = rateAt(settings.rates, charge.currency, bucket);
  if (rate !== undefined) return { known: charge, rate };
  if (charge.measure === 'component_cost') return {};
  return { known: { ...charge, measure: 'unconverted', detail: charge.currency } };
}
