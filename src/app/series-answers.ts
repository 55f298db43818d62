import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SeriesQuestion, SeriesReport } from '../core/reports/cost-series.ts';

/** How long an answer is worked at before others get a turn. */
const TURN_MS = 8;

export interface SeriesAnswersOptions {
  /** Begins to answer a question. */
  readonly ask: (question: SeriesQuestion) => Generator<void, SeriesReport>;
}

/** Answers questions about series in turns of a few milliseconds. */
export class SeriesAnswers {
  readonly #options: SeriesAnswersOptions;

  constructor(options: SeriesAnswersOptions) {
    this.#options = options;
  }

  async answer(question: SeriesQuestion): Promise<SeriesReport> {
    const work = this.#options.ask(question);
    for (;;) {
      const startedAt = performance.now();
      while (performance.now() - startedAt < TURN_MS) {
        const step = work.next();
        if (step.done) return step.value;
      }
      await nextTurn();
    }
  }
}
