import { type Range, SECOND } from '../../../core/values/time.ts';
import { PollError } from '../../api/errors.ts';
import type { Ask } from '../../api/request.ts';
import { billingPath } from '../account/path.ts';
import { nextCall } from './drilldown.ts';
import { UsageHour } from './schema.ts';
import type { HourCall, HourPage } from './tree.ts';
import { type History, verifyScope } from './verify-scope.ts';

/**
 * Walks through one hour: the unfiltered answer, then whatever shows its resources at the fewest requests.
 *
 * @throws {PollError} also for a 404 before any hour was answered.
 */
export async function* askHour(ask: Ask, range: Range, history: History): AsyncGenerator<HourPage> {
  const { config } = history;
  const pages: HourPage[] = [];
  const isTeamForm = config.teamId !== undefined;
  for (let call = nextCall(pages, isTeamForm); call; call = nextCall(pages, isTeamForm)) {
    const page = {
      call,
      hour: await hourOf(ask, billingPath(config, `usage/${range.start / SECOND}`), call),
    };
    if (pages.length === 0 && !page.hour) verifyScope(history);
    pages.push(page);
    yield page;
  }
}

async function hourOf(ask: Ask, path: string, call: HourCall): Promise<UsageHour | undefined> {
  try {
    return (await ask({ path, query: queryOf(call), schema: UsageHour })).body;
  } catch (error) {
    if (isRefusal(error, call)) return undefined;
    throw error;
  }
}

function queryOf({ team, project, types, paging }: HourCall): Record<string, string> {
  return {
    ...(team !== undefined && { teamId: team }),
    ...(project !== undefined && { projectId: project }),
    ...(types !== undefined && { resourceType: types }),
    ...(paging && { [paging.parameter]: String(paging.page) }),
  };
}

/**
 * Whether Northflank says that it does not know what was asked for: an hour without use (404), or a filter that this
 * contract or account does not take. The unfiltered total still counts all of it; another way down may show it.
 */
function isRefusal(error: unknown, { team, project, types, paging }: HourCall): boolean {
  if (!(error instanceof PollError) || paging?.isPromised) return false;
  const isNarrow = [team, project, types, paging].some((filter) => filter !== undefined);
  return error.status === 404 || (isNarrow && (error.status === 400 || error.status === 422));
}
