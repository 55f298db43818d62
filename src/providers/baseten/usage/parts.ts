import { z } from 'zod';
import { DAY, type Range } from '../../../core/values/time.ts';
import { isBadRequest } from '../../api/errors.ts';
import { defineState } from '../../api/state.ts';

/** The longest range that is documented. */
const DOCUMENTED_MS = 31 * DAY;
/** Servers were seen that count 31 days with an exclusive end as 32, and refuse them. */
const SHORTER_MS = 30 * DAY;

const memory = defineState(z.object({ longestDays: z.literal(30).optional() }));
/** What a feed remembers once a server has refused 31 days and answered 30. */
export const SHORTER_STATE = memory.write({ longestDays: 30 });
/** What the feed of a source remembers of one that answers as documented: that it may be read. */
export const READABLE_STATE = memory.write({});

/** The longest range that this account's server answers, as far as is known. */
export function longestMs(state: string | undefined): number {
  return memory.read(state)?.longestDays ? SHORTER_MS : DOCUMENTED_MS;
}

/**
 * Asks for a range in as few parts as the server answers, the newest first: one that is refused although it is no longer than documented
 * is asked for in shorter parts at once.
 *
 * @throws {PollError} if these are refused, too.
 */
export async function askInParts<Answer>(
  range: Range,
  state: string | undefined,
  askFor: (asked: Range) => Promise<Answer>,
): Promise<Answer[]> {
  const maxMs = longestMs(state);
  try {
    return await askEach(range, maxMs, askFor);
  } catch (error) {
    const isShort = maxMs === SHORTER_MS || range.end - range.start <= SHORTER_MS;
    if (isShort || !isBadRequest(error)) throw error;
    return askEach(range, SHORTER_MS, askFor);
  }
}

async function askEach<Answer>(
  { start, end }: Range,
  maxMs: number,
  askFor: (asked: Range) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let until = end; until > start; until -= maxMs)
    answers.push(await askFor({ start: Math.max(start, until - maxMs), end: until }));
  return answers;
}
