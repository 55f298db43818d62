import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { rateAt } from '../../../src/core/values/exchange-rates.ts';
import { multiply, parseDecimal } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { FeedContext, Provider } from '../../../src/providers/api/provider.ts';
import { DEFAULT_RATES } from '../../../src/providers/index.ts';
import { coverageOf, type Interval } from '../ledger/coverage.ts';
import { Exchange } from './fake-ask.ts';

const Time = z.string().transform((text, context): Instant => {
  const at = Date.parse(text);
  if (Number.isFinite(at)) return at;
  context.issues.push({ code: 'custom', message: 'not an instant', input: text });
  return z.NEVER;
});

/** `case.json`: where the bodies come from, and what the feed knows when it is polled. */
const Situation = z.strictObject({
  /** One sentence: the documented body of which page, or made from which documented schema. */
  about: z.string().min(20),
  feed: z.string(),
  now: Time,
  since: Time,
  config: z.record(z.string(), z.unknown()).default({}),
  /** What was read before: start, end, as-of. */
  coverage: z.array(z.tuple([Time, Time, Time])).default([]),
  memo: z.string().optional(),
  /** Models with requests in what was read before. */
  known: z.array(z.string()).default([]),
  /** Entries of the provider's own list of the configuration that are meant for the account. */
  entries: z.array(z.unknown()).default([]),
  /** What other feeds of the account remember. */
  memos: z.record(z.string(), z.string()).default({}),
  /** What the ledger holds: the first day, the day after the last, net dollars, when it was read, and in which currency, if told. */
  billed: z.array(z.tuple([Time, Time, z.string(), Time, z.string().optional()])).default([]),
  /** Dollars for one unit, beside the default rates. */
  rates: z.record(z.string(), z.string()).default({}),
});
type Situation = z.infer<typeof Situation>;

/** `expected.error.json`: the poll fails, and how. */
const ExpectedError = z.strictObject({ reason: z.string(), 'message contains': z.string() });
type ExpectedError = z.infer<typeof ExpectedError>;

/** A folder `src/providers/<id>/cases/<name>/`. */
export interface Case {
  readonly provider: string;
  readonly name: string;
  readonly folder: string;
}

const PROVIDERS = path.join(import.meta.dirname, '../../../src/providers');

/** The identifiers of all provider folders. */
export function providerFolders(): string[] {
  return foldersIn(PROVIDERS);
}

/** Every case of every provider, in the order of their names. */
export function allCases(): Case[] {
  return providerFolders().flatMap((provider) => {
    const cases = path.join(PROVIDERS, provider, 'cases');
    return foldersIn(cases).map((name) => ({ provider, name, folder: path.join(cases, name) }));
  });
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== 'api')
    .map((entry) => entry.name)
    .sort();
}

/**
 * The provider that a folder exports under its own id.
 *
 * Not through the registry: a provider that does not load fails its own cases only.
 */
export async function providerOf(folder: string): Promise<Provider> {
  const exported: Record<string, unknown> = await import(path.join(PROVIDERS, folder, 'index.ts'));
  const provider = Object.values(exported).find((value) => isProvider(value) && value.id === folder);
  if (!isProvider(provider))
    throw new Error(`src/providers/${folder}/index.ts exports no provider '${folder}'`);
  return provider;
}

function isProvider(value: unknown): value is Provider {
  return typeof value === 'object' && value !== null && 'id' in value && 'feeds' in value;
}

/** `case.json` of a case. */
export function situationOf({ folder }: Case): Situation {
  return Situation.parse(jsonIn(folder, 'case.json'));
}

/** `exchange.json` of a case. */
export function exchangeOf({ folder }: Case): Exchange {
  return Exchange.parse(jsonIn(folder, 'exchange.json'));
}

/** What a case expects, or undefined where the file is missing. */
export function expectedOf({ folder }: Case): { readings?: unknown; error?: ExpectedError } {
  const names = ['expected.json', 'expected.error.json'].filter((name) =>
    existsSync(path.join(folder, name)),
  );
  if (names.length !== 1) return {};
  if (names[0] === 'expected.json') return { readings: jsonIn(folder, 'expected.json') };
  return { error: ExpectedError.parse(jsonIn(folder, 'expected.error.json')) };
}

function jsonIn(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
}

/** What a feed may know in a situation. */
export function contextOf(situation: Situation, provider: Provider): FeedContext<unknown> {
  const intervals: Interval[] = situation.coverage.map(([start, end, asOf]) => ({ start, end, asOf }));
  return {
    now: situation.now,
    since: situation.since,
    config: configOf(situation, provider),
    coverage: coverageOf(intervals),
    state: situation.memo,
    hasSeries: ({ measure, model }) => measure === 'requests' && situation.known.includes(model),
    stateOf: (feed) => situation.memos[feed],
    netCost: (range, which) => {
      const held = situation.billed.filter(([start, end]) => start === range.start && end === range.end);
      if (held.length === 0) return undefined;
      const labels = { resource: '', model: '', tier: '' };
      const picked = held.filter(
        ([, , , , detail]) => detail === undefined || (which?.({ ...labels, detail }) ?? true),
      );
      const usd = picked.reduce((sum, [, , text]) => sum + parseDecimal(text), 0n);
      return { usd, asOf: Math.min(...held.map(([, , , asOf]) => asOf)) };
    },
    usdOf: (amount, currency, at = situation.now) => {
      const configured = situation.rates[currency];
      const rate = configured === undefined ? rateAt(DEFAULT_RATES, currency, at) : parseDecimal(configured);
      return rate === undefined ? undefined : multiply(amount, rate);
    },
    signal: new AbortController().signal,
  };
}

function configOf({ config, entries }: Situation, { config: schema, section }: Provider): unknown {
  const own = schema.parse(config);
  return section
    ? section.into(
        own,
        entries.map((entry) => section.entry.parse(entry)),
      )
    : own;
}
