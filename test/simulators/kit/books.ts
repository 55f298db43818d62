import type { Instant, Range } from '../../../src/core/values/time.ts';

/** A billed row, at the instant of its usage. */
export interface BookedRow {
  readonly at: Instant;
  /** When the row appeared, if later than what it bills. */
  readonly recordedAt?: Instant;
  /** When it was removed from the books. */
  readonly refundedAt?: Instant;
}

/** Is the row on the books at `now`? */
export function shows(row: BookedRow, now: Instant): boolean {
  return (
    (row.recordedAt ?? Number.NEGATIVE_INFINITY) <= now && now < (row.refundedAt ?? Number.POSITIVE_INFINITY)
  );
}

/** A view of the books: pagination that starts at one sees it until its end. */
export interface Instants {
  readonly now: Instant;
  readonly version: number;
}

/** A row booked by hand. */
export interface Entry<Row> {
  /** Restates it, up or down. */
  revise(change: Partial<Row>): void;
  /** Removes it from the books. */
  remove(): void;
}

/** A provider's books: generated rows, and those booked by hand. */
export interface BillingBooks<Row extends BookedRow> {
  /** Adds a row for any time: a late row has an `at` long past. */
  book(row: Row): Entry<Row>;
  moment(now: Instant): Instants;
  /** Rows of the range as the books stood at the moment, oldest first. */
  rows(range: Range, moment: Instants): Row[];
}

interface Written<Row> {
  readonly row: Row;
  /** First version that holds it. */
  readonly born: number;
  /** First version that no longer does. */
  died: number;
}

/** Opens books over a generator, a pure function of range and time whose rows come oldest first. */
export function openBooks<Row extends BookedRow>(
  generated: (range: Range, now: Instant) => Row[],
): BillingBooks<Row> {
  const written: Written<Row>[] = [];
  let version = 0;
  const write = (row: Row): Written<Row> => {
    const line = { row, born: version, died: Number.POSITIVE_INFINITY };
    written.push(line);
    return line;
  };
  return {
    book: (row) => {
      version += 1;
      let line = write(row);
      const strike = () => {
        version += 1;
        line.died = Math.min(line.died, version);
      };
      return {
        revise: (change) => {
          strike();
          line = write({ ...line.row, ...change });
        },
        remove: strike,
      };
    },
    moment: (now) => ({ now, version }),
    rows: (range, moment) => merged(generated(range, moment.now), byHand(written, range, moment)),
  };
}

function byHand<Row extends BookedRow>(
  written: readonly Written<Row>[],
  range: Range,
  { version, now }: Instants,
): Row[] {
  return written
    .filter((line) => line.born <= version && line.died > version)
    .map((line) => line.row)
    .filter((row) => row.at >= range.start && row.at < range.end && shows(row, now));
}

/** Oldest first; rows of one instant keep the order in which they were booked. */
function merged<Row extends BookedRow>(generated: Row[], booked: Row[]): Row[] {
  if (booked.length === 0) return generated;
  return [...generated, ...booked].sort((a, b) => a.at - b.at);
}
