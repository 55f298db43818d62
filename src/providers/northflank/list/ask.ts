import { HOUR, type Range, SECOND } from '../../../core/values/time.ts';
import { cursorPages } from '../../api/cursor-pages.ts';
import { PollError } from '../../api/errors.ts';
import type { Ask } from '../../api/request.ts';
import type { NorthflankContext } from '../account/config.ts';
import { billingPath } from '../account/path.ts';
import { UsageList } from './schema.ts';
import { readState } from './state.ts';

/** Each contract has its own name for the page size; before the first answer neither is known, and the default of 50 does. */
const PAGE_SIZE: Readonly<Record<'legacy' | 'current', Readonly<Record<string, string>>>> = {
  legacy: { per_page: '100' },
  current: { perPage: '100', granularity: 'hour' },
};

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
  let oldest = Number.POSITIVE_INFINITY;
  const pageAt = async (cursor: string | undefined) => {
    const query = {
      ...filters,
      ...(contract && PAGE_SIZE[contract]),
      ...(cursor !== undefined && { cursor }),
    };
    const { body } = await ask({ path, query, schema: UsageList });
    contract = body.contract ?? contract;
    return { body, asked: cursor };
  };
  const nextOf = ({ body, asked }: { body: UsageList; asked: string | undefined }) => {
    const reached = Math.min(...body.hours.map(({ timestamp }) => timestamp * SECOND));
    if (!body.hasNextPage || reached <= until) return undefined;
    if (body.cursor === undefined)
      throw new PollError('contract', `${path} promises a page without a cursor`);
    if (body.cursor === asked || reached >= oldest)
      throw new PollError('contract', `${path} repeated a cursor: the next page is no older`);
    oldest = reached;
    return body.cursor;
  };
  for await (const { body } of cursorPages(path, pageAt, nextOf)) yield body;
}
