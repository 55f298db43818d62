import type { Fixed } from '../values/money.ts';
import type { Instant } from '../values/time.ts';
import { type Column, MAX_BOUND } from './columns.ts';
import {
  type AmountRow,
  MAX_ROWS,
  type SeriesQuestion,
  type SeriesReport,
  TooManyRowsError,
} from './cost-series.ts';
import { compareLabels } from './labels.ts';
import type { Grouping, SeriesGroup } from './series-groups.ts';
import { flagsOf, type Unknowns } from './series-known.ts';
import type { ReadPart } from './series-parts.ts';

export interface AddUpInput {
  readonly question: Pick<SeriesQuestion, 'step' | 'top'>;
  readonly buckets: readonly Instant[];
  readonly parts: readonly ReadPart[];
  readonly grouping: Grouping;
  /** Buckets in which any amount is unknown. */
  readonly unknown: Unknowns;
}

/** Adds up the groups by bucket. Of very many, first finds the largest: of the others only the sum is needed. */
export function* addUp(input: AddUpInput): Generator<void, Pick<SeriesReport, 'series' | 'other' | 'total'>> {
  const { groups } = input.grouping;
  const { top = MAX_ROWS } = input.question;
  const largest = groups.length > MAX_ROWS ? yield* largestGroups(input) : [...groups.keys()];
  const sums = yield* sumRows(input, largest);
  const rows: Sum[] = [];
  for (const [row, index] of largest.entries()) {
    const group = groups[index];
    const values = sums.row(row);
    const isShown = group?.isShown || values.some((value) => value !== 0n);
    if (group && isShown) rows.push({ group, values, known: knownOf(group, values) });
    yield;
  }
  rows.sort((a, b) => compareSums(a, b));
  const [listed, rest] = [rows.slice(0, top), rows.slice(top).map(({ values }) => values)];
  const others = addRows([sums.row(largest.length), ...rest]);
  const isOther = new Set(listed.map(({ group }) => group));
  const unknownOfOthers = groups.reduce((sum, group) => (isOther.has(group) ? sum : sum | group.unknown), 0n);
  yield;
  return {
    series: listed.map(({ group, values }) => ({
      labels: group.labels,
      ...amountRow(values, group.unknown),
    })),
    other: input.question.top === undefined ? undefined : amountRow(others, unknownOfOthers),
    total: amountRow(addRows([others, ...listed.map(({ values }) => values)]), input.unknown),
  };
}

interface Sum {
  readonly group: SeriesGroup;
  readonly values: readonly Fixed[];
  /** Of the buckets that are known. */
  readonly known: Fixed;
}

function compareSums(a: Omit<Sum, 'values'>, b: Omit<Sum, 'values'>): number {
  if (a.known !== b.known) return a.known > b.known ? -1 : 1;
  return compareLabels(a.group.labels, b.group.labels);
}

/** The groups that are listed if only the largest are; the index of each. */
function* largestGroups({ question, buckets, parts, grouping }: AddUpInput): Generator<void, number[]> {
  const { groups, groupOf } = grouping;
  const flags = groups.map(({ unknown }) => flagsOf(unknown, buckets.length));
  const isShown = groups.map((group) => group.isShown);
  const sums = new GroupSums(groups.length);
  for (const part of parts) {
    const sum = sums.reserve(part.column);
    eachAmount(part, question, (id, bucket, amount) => {
      const group = groupOf[id] ?? -1;
      if (group < 0) return;
      if (amount !== 0n) isShown[group] = true;
      if (flags[group]?.[bucket] === 0) sum[group] = (sum[group] ?? 0n) + amount;
    });
    yield;
  }
  const known = sums.all();
  const shown = groups.flatMap((group, index) =>
    isShown[index] ? [{ group, index, known: known[index] ?? 0n }] : [],
  );
  if (question.top === undefined && shown.length > MAX_ROWS)
    throw new TooManyRowsError(
      `${shown.length} series are more than ${MAX_ROWS}; add top=N, fewer labels in by, or a narrower match`,
    );
  yield;
  return shown
    .sort(compareSums)
    .slice(0, question.top ?? MAX_ROWS)
    .map(({ index }) => index);
}

