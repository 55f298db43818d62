import { type Range, SECOND } from '../../../core/values/time.ts';
import { PollError } from '../../api/errors.ts';
import type { RequestCount } from '../../api/provider.ts';
import type { Ask } from '../../api/request.ts';
import { billingPath, type NorthflankContext, scopeOf } from '../account/config.ts';
import { nextCall } from './drilldown.ts';
import { UsageHour } from './schema.ts';
import type { HourCall, HourPage } from './tree.ts';

/** What tells whether this account was ever answered. */
type AskedBefore = Pick<NorthflankContext, 'config' | 'coverage' | 'state'>;

/**
 * Walks through one hour: the unfiltered answer, then whatever shows its resources at the fewest requests.
 *
 * @throws {PollError} also for a 404 before any hour was answered.
 */
export async function* askHour(ask: Ask, range: Range, history: AskedBefore): AsyncGenerator<HourPage> {
  const path = billingPath(history.config, `usage/${range.start / SECOND}`);
  const pages: HourPage[] = [];
  const isTeamForm = history.config.teamId !== undefined;
  for (let call = nextCall(pages, isTeamForm); call; call = nextCall(pages, isTeamForm)) {
    const page = { call, hour: await hourOf(ask, path, call) };
    if (pages.length === 0 && !page.hour) verifyScope(history);
    pages.push(page);
    yield page;
  }
}

/** An hour without resources takes one request. */
export function hourRequests(): RequestCount {
  return {
    least: 1,
    most: undefined,
    more: 'where an hour has teams and projects, and none where it is listed as empty',
  };
}

async function hourOf(ask: Ask, path: string, call: HourCall): Promise<UsageHour | undefined> {
  const { paging, ...filters } = call;
  const query = { ...filters, ...(paging && { [paging.parameter]: String(paging.page) }) };
  try {
    return (await ask({ path, query, schema: UsageHour })).body;
  } catch (error) {
    if (isUnknown(error, call)) return undefined;
    throw error;
  }
}

/**
 * Whether Northflank says that it does not know what was asked for: an hour without use (404), or a filter that this
 * contract or account does not take. The unfiltered total still counts all of it; another way down may show it.
 */
function isUnknown(error: unknown, call: HourCall): boolean {
  if (!(error instanceof PollError) || call.paging?.isPromised) return false;
  const isNarrow = Object.keys(call).length > 0;
  return error.status === 404 || (isNarrow && (error.status === 400 || error.status === 422));
}

/**
 * A 404 is an hour without use only for whom Northflank answered before: a wrong `teamId` looks the same, and unknown
 * cost is not zero.
 *
 * A feed remembers the scope that was answered. One without such a memory goes by what the other feed read: a reading exists only
 * if some hour was answered.
 *
 * @throws {PollError} `contract` while no hour of this scope was answered.
 */
function verifyScope({ config, coverage, state }: AskedBefore): void {
  const isKnown = state === undefined ? coverage.latest() !== undefined : state === scopeOf(config);
  if (isKnown) return;
  const cause = config.teamId === undefined ? WRONG_TOKEN : WRONG_TEAM;
  // Without the status, which is a refusal's: an older hour may well be answered.
  throw new PollError('contract', `the hour was not found (404) and none was answered before: ${cause}`);
}

const WRONG_TEAM = 'the teamId is likely to be wrong';
const WRONG_TOKEN = 'the token or the baseUrl may be the wrong one, unless nothing was ever used';
