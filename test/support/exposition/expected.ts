import assert from 'node:assert/strict';
import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';
import { type Fixed, formatDecimal, multiply, ONE, parseDecimal } from '../../../src/core/values/money.ts';
import type { Instant, Range } from '../../../src/core/values/time.ts';
import type { RecordedRequest } from '../../simulators/kit/service.ts';
import type { Truth, TruthEntry } from '../../simulators/kit/truth.ts';
import { type Scrape, windowsAt } from '../exporter/exporter.ts';
import type { Labels } from './exposition.ts';

/** The account to compare. */
export interface Owner {
  readonly provider: string;
  /** `test` when absent. */
  readonly account?: string;
  /** Maps labels of the provider's books to exposed labels; undefined omits the entry. */
  readonly labelled?: (entry: TruthEntry) => TruthEntry | undefined;
}

/** Dollars per unit: the documented defaults. EUR has no rate. */
const RATES: Readonly<Record<string, Fixed>> = {
  USD: ONE,
  DIEM: ONE,
  VCU: ONE / 10n,
  BUNDLED_CREDITS: ONE,
  EARNED_CREDITS: ONE,
};

type Measure = TruthEntry['measure'] | 'unconverted';
/** Exact values by label set. */
type Values = ReadonlyMap<string, Fixed>;

/** Counter, corrections, and the label that the truth calls `detail`. */
const COUNTERS: Readonly<Record<Measure, readonly [string, string, string]>> = {
  cost: ['ai_billing_cost_usd_total', 'ai_billing_cost_corrections_usd_total', 'currency'],
  component_cost: [
    'ai_billing_component_cost_usd_total',
    'ai_billing_component_cost_corrections_usd_total',
    'component',
  ],
  tokens: ['ai_billing_tokens_total', 'ai_billing_tokens_corrections_total', 'token_type'],
  requests: ['ai_billing_requests_total', 'ai_billing_requests_corrections_total', ''],
  billed_seconds: ['ai_billing_billed_seconds_total', 'ai_billing_billed_corrections_seconds_total', ''],
  units: ['ai_billing_units_total', 'ai_billing_units_corrections_total', 'sku'],
  top_ups: ['ai_billing_top_ups_usd_total', 'ai_billing_top_ups_corrections_usd_total', 'currency'],
  unconverted: [
    'ai_billing_unconverted_amount_total',
    'ai_billing_unconverted_corrections_amount_total',
    'currency',
  ],
};

export type Window = keyof ReturnType<typeof windowsAt>;
export const WINDOWS = ['today', 'yesterday', 'month_to_date', 'last_month'] as const;

/** The windows that end after `since`; the others are unknown. */
export function windowsSince(now: Instant, since: Instant): Window[] {
  return WINDOWS.filter((window) => windowsAt(now)[window].end > since);
}

/** Compares the window gauges with the truth: each label set to the last digit of a double, and their sum. */
export function assertWindows(
  page: Scrape,
  owner: Owner,
  now: Instant,
  truthOf: (range: Range) => Truth,
  windows: readonly Window[] = WINDOWS,
): void {
  const ranges = windowsAt(now);
  for (const window of windows) {
    const expected = valuesOf('cost', truthOf(ranges[window]), owner);
    const actual = shown(page, `ai_billing_cost_${window}_usd`, 'currency', owner);
    const what = `${owner.provider} ${window} at ${new Date(now).toISOString()}`;
    assert.ok(actual.size > 0, `${what}: nothing is shown`);
    for (const key of new Set([...expected.keys(), ...actual.keys()])) {
      const exact = expected.get(key) ?? 0n;
      assert.equal(actual.get(key) ?? 0, Number(formatDecimal(exact)), `${what} of ${key}`);
    }
    const total = [...expected.values()].reduce((sum, value) => sum + value, 0n);
    const parts = [...actual.values()].reduce((sum, value) => sum + parseDecimal(String(value)), 0n);
    assertNear(parts, total, [...actual.values()], `${what} in all`);
  }
}

/** Compares every counter less its corrections with the growth of the truth. */
export function assertNetCosts(page: Scrape, owner: Owner, before: Truth, after: Truth): void {
  for (const [measure, [total, twin, detail]] of entriesOf(COUNTERS)) {
    const was = valuesOf(measure, before, owner);
    const is = valuesOf(measure, after, owner);
    const ups = shown(page, total, detail, owner);
    const downs = shown(page, twin, detail, owner);
    assert.deepEqual([...downs.keys()].sort(), [...ups.keys()].sort(), `${measure}: each has its twin`);
    for (const key of new Set([...was.keys(), ...is.keys(), ...ups.keys()])) {
      const grown = (is.get(key) ?? 0n) - (was.get(key) ?? 0n);
      const shownValues = [ups.get(key) ?? 0, downs.get(key) ?? 0];
      const [up = 0n, down = 0n] = shownValues.map((value) => parseDecimal(String(value)));
      assertNear(up - down, grown, shownValues, `${owner.provider} ${measure} of ${key}`);
    }
  }
}