/**
 * Rows of the given groups, and a last one of all others. Behind its buckets, a row has one more amount: what is kept by the day
 * only, so that no hour can show it.
 */
function* sumRows(
  { question, buckets, parts, grouping }: AddUpInput,
  listed: readonly number[],
): Generator<void, Rows> {
  const rowOf = new Int32Array(grouping.groups.length).fill(listed.length);
  for (const [row, group] of listed.entries()) rowOf[group] = row;
  const width = buckets.length + 1;
  const firstOf = grouping.groupOf.map((group) => (group < 0 ? -1 : (rowOf[group] ?? 0) * width));
  yield;
  const sums = new GroupSums((listed.length + 1) * width);
  for (const part of parts) {
    const sum = sums.reserve(part.column);
    const isUndated = question.step === 'hour' && part.column.hours === undefined;
    eachAmount(part, question, (id, bucket, amount) => {
      const first = firstOf[id] ?? -1;
      if (first < 0 || bucket < 0 || bucket >= buckets.length) return;
      const place = first + (isUndated ? buckets.length : bucket);
      sum[place] = (sum[place] ?? 0n) + amount;
    });
    yield;
  }
  const all = sums.all();
  return { row: (row) => all.slice(row * width, (row + 1) * width) };
}

interface Rows {
  row(row: number): readonly Fixed[];
}

function eachAmount(
  { bucket, column: { ids, amounts, hours } }: ReadPart,
  { step }: Pick<SeriesQuestion, 'step'>,
  add: (id: number, bucket: number, amount: Fixed) => void,
): void {
  const offsets = step === 'hour' ? hours : undefined;
  for (let index = 0; index < ids.length; index += 1)
    add(ids[index] ?? 0, bucket + (offsets?.[index] ?? 0), amounts[index] ?? 0n);
}

/** Sums that are kept in 64 bits for as long as they fit for certain: that is many times as fast. */
class GroupSums {
  readonly #exact: Fixed[];
  readonly #small: BigInt64Array;
  /** No small sum is larger. */
  #bound = 0;

  constructor(length: number) {
    this.#exact = new Array<Fixed>(length).fill(0n);
    this.#small = new BigInt64Array(length);
  }

  /** The sums to which the amounts of a column can be added. */
  reserve({ bound }: Column): BigInt64Array | Fixed[] {
    if (bound > MAX_BOUND) return this.#exact;
    if (this.#bound + bound > MAX_BOUND) this.all();
    this.#bound += bound;
    return this.#small;
  }

  all(): readonly Fixed[] {
    for (const [index, amount] of this.#small.entries())
      if (amount !== 0n) this.#exact[index] = (this.#exact[index] ?? 0n) + amount;
    this.#small.fill(0n);
    this.#bound = 0;
    return this.#exact;
  }
}

function addRows(rows: readonly (readonly Fixed[])[]): Fixed[] {
  const [first = [], ...others] = rows;
  const sum = [...first];
  for (const row of others)
    for (const [bucket, value] of row.entries()) if (value !== 0n) sum[bucket] = (sum[bucket] ?? 0n) + value;
  return sum;
}

function knownOf({ unknown }: SeriesGroup, row: readonly Fixed[]): Fixed {
  const held = row.slice(0, -1);
  const flags = flagsOf(unknown, held.length);
  return held.reduce((sum, value, bucket) => (flags[bucket] === 1 ? sum : sum + value), 0n);
}

function amountRow(row: readonly Fixed[], unknown: Unknowns): AmountRow {
  const held = row.slice(0, -1);
  const flags = flagsOf(unknown, held.length);
  return {
    values: held.map((value, bucket) => (flags[bucket] === 1 ? undefined : value)),
    total: unknown === 0n ? held.reduce((sum, value) => sum + value, 0n) : undefined,
    held,
    undated: row.at(-1) ?? 0n,
  };
}
