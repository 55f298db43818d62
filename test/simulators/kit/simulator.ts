import type { Fixed } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { BillingBooks, BookedRow } from './books.ts';
import { listen } from './listen.ts';
import type { Service, Simulator } from './service.ts';
import { type TruthEntry, truthOf } from './truth.ts';
import type { SimulatorOptions, World } from './world.ts';

export interface SimulatorParts<Row extends BookedRow> {
  readonly world: World;
  readonly options: SimulatorOptions;
  readonly key: string;
  readonly books: BillingBooks<Row>;
  /** What rows of the books come to. */
  readonly entriesOf: (rows: Row[]) => Iterable<TruthEntry>;
  /** The simplest row that costs so many dollars. */
  readonly costing: (at: Instant, usd: Fixed) => Row;
}

/** Puts a service on loopback, with its books beside it. */
export async function openSimulator<Row extends BookedRow>(
  service: Service,
  { world, options, key, books, entriesOf, costing }: SimulatorParts<Row>,
): Promise<Simulator<Row>> {
  const socket = await listen(service, world, options);
  return {
    ...socket,
    key,
    book: (row) => books.book(row),
    spend: (at, usd) => {
      const entry = books.book(costing(at, usd));
      return { revise: (next) => entry.revise(costing(at, next)), remove: () => entry.remove() };
    },
    truth: (range, now = world.clock.now()) => truthOf(entriesOf(books.rows(range, books.moment(now)))),
  };
}
