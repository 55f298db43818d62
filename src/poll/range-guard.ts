import { PollError } from '../providers/api/errors.ts';
import type { AnswerSize } from './http/client.ts';
import { RANGE_LIMITS } from './http/limits.ts';

/** The answers about one range exceeded a limit. Other ranges are likely to exceed it, too. */
export class EndlessAnswers extends PollError {
  constructor(what: string) {
    super('contract', `the answers about one range do not end: ${what}`);
  }
}

/**
 * Limits the answers about one range.
 *
 * @param keepsAnswers whether the feed retains all answers until the last one.
 * @throws {EndlessAnswers} from its methods, at the first limit that is exceeded.
 */
export function createRangeGuard(keepsAnswers: boolean) {
  const { answers, decodedBytes, ms, keptAnswers, keptEntries } = RANGE_LIMITS;
  const startedAt = performance.now();
  const sums = { answers: 0, bytes: 0, share: 0 };
  return {
    /** Counts an answer, before it is parsed. */
    received({ bytes, share }: AnswerSize): void {
      sums.answers += 1;
      sums.bytes += bytes;
      sums.share += share;
      if (sums.answers > answers) throw new EndlessAnswers(`more than ${answers} answers`);
      if (sums.bytes > decodedBytes) throw new EndlessAnswers(`more than ${decodedBytes} bytes`);
      if (performance.now() - startedAt > ms) throw new EndlessAnswers(`more than ${ms / 1000} seconds`);
      if (keepsAnswers && sums.share > keptAnswers)
        throw new EndlessAnswers(`more than ${keptAnswers} of the largest size`);
    },
    /** Checks how many entries the feed retains now. */
    kept(entries: number): void {
      if (entries > keptEntries) throw new EndlessAnswers(`more than ${keptEntries} charges`);
    },
  };
}
