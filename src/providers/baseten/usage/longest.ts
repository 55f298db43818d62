import { z } from 'zod';
import { DAY, type Range } from '../../../core/values/time.ts';
import { PollError } from '../../api/errors.ts';
import { defineState } from '../../api/state.ts';

/** The longest range that is documented. */
const DOCUMENTED_MS = 31 * DAY;
/** Servers were seen that count 31 days with an exclusive end as 32, and refuse them. */
const SHORTER_MS = 30 * DAY;

const state = defineState(z.object({ longestDays: z.literal(30) }));
/** What the feed remembers once a server has refused 31 days and answered 30. */
export const SHORTER_STATE = state.write({ longestDays: 30 });

/** The longest range that this account's server answers, as far as is known. */
export function longestMs(text: string | undefined): number {
  return state.read(text) ? SHORTER_MS : DOCUMENTED_MS;
}

/** A range in as few parts as the server answers, the newest first. */
function partsOf({ start, end }: Range, longest: number): Range[] {
  if (end - start <= longest) return [{ start, end }];
  return [{ start: end - longest, end }, ...partsOf({ start, end: end - longest }, longest)];
}

/**
 * Asks for a range in as few parts as the server answers: one that is refused although it is no longer than documented is asked for in
 * shorter parts at once.
 *
 * @throws {PollError} if these are refused, too.
 */
export async function askInParts<Answer>(
  range: Range,
  text: string | undefined,
  ask: (part: Range) => Promise<Answer>,
): Promise<Answer[]> {
  const askEach = async (parts: readonly Range[]) => {
    const answers: Answer[] = [];
    for (const part of parts) answers.push(await ask(part));
    return answers;
  };
  try {
    return await askEach(partsOf(range, longestMs(text)));
  } catch (error) {
    const parts = partsOf(range, SHORTER_MS);
    if (longestMs(text) === SHORTER_MS || parts.length === 1 || !isRefused(error)) throw error;
    return askEach(parts);
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof PollError && (error.status === 400 || error.status === 422);
}
