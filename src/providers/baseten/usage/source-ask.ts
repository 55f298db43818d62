import type { StatementPart } from '../../../core/statement/statement.ts';
import {
  DAY,
  HOUR,
  type Instant,
  intersection,
  isoDay,
  type Range,
  startOfDay,
} from '../../../core/values/time.ts';
import { cursorPages } from '../../api/cursor-pages.ts';
import { DriftLog } from '../../api/drift-log.ts';
import { adviseOnRefusal, isBadRequest, isRefusal, PollError } from '../../api/errors.ts';
import type { FeedContext } from '../../api/provider.ts';
import type { Ask, Request } from '../../api/request.ts';
import { askInParts } from './parts.ts';
import { MODEL_API } from './schema.ts';
import { readSource, type Source, type SourceAnswer } from './source-rows.ts';
import { ModelApiCosts, ModelApiUsage, type SourcePage } from './source-schema.ts';

/** The first whole day of costs: those of the day before begin at 20:45 UTC. */
const FIRST_DAY = Date.UTC(2026, 7, 6);
/** Usage is kept for 92 days, the oldest of which is incomplete. */
const KEPT_MS = 91 * DAY;
const MAX_HOURS = 168;
/** A month in which 2,500 pairs of a key and a model were used every day. */
const MAX_VALUES = 800_000;

/** Endpoints that report model APIs in more detail than the summary, to keys that may read them. */
export const SOURCES = {
  model_apis: {
    part: { tier: MODEL_API, measures: ['cost'] },
    from: () => FIRST_DAY,
    request: ({ start, end }: Range): Request<SourcePage> => ({
      path: '/billing/model_apis',
      query: { start_date: isoDay(start), end_date: isoDay(end), limit: String((end - start) / DAY) },
      lists: { group_by: ['api_key_prefix', 'model'] },
      schema: ModelApiCosts,
    }),
  },
  model_api_usage: {
    part: { tier: MODEL_API, measures: ['tokens', 'requests'] },
    from: (now: Instant) => Math.max(FIRST_DAY, startOfDay(now) - KEPT_MS),
    request: ({ start, end }: Range, now: Instant): Request<SourcePage> => {
      const isByHour = end - start <= MAX_HOURS * HOUR;
      return {
        path: '/model_apis/usage',
        query: {
          start_time: new Date(start).toISOString(),
          end_time: new Date(Math.min(end, now)).toISOString(),
          bucket_width: isByHour ? '1h' : '1d',
          limit: String((end - start) / (isByHour ? HOUR : DAY)),
        },
        lists: { group_by: ['api_key', 'model'] },
        schema: ModelApiUsage,
      };
    },
  },
} as const satisfies Record<Source, SourceDefinition>;

interface SourceDefinition {
  readonly part: StatementPart;
  /** The first day that it reports completely. */
  readonly from: (now: Instant) => Instant;
  readonly request: (range: Range, now: Instant) => Request<SourcePage>;
}

/** @throws {PollError} if it is refused, or its buckets cannot be read. */
export async function askSource(
  source: Source,
  ask: Ask,
  range: Range,
  { now, state }: FeedContext<unknown>,
): Promise<SourceAnswer[]> {
  const told = toldBy(source, range, now);
  if (!told) return [];
  return askInParts(told, state, async (asked) => {
    const pages = await askPages(ask, SOURCES[source].request(asked, now));
    const answer = { about: source, asked, pages };
    readSource(answer, { now, drift: new DriftLog() });
    return answer;
  });
}

/** The part of a range that a source reports. */
export function toldBy(source: Source, { start, end }: Range, now: Instant): Range | undefined {
  return intersection({ start, end }, { start: SOURCES[source].from(now), end });
}

/**
 * The same for the feed of the summary, whose figures count where the account may not read the source. The source's own feed knows whether
 * it may. Only the first poll of an account finds out by itself, so that the account begins with its final source.
 *
 * @throws {PollError} if the source fails for a range of which the ledger has no amounts to keep.
 */
export async function askIfReadable(
  source: Source,
  ask: Ask,
  range: Range,
  context: FeedContext<unknown>,
): Promise<SourceAnswer[]> {
  const isReadable = context.stateOf(source) !== undefined;
  if (!isReadable && context.coverage.latest()) return [];
  try {
    return await askSource(source, ask, range, context);
  } catch (error) {
    if (!(error instanceof PollError)) throw error;
    if (isRefusal(error) || !isReadable) return [];
    const isKnown = range.end > context.now && context.coverage.asOf(range.start) !== undefined;
    const asked = toldBy(source, range, context.now);
    if (!isKnown || !asked) throw error;
    return [{ about: source, asked, pages: undefined }];
  }
}

async function askPages(ask: Ask, first: Request<SourcePage>): Promise<SourcePage[]> {
  const { path, schema, query } = first;
  const answerTo = async (request: Request<SourcePage>) => {
    const answer = ask({ maxValues: MAX_VALUES, ...request });
    return (await adviseOnRefusal(answer, 'a key that may see the costs and usage of model APIs')).body;
  };
  // Documents disagree on whether the cursor replaces the other parameters.
  const pageAt = async (cursor: string) => {
    try {
      return await answerTo({ path, schema, query: { cursor } });
    } catch (error) {
      if (!isBadRequest(error)) throw error;
      return answerTo({ ...first, query: { ...query, cursor } });
    }
  };
  const walk = cursorPages(
    path,
    (cursor) => (cursor === undefined ? answerTo(first) : pageAt(cursor)),
    ({ has_more, next_page }) => (has_more ? next_page : undefined),
  );
  const pages: SourcePage[] = [];
  for await (const page of walk) pages.push(page);
  return pages;
}
