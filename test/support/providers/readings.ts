import assert from 'node:assert/strict';
import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';
import type { SeriesKey } from '../../../src/core/statement/series.ts';
import type { Charge, Observation, Reading } from '../../../src/core/statement/statement.ts';
import { formatDecimal } from '../../../src/core/values/money.ts';
import { floorTo, type Instant, type Range, sizeOf } from '../../../src/core/values/time.ts';
import { watchDrift } from '../../../src/poll/poll-summary.ts';
import type { Feed, FeedContext } from '../../../src/providers/api/provider.ts';
import type { FakeAsk } from './fake-ask.ts';

/** What one range of the plan came to. */
interface RangeReading {
  readonly range: Range;
  readonly reading: Reading & { readonly state?: string; readonly reread?: boolean };
}

/** Polls a feed once, as the poller does, and holds every reading to the laws of the contract. */
export async function pollOnce(
  feed: Feed<unknown, unknown>,
  given: FeedContext<unknown>,
  { ask }: FakeAsk,
): Promise<RangeReading[]> {
  const readings: RangeReading[] = [];
  const ranges = [...feed.plan(given)];
  const planned = ranges.length;
  const applied: Charge[] = [];
  let { state } = given;
  for (const [index, range] of ranges.entries()) {
    const hasSeries = (key: SeriesKey) =>
      given.hasSeries(key) || applied.some((charge) => LABELS.every((name) => charge[name] === key[name]));
    const context = { ...given, state, hasSeries };
    const pages: unknown[] = [];
    const watched = watchDrift(ask);
    for await (const page of feed.ask(watched.ask, range, context)) pages.push(page);
    const [own, again] = [read(feed, range, context, pages), read(feed, range, context, pages)];
    assert.deepEqual(again, own, 'the same pages give the same reading');
    const reading = { ...own, drift: [...own.drift, ...watched.drift()] };
    assertLawful(feed, reading);
    readings.push({ range, reading });
    applied.push(...(reading.statement?.charges ?? []));
    state = reading.state ?? state;
    if (reading.reread && index < planned) ranges.splice(planned, 0, range);
  }
  return readings;
}

const LABELS = ['measure', 'resource', 'model', 'tier', 'detail'] as const;

function read(
  feed: Feed<unknown, unknown>,
  range: Range,
  context: FeedContext<unknown>,
  pages: readonly unknown[],
): RangeReading['reading'] {
  const reader = feed.reader(range, context);
  for (const page of pages) reader.add(page);
  return reader.finish();
}

function assertLawful(feed: Feed<unknown, unknown>, reading: Reading): void {
  const { statement } = reading;
  if (statement) {
    const { range, granularity, charges } = statement;
    const size = sizeOf(granularity);
    assert.equal(granularity, feed.stream?.granularity, 'the statement has the granularity of the books');
    for (const at of [range.start, range.end]) assert.equal(floorTo(size, at), at, 'whole buckets only');
    for (const { at } of charges)
      assert.ok(range.start <= at && at < range.end, `a charge lies outside: ${iso(at)}`);
  }
  const named = reading.resources.map(({ resource }) => resource);
  assert.equal(new Set(named).size, named.length, 'each resource is described once');
  for (const observation of reading.observations) assertInCatalogue(observation);
}

function assertInCatalogue({ metric, labels }: Observation): void {
  const known: Record<string, Metric> = METRICS;
  const own = known[metric]?.labels.filter((label) => label !== 'provider' && label !== 'account');
  assert.deepEqual(Object.keys(labels).sort(), own?.sort(), `the labels of ${metric} are the catalogue's`);
}

/** Readings as the JSON of `expected.json`: instants as ISO text, amounts as exact decimal text, charges sorted. */
export function jsonOf(readings: readonly RangeReading[]): unknown {
  const shown = {
    plan: readings.map(({ range }) => span(range)),
    readings: readings.map(({ reading }) => readingOf(reading)),
  };
  return JSON.parse(JSON.stringify(shown));
}

function readingOf({ statement, observations, reconciliation, ...rest }: Reading): unknown {
  return {
    statement: statement && {
      ...statement,
      range: span(statement.range),
      charges: statement.charges.map(chargeOf).sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b))),
    },
    observations: observations.map(({ value, at, until, ...observation }) => ({
      ...observation,
      value: formatDecimal(value),
      ...(at !== undefined && { at: iso(at) }),
      ...(until !== undefined && { until: iso(until) }),
    })),
    reconciliation: reconciliation && {
      ...reconciliation,
      difference: formatDecimal(reconciliation.difference),
    },
    ...rest,
  };
}

function chargeOf({ at, resource, model, tier, measure, detail, value, ...rest }: Charge): object {
  return { at: iso(at), resource, model, tier, measure, detail, value: formatDecimal(value), ...rest };
}

function span({ start, end }: Range): string[] {
  return [iso(start), iso(end)];
}

function iso(at: Instant): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Indented JSON in which one billed charge, and whatever else is short or holds nothing further, is one line of the file. */
export function printed(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = Object.entries(value);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const isFlat = inner.every(([, item]) => typeof item !== 'object' || item === null);
  const isShort = isFlat || JSON.stringify(value).length + indent.length < 120;
  const [before, between, after] = isShort
    ? [' ', ', ', ' ']
    : [`\n${indent}  `, `,\n${indent}  `, `\n${indent}`];
  const items = inner.map(([key, item]) => {
    const name = Array.isArray(value) ? '' : `${JSON.stringify(key)}: `;
    return name + printed(item, `${indent}  `);
  });
  if (items.length === 0 || (isShort && open === '[')) return open + items.join(between) + close;
  return open + before + items.join(between) + after + close;
}
