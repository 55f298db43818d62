import {
  type SeriesQuestion,
  type SeriesReport,
  TooManyQuestionsError,
} from '../core/reports/cost-series.ts';
import { HOUR, type Instant } from '../core/values/time.ts';
import { takeInSlices } from '../runtime/slices.ts';

/** How long an answer is worked at before others get a turn. Its longest step takes as long again. */
const TURN_MS = 6;
/** Of answers that are kept until the next snapshot. */
const MAX_BYTES = 32 * 1024 * 1024;
/** A value is a pointer and a small integer on the heap. */
const VALUE_BYTES = 40;
/** Questions that wait for their turn: more would not be answered before their readers give up. */
const MAX_WAITING = 32;

export interface SeriesAnswersOptions {
  /** Begins to answer a question. */
  readonly ask: (question: SeriesQuestion) => Generator<void, SeriesReport>;
  /** The number of the current snapshot: answers are kept as long. */
  readonly version: () => number;
  readonly now: () => Instant;
}

interface KeptAnswer {
  readonly report: Promise<SeriesReport>;
  /** 0 while it is worked at. */
  bytes: number;
}

/** Answers questions about series, one after the other and in turns of a few milliseconds, and each once per snapshot. */
export class SeriesAnswers {
  readonly #options: SeriesAnswersOptions;
  /** The one that was asked for last comes last. */
  #answers = new Map<string, KeptAnswer>();
  #kept = '';
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SeriesAnswersOptions) {
    this.#options = options;
  }

  /** @throws {TooManyRowsError} {TooManyQuestionsError} */
  answer(question: SeriesQuestion): Promise<SeriesReport> {
    this.#forgetOld();
    const answers = this.#answers;
    const key = keyOf(question);
    const answer = answers.get(key) ?? this.#begin(question, key);
    answers.delete(key);
    answers.set(key, answer);
    return answer.report;
  }

  /** With each snapshot, and with each hour: another bucket may have begun. */
  #forgetOld(): void {
    const current = `${this.#options.version()} ${Math.floor(this.#options.now() / HOUR)}`;
    if (current !== this.#kept) this.#answers = new Map();
    this.#kept = current;
  }

  #begin(question: SeriesQuestion, key: string): KeptAnswer {
    if (this.#waiting >= MAX_WAITING) throw new TooManyQuestionsError();
    const answers = this.#answers;
    const report = this.#whenFree(question);
    const answer: KeptAnswer = { report, bytes: 0 };
    report.then(
      (found) => {
        answer.bytes = sizeOf(found);
        evictOldest(answers);
      },
      () => answers.delete(key),
    );
    return answer;
  }

  async #whenFree(question: SeriesQuestion): Promise<SeriesReport> {
    this.#waiting += 1;
    const before = this.#last;
    const work = before.then(() => takeInSlices(this.#options.ask(question), TURN_MS));
    this.#last = work.catch(() => {});
    try {
      return await work;
    } finally {
      this.#waiting -= 1;
    }
  }
}

function keyOf({ match, ...question }: SeriesQuestion): string {
  return JSON.stringify([question, [...match]]);
}

function sizeOf({ series, buckets }: SeriesReport): number {
  const labels = series.reduce((sum, row) => sum + row.labels.join().length, 0);
  return (series.length + 2) * buckets.length * VALUE_BYTES + 2 * labels;
}

function evictOldest(answers: Map<string, KeptAnswer>): void {
  let bytes = [...answers.values()].reduce((sum, answer) => sum + answer.bytes, 0);
  for (const [key, answer] of answers) {
    if (bytes <= MAX_BYTES) return;
    bytes -= answer.bytes;
    answers.delete(key);
  }
}
