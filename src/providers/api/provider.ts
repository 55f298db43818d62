import type { z } from 'zod';
import type { LabelFilter, NetCost, ReadCoverage, SeriesKey } from '../../core/statement/series.ts';
import type { FocusService } from '../../core/statement/service.ts';
import type { Reading } from '../../core/statement/statement.ts';
import type { Fixed, Usd } from '../../core/values/money.ts';
import type { Granularity, Instant, Range } from '../../core/values/time.ts';
import type { Ask } from './request.ts';
import type { Steps } from './steps.ts';
import type { Tasks } from './tasks.ts';

/** What a feed may know when it plans, asks and reads. During a poll, only `hasSeries` and what other feeds remember change. */
export interface FeedContext<Config> {
  readonly now: Instant;
  readonly config: Config;
  /** How far back the first read goes; a bucket boundary of the day. */
  readonly since: Instant;
  /** The buckets of this feed's stream and granularity that were read before, and when: see {@link ReadCoverage}. */
  readonly coverage: ReadCoverage;
  /** What the feed remembered of its last poll (`Reader.finish().state`); survives a restart. */
  readonly state: string | undefined;
  /** Whether any feed of this one's stream ever had a charge with these labels applied; of earlier ranges of this poll, too. */
  hasSeries(series: SeriesKey): boolean;
  /** What another feed of the account remembered of its last poll. */
  stateOf(feed: string): string | undefined;
  /**
   * What the ledger holds of the account for a range of whole UTC days, to be set against a total of the provider's own; undefined
   * unless all of it was read.
   */
  netCost(range: Range, which?: LabelFilter): NetCost | undefined;
  /** US dollars of an amount at the rate of `at`, else of `now`; undefined, and the user is warned, where no rate is configured. */
  usdOf(amount: Fixed, currency: string, at?: Instant): Usd | undefined;
  /** Ends a wait when the exporter stops or the account is removed. */
  readonly signal: AbortSignal;
}

/** What is known of an account of which nothing was read yet. */
export const EMPTY_CONTEXT = {
  coverage: { asOf: () => undefined, latest: () => undefined, gaps: (range: Range) => [range] },
  state: undefined,
  hasSeries: () => false,
  stateOf: () => undefined,
  netCost: () => undefined,
  usdOf: () => undefined,
} as const satisfies Partial<FeedContext<unknown>>;

/** Folds the pages of one range into one reading. Pure: the same pages give the same reading. */
export interface Reader<Page> {
  add(page: Page): void;
  /** How many charges, names and the like it keeps so far; absent: it keeps the pages themselves. */
  retainedEntries?(): number;
  finish(): RangeReading;
  /** The same as `finish`, in steps of a moment each: for answers so large that all at once takes long. */
  finishInSteps?(): Steps<RangeReading>;
}

/** The reading of one range of a poll. */
export interface RangeReading extends Reading {
  /** What the feed remembers until its next poll; absent: what it remembered before. */
  readonly state?: string;
  /** The range is to be read once more after all others of the poll, which may tell what this reading could not. */
  readonly reread?: boolean;
}

/** The buckets a feed fills, when it reads billing facts at all. */
export interface BillingStream<Config = unknown> {
  /** Feeds that name the same stream read the same body of facts. */
  readonly name: string;
  readonly granularity: Granularity;
  /** How long after a bucket's end the provider may still revise it. */
  readonly settleMs: number;
  /** How far back this feed reads again, where that is more than the settle time. */
  readonly reachMs?: number;
  /** How far behind the present the readings normally are; default two hours, of closed days after their end. */
  lagMs?(config: Config): number;
  /**
   * The provider bills a bucket only once it has ended, so that one that was not read is unknown and not 0. Of days, `today` is
   * then absent and `yesterday` until it was read. All feeds of a stream must say so.
   */
  readonly closedBuckets?: boolean;
  /**
   * A resource is used with several models and tiers, as a project is; otherwise it keeps those it was first seen with. A list: those of
   * these tiers only. All feeds of a stream must say the same.
   */
  readonly sharedResources?: boolean | readonly string[];
}

/** How many requests a range takes; `most` is undefined if that depends on what there is to read. */
export interface RequestCount {
  readonly least: number;
  readonly most: number | undefined;
  /** When it takes more than the least, such as `where a day has over 1,000 rows`. */
  readonly more?: string;
}

/** One scheduled reading of an account: an endpoint at one granularity. */
export interface Feed<Config, Page> {
  /** Pinned: a metric label and a configuration key. */
  readonly name: string;
  /** A cron line in UTC, five or six fields. */
  readonly schedule: string;
  /** Upper bound of the random delay added to each scheduled run, in milliseconds. */
  readonly jitterMs: number;
  readonly stream?: BillingStream<Config>;
  /**
   * Not every account has it, or may read it: refused with 401, 402, 403, 404 or 410 it is switched off, without failure, and asked
   * for again an hour later at the earliest.
   */
  readonly optional?: boolean;
  /** Whether the account has anything for the feed to read; absent: it has. One that has not is not polled and shows nothing. */
  isEnabled?(config: Config): boolean;
  /** Feeds that name what this one bills. Its first poll waits for theirs, ten seconds at most. */
  readonly after?: readonly string[];
  /** What it remembers saves the feeds that read history requests: `FeedContext.stateOf`. */
  readonly guidesHistory?: boolean;
  /** Requests of the budget that this feed leaves to the others: its poll ends early, without failure, below that. */
  readonly reserveRequests?: number;
  /**
   * The ranges to read now, in the order to read them: each becomes one statement, all or nothing. Empty: nothing is due.
   * A feed without `stream`, or whose range the provider chooses, gives one range that ends at `now`, unless it asks for days.
   */
  plan(context: FeedContext<Config>): Range[];
  /** How many requests a range of the plan takes; absent: one, unless the answer has several pages. */
  requests?(range: Range): RequestCount;
  /** All of the asking and none of the thinking: one page a yield. */
  ask(ask: Ask, range: Range, context: FeedContext<Config>): AsyncIterable<Page>;
  /** All of the thinking and no asking. */
  reader(range: Range, context: FeedContext<Config>): Reader<Page>;
}

