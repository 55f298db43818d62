import type { Charge, TokenType } from '../../core/statement/statement.ts';
import { DAY, HOUR, type Range } from '../../core/values/time.ts';
import { type BucketPage, readBuckets } from '../api/bucket-pages.ts';
import { DriftLog } from '../api/drift-log.ts';
import { namedResources } from '../api/names.ts';
import type { FeedContext, RangeReading } from '../api/provider.ts';
import { reading, sum } from '../api/readings.ts';
import type { AnthropicCostRow, AnthropicUsageRow } from './schema.ts';

type Context = Pick<FeedContext<unknown>, 'now' | 'stateOf'>;

const SERVICE_TIERS = ['standard', 'batch', 'priority', 'priority_on_demand', 'flex', 'flex_discount'];
const COST_TYPES = ['tokens', 'web_search', 'code_execution', 'session_usage'];
/** Every tier that a cost can have, by the documentation. */
const COST_TIERS = ['', ...SERVICE_TIERS, ...COST_TYPES];
const KNOWN_TIERS: ReadonlySet<string> = new Set(COST_TIERS);

/** Reads the bill of each day. What is no use of tokens has no service tier: its type says what it is. */
export function readCosts(
  pages: readonly BucketPage<AnthropicCostRow>[],
  asked: Range,
  { now, stateOf }: Context,
): RangeReading {
  const drift = new DriftLog();
  const { range, rows } = readBuckets(pages, { range: asked, sizeMs: DAY, now, drift });
  const charges = rows.map(({ at, row }): Charge => {
    const tier = row.service_tier || row.cost_type || '';
    drift.addUnknown(tier, KNOWN_TIERS, 'tier');
    const labels = { resource: row.workspace_id ?? '', model: row.model ?? '', tier };
    return { at, measure: 'cost', ...labels, detail: 'USD', value: row.amount };
  });
  // A whole answer without a cent: likely a fault if there was money before, and no change if there was none.
  const omittedTiers = charges.some(({ value }) => value !== 0n) ? [] : COST_TIERS;
  return reading({
    statement: range.start < range.end ? { granularity: 'day', range, charges, omittedTiers } : undefined,
    resources: namedResources(charges, 'workspace', stateOf('workspaces')),
    drift: drift.list(),
  });
}

/** Reads the tokens of each hour. Requests are not reported. */
export function readUsage(
  pages: readonly BucketPage<AnthropicUsageRow>[],
  asked: Range,
  { now, stateOf }: Context,
): RangeReading {
  const drift = new DriftLog();
  const { range, rows } = readBuckets(pages, { range: asked, sizeMs: HOUR, now, drift });
  const charges = rows.flatMap(({ at, row }) => tokensOf(row).map((tokens) => ({ at, ...tokens })));
  return reading({
    statement:
      range.start < range.end ? { granularity: 'hour', range, charges, omittedTiers: [] } : undefined,
    resources: namedResources(charges, 'workspace', stateOf('workspaces')),
    drift: drift.list(),
  });
}

/** The types of token are reported apart, so that their sum is what was used. */
function tokensOf(row: AnthropicUsageRow): Omit<Charge, 'at'>[] {
  const { workspace_id, model, service_tier, cache_creation: written } = row;
  const labels = { resource: workspace_id ?? '', model: model ?? '', tier: service_tier ?? '' };
  const writes = [written?.ephemeral_5m_input_tokens, written?.ephemeral_1h_input_tokens];
  const counts = {
    input: row.uncached_input_tokens,
    cached_input: row.cache_read_input_tokens,
    cache_write: sum(writes.flatMap((count) => count ?? [])),
    output: row.output_tokens,
  } satisfies Record<TokenType, unknown>;
  return Object.entries(counts).flatMap(([detail, value]) =>
    value ? [{ measure: 'tokens', ...labels, detail, value }] : [],
  );
}
