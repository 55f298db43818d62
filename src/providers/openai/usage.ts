import type { Charge, TokenType } from '../../core/statement/statement.ts';
import type { Fixed } from '../../core/values/money.ts';
import { HOUR, type Instant, type Range, SECOND } from '../../core/values/time.ts';
import { askBucketPages, type BucketPage, readBuckets } from '../api/bucket-pages.ts';
import { DriftLog } from '../api/drift-log.ts';
import { namedResources } from '../api/names.ts';
import { isWithin } from '../api/plans.ts';
import type { FeedContext, RangeReading, RequestCount } from '../api/provider.ts';
import { reading } from '../api/readings.ts';
import type { Ask } from '../api/request.ts';
import { type OpenAiUsageRow, USAGE } from './schema.ts';

/** A page of one kind of usage. */
export interface UsageAnswer {
  readonly kind: string;
  readonly page: BucketPage<OpenAiUsageRow>;
}

/** One for each kind of usage. */
export function usageRequests(): RequestCount {
  return { least: USAGE.length, most: USAGE.length };
}

/** Asks for each kind of usage, all of its pages. */
export async function* askUsage(
  ask: Ask,
  { start, end }: Range,
  needed: string,
): AsyncGenerator<UsageAnswer> {
  const query = {
    start_time: String(start / SECOND),
    end_time: String(end / SECOND),
    bucket_width: '1h',
    limit: String((end - start) / HOUR),
  };
  const lists = { group_by: ['project_id', 'model'] };
  for (const { kind, schema } of USAGE) {
    const request = { path: `/organization/usage/${kind}`, query, lists, schema };
    for await (const page of askBucketPages(ask, request, needed)) yield { kind, page };
  }
}

/** Reads tokens and requests, up to the hour that all kinds of usage reach. They hold no money. */
export function readUsage(
  answers: readonly UsageAnswer[],
  asked: Range,
  { now, stateOf }: Pick<FeedContext<unknown>, 'now' | 'stateOf'>,
): RangeReading {
  const drift = new DriftLog();
  const byKind = Map.groupBy(answers, ({ kind }) => kind);
  const kinds = [...byKind.values()].map((some) => {
    const pages = some.map(({ page }) => page);
    return readBuckets(pages, { range: asked, sizeMs: HOUR, now, drift });
  });
  const range = { start: asked.start, end: Math.min(...kinds.map((kind) => kind.range.end)) };
  const charges = kinds
    .flatMap(({ rows }) => rows)
    .filter(({ at }) => isWithin(range, at))
    .flatMap(({ at, row }) => chargesOf(at, row, drift));
  return reading({
    statement:
      range.start < range.end ? { granularity: 'hour', range, charges, omittedTiers: [] } : undefined,
    resources: namedResources(charges, 'project', stateOf('projects')),
    drift: drift.list(),
  });
}

function chargesOf(at: Instant, row: OpenAiUsageRow, drift: DriftLog): Charge[] {
  const labels = { at, resource: row.project_id ?? '', model: row.model ?? '', tier: '' };
  const tokens: readonly (readonly [TokenType, Fixed | null | undefined])[] = [
    ['input', freshInput(row, drift)],
    ['cached_input', row.input_cached_tokens],
    ['cache_write', row.input_cache_write_tokens],
    ['output', row.output_tokens],
  ];
  const charges: Charge[] = tokens.flatMap(([detail, value]) =>
    value ? [{ ...labels, measure: 'tokens', detail, value }] : [],
  );
  const requests = row.num_model_requests;
  return requests ? [...charges, { ...labels, measure: 'requests', detail: '', value: requests }] : charges;
}

/** Input that the cache had no part in. Cached tokens and those written to the cache are within the input. */
function freshInput(row: OpenAiUsageRow, drift: DriftLog): Fixed | undefined {
  const input = row.input_tokens;
  const ofCache = (row.input_cached_tokens ?? 0n) + (row.input_cache_write_tokens ?? 0n);
  if (input === undefined || ofCache <= input) return input && input - ofCache;
  drift.add('cached_exceeds_input', 'completions');
  return input;
}