/** What rate-limit headers (or a 429's body) say, made alike. */
export interface ProviderRateLimit {
  readonly remaining?: number;
  /** When the window resets and `remaining` is full again. */
  readonly resetAt?: Instant;
}

/** An entry of a list of the configuration that only one provider reads. */
export interface SectionEntry {
  /** Unique within the list. */
  readonly name: string;
  /** The account it is meant for; absent: every account of the provider. */
  readonly account?: string | undefined;
}

/** A list of the configuration beside the accounts. */
export interface Section<Config, Entry extends SectionEntry> {
  /** Pinned: the configuration's key. */
  readonly key: string;
  /** What the list is for, for the JSON Schema of the configuration. */
  readonly description: string;
  readonly entry: z.ZodType<Entry>;
  /** The configuration of an account with the entries meant for it. */
  into(config: Config, entries: readonly Entry[]): Config;
}

/** A currency that exists at one provider only. */
export interface VirtualCurrency {
  /** US dollars of one unit, as decimal text; the configuration may name another rate. */
  readonly usd: string;
  /** There is as much again every day: a balance in it never runs out for good. */
  readonly refills?: boolean;
}

/** One supported service: everything the rest of the program needs to know about it. */
export interface Provider<Config = unknown> {
  /** Pinned: the `provider` label and the configuration's `provider`. */
  readonly id: string;
  readonly title: string;
  readonly baseUrl: string;
  /** Put between `baseUrl` and a request's path unless the path of `baseUrl` ends with it already. */
  readonly versionPrefix: string;
  /** Variable that holds the key when there is no configuration file. */
  readonly environmentKey: string;
  /** What the key must be allowed to do, for the documentation. */
  readonly keyHelp: string;
  /** How fresh what it bills can be, in a sentence for dashboards and the documentation. */
  readonly freshness: string;
  /** What it sells, as FOCUS classifies services. */
  readonly service: FocusService;
  /** The account keys only this provider has, with their defaults. */
  readonly config: z.ZodType<Config>;
  /** The list of the configuration that only this provider reads. */
  readonly section?: Section<Config, SectionEntry>;
  /** Paths to which a `preview` may be sent; nothing else is ever sent but `GET`. */
  readonly previews?: readonly string[];
  /** Headers of every request, authorization included. */
  headers(config: Config, key: string): Record<string, string>;
  /** Parameters of every request; a request's own ones of the same name count instead. */
  query?(config: Config): Readonly<Record<string, string>>;
  /** The part of the key's bill that the account reads, such as a team; undefined: all of it. Two parts have nothing in common. */
  billScope?(config: Config): string | undefined;
  /** Reads the provider's own rate-limit headers; the standard Retry-After is read for all. */
  rateLimit(headers: Readonly<Record<string, string>>, now: Instant): ProviderRateLimit;
  /** Seconds to wait that a 429's JSON body names, if it does. */
  retryAfterOfBody?(body: unknown): number | undefined;
  /** What the provider allows; the exporter never sends more, over all feeds of the account. */
  readonly requestBudget?: { readonly requests: number; readonly perMs: number };
  /** Virtual currencies that the provider defines by the dollar, by their names in upper case. */
  readonly currencies?: Readonly<Record<string, VirtualCurrency>>;
  /** What a single run cost, where the provider tells. */
  readonly tasks?: Tasks;
  readonly feeds: readonly Feed<Config, unknown>[];
}

type DefaultedKeys = 'versionPrefix' | 'service' | 'headers' | 'rateLimit';
type ProviderDefinition<Config> = Omit<Provider<Config>, DefaultedKeys> &
  Partial<Pick<Provider<Config>, DefaultedKeys>>;

/**
 * A provider of models, whose key is a bearer token, whose paths have no version and who documents no rate-limit headers, unless it says so.
 */
export function defineProvider<Config>(provider: ProviderDefinition<Config>): Provider<Config> {
  return {
    versionPrefix: '',
    service: { category: 'AI and Machine Learning', subcategory: 'Generative AI' },
    headers: (_, key) => ({ authorization: `Bearer ${key}` }),
    rateLimit: () => ({}),
    ...provider,
  };
}

/** Checks a section's `into` against what its `entry` parses to; outside, its entries are nobody's business. */
export function defineSection<Config, Entry extends SectionEntry>(
  section: Section<Config, Entry>,
): Section<Config, SectionEntry> {
  return section;
}

/** Checks a feed's `reader` against what its `ask` yields; outside, its pages are nobody's business. */
export function defineFeed<Config, Page>(feed: Feed<Config, Page>): Feed<Config, unknown> {
  return feed;
}
