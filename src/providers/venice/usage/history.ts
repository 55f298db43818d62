import type { Range } from '../../../core/values/time.ts';
import { cursorPages } from '../../api/cursor-pages.ts';
import { PollError } from '../../api/errors.ts';
import type { Ask } from '../../api/request.ts';
import { HistoryPage, type UsageApiPage } from './schema.ts';

const PATH = '/billing/usage-history';
const PAGE_SIZE = '1000';
/** Pages may be empty and still have a successor, but a walk has to end. */
const MAX_EMPTY_PAGES = 1000;

/**
 * Walks `GET /billing/usage-history` from cursor to cursor, rows in ascending order of time.
 *
 * A refused cursor means to start again, which is done once.
 *
 * @throws {PollError} `contract` when a cursor is refused twice, comes back, or leads nowhere.
 */
export async function* historyPages(ask: Ask, range: Range): AsyncGenerator<UsageApiPage> {
  try {
    yield* walk(ask, range);
  } catch (error) {
    if (!(error instanceof RefusedCursor)) throw error;
    yield* walk(ask, range);
  }
}

async function* walk(ask: Ask, range: Range): AsyncGenerator<UsageApiPage> {
  let [isFirst, empty] = [true, 0];
  const pageAt = (cursor: string | undefined) => pageOf(ask, range, cursor);
  for await (const { data: rows, nextCursor } of cursorPages(PATH, pageAt, (page) => page.nextCursor)) {
    yield { api: 'usage-history', first: isFirst, rows };
    isFirst = false;
    empty = rows.length === 0 ? empty + 1 : 0;
    if (empty > MAX_EMPTY_PAGES && nextCursor !== null)
      throw new PollError('contract', `${PATH} gave ${MAX_EMPTY_PAGES} empty pages in a row`);
  }
}

/** A cursor goes alone: filters travel inside it, and are refused beside it. A 400 can therefore mean only the cursor. */
async function pageOf(ask: Ask, { start, end }: Range, cursor: string | undefined) {
  const startTimestamp = new Date(start).toISOString();
  const endTimestamp = new Date(end).toISOString();
  const query = cursor === undefined ? { startTimestamp, endTimestamp, pageSize: PAGE_SIZE } : { cursor };
  try {
    return (await ask({ path: PATH, query, schema: HistoryPage })).body;
  } catch (error) {
    const isCursor = cursor !== undefined && error instanceof PollError && error.status === 400;
    throw isCursor ? new RefusedCursor(error) : error;
  }
}

class RefusedCursor extends PollError {
  constructor(cause: PollError) {
    super('contract', `${PATH} refused its own cursor, after a fresh start too`, { cause, status: 400 });
  }
}