function entriesOf<Key extends string, Value>(record: Readonly<Record<Key, Value>>): [Key, Value][] {
  return Object.entries(record) as [Key, Value][];
}

/**
 * Equal within the precision of doubles: an amount below 1000 is its double's shortest decimal, a larger one may be off by half of
 * that double's last place.
 */
function assertNear(actual: Fixed, expected: Fixed, doubles: readonly number[], what: string): void {
  const slack = doubles
    .filter((value) => Math.abs(value) >= 1000)
    .reduce((sum, value) => sum + parseDecimal(String(value * Number.EPSILON)) + 1n, 0n);
  const off = actual > expected ? actual - expected : expected - actual;
  assert.ok(off <= slack, `${what}: ${formatDecimal(actual)} is not ${formatDecimal(expected)}`);
}

/** The truth in dollars, by the label sets that are exposed. */
function valuesOf(measure: Measure, { entries }: Truth, owner: Owner): Values {
  const values = new Map<string, Fixed>();
  for (const entry of entries) {
    const named = owner.labelled ? owner.labelled(entry) : entry;
    const booked = named && bookedAs(named);
    if (booked?.measure !== measure) continue;
    values.set(booked.key, (values.get(booked.key) ?? 0n) + booked.value);
  }
  return values;
}

function bookedAs({ measure, resource, model, tier, detail, value }: TruthEntry) {
  const rate = RATES[detail];
  const isAmount = measure === 'cost' || measure === 'top_ups';
  if (isAmount && rate === undefined)
    return { measure: 'unconverted' as const, key: keyOf(['', '', '', detail]), value };
  const dollars = isAmount ? multiply(value, rate ?? ONE) : value;
  return { measure, key: keyOf([resource, model, tier, detail]), value: dollars };
}

function shown(page: Scrape, name: string, detail: string, { provider, account = 'test' }: Owner) {
  const values = new Map<string, number>();
  for (const { labels, value } of samplesOf(page, name)) {
    if (labels.provider !== provider || labels.account !== account) continue;
    const { resource = '', model = '', tier = '' } = labels;
    values.set(keyOf([resource, model, tier, labels[detail] ?? '']), value);
  }
  return values;
}

function keyOf(labels: readonly string[]): string {
  return JSON.stringify(labels);
}

/** The samples of that name. */
export function samplesOf(
  page: Pick<Scrape, 'families'>,
  name: string,
): readonly { readonly labels: Labels; readonly value: number }[] {
  const family = page.families.get(name) ?? page.families.get(name.replace(/_total$/, ''));
  return (family?.samples ?? []).filter((sample) => sample.name === name);
}

/** Every resource with a cost has exactly one info sample, and no other resource has one. */
export function assertUniqueInfoSeries(page: Scrape): void {
  const resourceOf = ({ labels }: { labels: Labels }) =>
    keyOf([labels.provider ?? '', labels.account ?? '', labels.resource ?? '']);
  const infos = samplesOf(page, 'ai_billing_resource_info');
  const priced = new Set(samplesOf(page, 'ai_billing_cost_usd_total').map(resourceOf));
  assert.deepEqual(infos.map(resourceOf).sort(), [...priced].sort());
  assert.ok(infos.every(({ value }) => value === 1));
}

/** Only `GET` was sent, and previews to the given paths. */
export function assertOnlyReads(
  requests: readonly RecordedRequest[],
  previews: readonly string[] = [],
): void {
  assert.ok(requests.length > 0);
  const others = requests.filter(({ method }) => method !== 'GET');
  assert.deepEqual(
    others.filter(({ method, path }) => method !== 'POST' || !previews.includes(path)),
    [],
  );
}

/** Names of the ledger's metrics, corrections included; all others count from the start of the process. */
export const LEDGER_NAMES: ReadonlySet<string> = new Set(
  Object.values<Metric>(METRICS)
    .filter(({ source }) => source !== 'exporter')
    .flatMap(({ name, corrections }) => (corrections ? [name, corrections.name] : [name])),
);

/** The sample lines of the ledger's metrics, sorted: their order depends on which account answers first. */
export function ledgerLines({ text }: Scrape): string[] {
  return text
    .split('\n')
    .filter((line) => LEDGER_NAMES.has(/^\w+/.exec(line)?.[0] ?? ''))
    .sort();
}

/** No counter of the ledger is lower than on the earlier page. */
export function assertNoCounterFell(before: Scrape, after: Scrape): void {
  const counters = [...before.families.values()].filter(({ type }) => type === 'counter');
  for (const { name, labels, value } of counters.flatMap(({ samples }) => samples)) {
    if (!LEDGER_NAMES.has(name)) continue;
    const now = after.value(name, labels);
    assert.ok(now !== undefined && now >= value, `${name}${JSON.stringify(labels)}: ${value}, then ${now}`);
  }
}
