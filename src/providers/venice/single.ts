import type { Reading } from '../../core/statement.ts';
import type { Reader } from '../provider.ts';

/** A reader of the one answer that a poll of one request has. */
export function singleReader<Page>(read: (page: Page) => Reading & { readonly memo?: string }): Reader<Page> {
  let answer: { page: Page } | undefined;
  return {
    take(page) {
      answer = { page };
    },
    done() {
      if (!answer) throw new RangeError('nothing was answered');
      return read(answer.page);
    },
  };
}
