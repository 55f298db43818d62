import type { Charge } from '../../core/statement/statement.ts';
import { DAY, type Range, SECOND } from '../../core/values/time.ts';
import { type BucketPage, readBuckets } from '../api/bucket-pages.ts';
import { DriftLog } from '../api/drift-log.ts';
import { namedResources } from '../api/names.ts';
import type { FeedContext, RangeReading } from '../api/provider.ts';
import { reading } from '../api/readings.ts';
import type { Request } from '../api/request.ts';
import { Costs, type OpenAiCostRow } from './schema.ts';

/** Without groups, each day is one row without a project or line item. */
export function costsRequest({ start, end }: Range): Request<BucketPage<OpenAiCostRow>> {
  return {
    path: '/organization/costs',
    query: {
      start_time: String(start / SECOND),
      end_time: String(end / SECOND),
      bucket_width: '1d',
      limit: String((end - start) / DAY),
    },
    lists: { group_by: ['project_id', 'line_item'] },
    schema: Costs,
  };
}

/** Reads the bill: what each line item of each project cost on each day. */
export function readCosts(
  pages: readonly BucketPage<OpenAiCostRow>[],
  asked: Range,
  { now, stateOf }: Pick<FeedContext<unknown>, 'now' | 'stateOf'>,
): RangeReading {
  const drift = new DriftLog();
  const { range, rows } = readBuckets(pages, { range: asked, sizeMs: DAY, now, drift });
  const charges = rows.map(
    ({ at, row }): Charge => ({
      at,
      measure: 'cost',
      resource: row.project_id ?? '',
      model: modelOf(row.line_item ?? ''),
      tier: '',
      detail: 'USD',
      value: row.amount.value,
    }),
  );
  // A whole answer without a cent: likely a fault if there was money before, and no change if there was none.
  const omittedTiers = charges.some(({ value }) => value !== 0n) ? [] : [''];
  return reading({
    statement: range.start < range.end ? { granularity: 'day', range, charges, omittedTiers } : undefined,
    resources: namedResources(charges, 'project', stateOf('projects')),
    drift: drift.list(),
  });
}

/** `gpt-4o-2024-08-06` of `gpt-4o-2024-08-06, cached input`: what follows the last comma is the kind of use. */
function modelOf(lineItem: string): string {
  const comma = lineItem.lastIndexOf(',');
  return comma < 0 ? lineItem : lineItem.slice(0, comma);
}
