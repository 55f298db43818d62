import { z } from 'zod';
import type { Range } from '../../../core/values/time.ts';
import { mostTelling, PollError } from '../../api/errors.ts';
import type { FeedContext } from '../../api/provider.ts';
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
  const pagesOf = (from: UsageApi) =>
    from === 'usage' ? legacyPages(ask, range, context.now) : historyPages(ask, range);
  let answered = false;
  try {
    for await (const page of pagesOf(api)) {
      answered = true;
      yield page;
    }
  } catch (error) {
    if (answered || !other || !isMissing(error, api)) throw error;
    try {
      yield* pagesOf(other);
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

function isMissing(error: unknown, api: UsageApi): error is PollError {
  if (!(error instanceof PollError)) return false;
  return error.status === 404 || (api === 'usage' && error.status === 410);
}
