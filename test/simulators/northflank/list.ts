import { floorTo, HOUR, type Instant } from '../../../src/core/values/time.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import type { SimulatedContract } from '../kit/world.ts';
import { failure } from './replies.ts';

/** The hours a list request covers, newest first, and how its next page is asked for. */
export interface UsageListing {
  readonly hours: readonly Instant[];
  readonly pagination: { readonly hasNextPage: boolean; readonly cursor?: string; readonly count: number };
}

/** `GET /billing/usage` hour by hour: the cursor is the last hour given, in seconds. */
export function listingOf(
  { query, now }: SimulatedCall,
  contract: SimulatedContract,
  genesis: Instant,
): UsageListing | Reply {
  const size = Number(query.get(contract === 'seed' ? 'per_page' : 'perPage') ?? 50);
  if (!Number.isInteger(size) || size < 1 || size > 100)
    return failure(400, { perPage: ['Must be from 1 to 100'] });
  // Days and months are not simulated.
  if (contract === 'current' && (query.get('granularity') ?? 'hour') !== 'hour')
    return failure(400, { granularity: ['Must be hour'] });
  const [from, to, cursor] = ['startTime', 'endTime', 'cursor'].map((name) => secondsOf(query.get(name)));
  if ([from, to, cursor].some((value) => Number.isNaN(value)))
    return failure(400, { startTime: ['Must be Unix seconds'] });
  if (to !== undefined && from === undefined) return failure(400, { endTime: ['Requires startTime'] });
  const newest = Math.min(
    floorTo(HOUR, now),
    (to ?? Number.POSITIVE_INFINITY) - HOUR,
    (cursor ?? Number.POSITIVE_INFINITY) - HOUR,
  );
  const oldest = Math.max(from ?? genesis, genesis);
  const hours: Instant[] = [];
  for (let hour = newest; hour >= oldest && hours.length < size; hour -= HOUR) hours.push(hour);
  const last = hours.at(-1);
  const hasNextPage = last !== undefined && last - HOUR >= oldest;
  const next = hasNextPage ? { cursor: String(last / 1000) } : {};
  return { hours, pagination: { hasNextPage, count: hours.length, ...next } };
}

/** Milliseconds of an hour's boundary given in seconds; NaN if it is not a boundary. */
function secondsOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  return /^\d{1,11}$/.test(text) ? floorTo(HOUR, Number(text) * 1000) : Number.NaN;
}
