import { z } from 'zod';
import { floorTo, HOUR, type Instant, type Range, SECOND } from '../../../core/values/time.ts';
import { cursorPages } from '../../api/cursor-pages.ts';
import { PollError } from '../../api/errors.ts';
import type { RequestCount } from '../../api/provider.ts';
import type { Ask } from '../../api/request.ts';
import { listOf } from '../../api/schemas.ts';
import { billingPath, type NorthflankContext, Pagination } from '../account/config.ts';
import { type ApiContract, HourData, hourOf } from '../hours/schema.ts';
import { readState } from './state.ts';

/** An hour of the list says which it is: without that its amounts belong nowhere. */
const Entry = HourData.extend({ timestamp: z.number() }).transform((data) => ({
  ...hourOf(data),
  timestamp: data.timestamp,
  start: floorTo(HOUR, data.timestamp * SECOND),
}));

/**
 * `GET /v1/billing/usage`, newest hour first, in either contract.
 * https://northflank.com/docs/v1/api/team/billing/list-usage and https://northflank.com/docs/v1/api/billing-api
 */
const UsageList = z
  .object({ data: z.object({ usage: listOf(Entry) }), pagination: Pagination })
  .transform(({ data: { usage }, pagination }) => ({
    hours: usage,
    contract: usage.find(({ contract }) => contract)?.contract,
    ...pagination,
  }));
export type UsageList = z.infer<typeof UsageList>;

/** Each contract has its own name for the page size; before the first answer neither is known, and the default of 50 does. */
const PAGE_SIZE: Readonly<Record<ApiContract, Readonly<Record<string, string>>>> = {
  legacy: { per_page: '100' },
  current: { perPage: '100', granularity: 'hour' },
};

/** The first page has 50 hours, and each further one 100 once the contract is known. Hours without use may be left out. */
export function listRequests({ start, end }: Range): RequestCount {
  return { least: 1, most: 1 + Math.ceil((end - start) / HOUR / 50) };
}

/**
 * Walks through the list from the end of the range back to one hour before its start: the oldest hour of the range wants a
 * neighbour, too. The filters go with every cursor.
 *
 * @throws {PollError} `contract` when a cursor comes back, or leads to nothing older.
 */
export async function* askList(
  ask: Ask,
  range: Range,
  { config, state }: NorthflankContext,
): AsyncGenerator<UsageList> {
  const path = billingPath(config, 'usage');
  const until = range.start - HOUR;
  const filters = { startTime: String(until / SECOND), endTime: String(range.end / SECOND) };
  let contract = readState(state, config)?.contract;
  let last: { reached: Instant; cursor?: string } = { reached: Number.POSITIVE_INFINITY };
  const pageAt = async (cursor: string | undefined) => {
    const size = contract && PAGE_SIZE[contract];
    const query = { ...filters, ...size, ...(cursor !== undefined && { cursor }) };
    const { body } = await ask({ path, query, schema: UsageList });
    contract = body.contract ?? contract;
    return body;
  };
  const cursorOf = ({ hours, hasNextPage, cursor }: UsageList) => {
    const reached = Math.min(...hours.map(({ timestamp }) => timestamp * SECOND));
    if (!hasNextPage || reached <= until) return undefined;
    if (cursor === undefined) throw new PollError('contract', `${path} promises a page without a cursor`);
    if (cursor === last.cursor || reached >= last.reached)
      throw new PollError('contract', `${path} repeated a cursor: the next page is no older`);
    last = { reached, cursor };
    return cursor;
  };
  yield* cursorPages(path, pageAt, cursorOf);
}
