import { PollError } from '../providers/api/errors.ts';
import type { AnswerSize } from './http/client.ts';
import { RANGE_LIMITS } from './http/limits.ts';

/** The answers about one range went on for too long. Another range is not likely to be better. */
export class EndlessAnswers extends PollError {
  constructor(what: string) {
    super('contract', `the answers about one range do not end: ${what}`);
  }
}

/** Ends a range that goes on for too long, whatever the provider makes of it. */
export interface RangeGuard {
  /** Takes note of an answer, before it is parsed. */
  received(size: AnswerSize): void;
  /** Takes note of what the feed keeps now. */
  kept(entries: number): void;
}

/**
 * @param keepsAnswers whether the feed keeps all of its answers until the last one.
 * @throws {EndlessAnswers} from its methods, at the first limit that is exceeded.
 */
export function createRangeGuard(keepsAnswers: boolean): RangeGuard {
  const { answers, decodedBytes, ms, keptAnswers, keptEntries } = RANGE_LIMITS;
  const startedAt = performance.now();
  const sums = { answers: 0, bytes: 0, share: 0 };
  return {
    received({ bytes, share }) {
      sums.answers += 1;
      sums.bytes += bytes;
      sums.share += share;
      if (sums.answers > answers) throw new EndlessAnswers(`more than ${answers} answers`);
      if (sums.bytes > decodedBytes) throw new EndlessAnswers(`more than ${decodedBytes} bytes`);
      if (performance.now() - startedAt > ms) throw new EndlessAnswers(`more than ${ms / 1000} seconds`);
      if (keepsAnswers && sums.share > keptAnswers)
        throw new EndlessAnswers(`more than ${keptAnswers} of the largest size`);
    },
    kept(entries) {
      if (entries > keptEntries) throw new EndlessAnswers(`more than ${keptEntries} charges`);
    },
  };
}
