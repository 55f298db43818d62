import { z } from 'zod';
import type { Range } from '../../../core/values/time.ts';
import { mostTelling, PollError } from '../../api/errors.ts';
import type { FeedContext, RequestCount } from '../../api/provider.ts';
import type { Ask } from '../../api/request.ts';
import { historyPages } from './history.ts';
import { legacyPages } from './legacy.ts';
import type { UsageApi, UsageApiPage } from './schema.ts';
import { isLegacy, readState } from './state.ts';

/** The account keys that only Venice has. */
export const VeniceConfig = z.strictObject({
  ledgerApi: z
    .enum(['auto', 'usage-history', 'usage'])
    .default('auto')
    .describe(
      'The endpoint to read: `usage-history`, the retired `usage`, or `auto`, which falls back to `usage` on servers without `usage-history`.',
    ),
});
export type VeniceConfig = z.infer<typeof VeniceConfig>;

/** The number of pages depends on the number of rows. */
export function usageRequests(): RequestCount {
  return { least: 1, most: undefined, more: 'where a day has over 1,000 rows' };
}

/**
 * All rows of a range, from the endpoint that the configuration names, or that the server has.
 *
 * `auto` asks for `usage-history`, and for the retired `usage` where that is missing (404). A server known to have only the retired one
 * is asked for that first, until a day has passed or it retires it too.
 */
export async function* usagePages(
  ask: Ask,
  range: Range,
  context: FeedContext<VeniceConfig>,
): AsyncGenerator<UsageApiPage> {
  const [api, other] = apisOf(context);
  let answered = false;
  try {
    for await (const page of pagesOf(api, ask, range, context)) {
      answered = true;
      yield page;
    }
  } catch (error) {
    if (answered || !other || !isMissing(error, api)) throw error;
    try {
      yield* pagesOf(other, ask, range, context);
    } catch (second) {
      // Where both fail, the more telling failure is reported.
      throw second instanceof PollError ? mostTelling(second, error) : second;
    }
  }
}

function apisOf({ config, state, now }: FeedContext<VeniceConfig>): [UsageApi, UsageApi?] {
  if (config.ledgerApi !== 'auto') return [config.ledgerApi];
  return isLegacy(readState(state), now) ? ['usage', 'usage-history'] : ['usage-history', 'usage'];
}

function pagesOf(
  api: UsageApi,
  ask: Ask,
  range: Range,
  { now }: FeedContext<VeniceConfig>,
): AsyncGenerator<UsageApiPage> {
  return api === 'usage' ? legacyPages(ask, range, now) : historyPages(ask, range);
}

function isMissing(error: unknown, api: UsageApi): error is PollError {
  if (!(error instanceof PollError)) return false;
  return error.status === 404 || (api === 'usage' && error.status === 410);
}
