import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { DAY, HOUR } from '../../core/values/time.ts';
import { askBucketPages, type BucketPage, bucketPage, readBuckets } from './bucket-pages.ts';
import { DriftLog } from './drift-log.ts';
import { PollError } from './errors.ts';
import type { Ask, Request } from './request.ts';

const START = Date.UTC(2026, 10, 20);
const RANGE = { start: START, end: START + 3 * DAY };

function page(starts: readonly number[], next?: string): BucketPage<string> {
  const data = starts.map((start) => ({ start, end: start + DAY, rows: [`${(start - START) / DAY}`] }));
  return { data, has_more: next !== undefined, next_page: next };
}

function readingOf(pages: readonly BucketPage<string>[], now = START + 2 * DAY + HOUR) {
  const drift = new DriftLog();
  const { range, rows } = readBuckets(pages, { range: RANGE, sizeMs: DAY, now, drift });
  const days = (range.end - range.start) / DAY;
  return { days, rows: rows.map(({ row }) => row), drift: drift.list().length };
}

describe('readBuckets', () => {
  it('reads the rows of all pages, in any order', () => {
    const pages = [page([START + 2 * DAY, START]), page([START + DAY])];
    assert.deepEqual(readingOf(pages), { days: 3, rows: ['2', '0', '1'], drift: 0 });
  });

  it('ends the range with the last bucket that is listed', () => {
    assert.deepEqual(readingOf([page([START])]), { days: 1, rows: ['0'], drift: 0 });
  });

  it('takes buckets that have ended for empty if none is listed', () => {
    assert.deepEqual(readingOf([page([])]), { days: 2, rows: [], drift: 0 });
    assert.deepEqual(readingOf([page([])], START + HOUR), { days: 0, rows: [], drift: 0 });
    assert.deepEqual(readingOf([page([])], START + 9 * DAY), { days: 3, rows: [], drift: 0 });
  });

  it('drops buckets outside of the range', () => {
    assert.deepEqual(readingOf([page([START - DAY, START, START + 3 * DAY])]), {
      ...{ days: 1, rows: ['0'], drift: 2 },
    });
  });

  const broken: Readonly<Record<string, readonly number[]>> = {
    'is missing': [START, START + 2 * DAY],
    'is listed twice': [START, START],
    'has another length': [START + HOUR],
  };
  for (const [what, starts] of Object.entries(broken)) {
    it(`refuses a report in which a bucket ${what}`, () => {
      assert.throws(() => readingOf([page(starts)]), { reason: 'contract', message: new RegExp(what) });
    });
  }
});

describe('askBucketPages', () => {
  const request: Request<BucketPage<string>> = {
    path: '/costs',
    query: { limit: '3' },
    schema: bucketPage(z.never()),
  };

  it('asks with the same parameters for each page, until there is no more', async () => {
    const asked: unknown[] = [];
    const answers = [page([START], 'b'), { ...page([START + DAY]), next_page: 'unused' }];
    const ask = (async ({ query }: Request<unknown>) => {
      asked.push(query);
      return { body: answers[asked.length - 1], headers: {} };
    }) as Ask;
    const pages = [];
    for await (const one of askBucketPages(ask, request, 'an admin key')) pages.push(one);
    assert.equal(pages.length, 2);
    assert.deepEqual(asked, [{ limit: '3' }, { limit: '3', page: 'b' }]);
  });

  it('advises which key it takes if the key is refused, and only then', async () => {
    const failing = (reason: 'auth' | 'server') => async () => {
      throw new PollError(reason, 'GET /costs answered', { status: 403 });
    };
    const hintOf = async (reason: 'auth' | 'server') => {
      const error: unknown = await askBucketPages(failing(reason), request, 'an admin key')
        .next()
        .catch((thrown) => thrown);
      assert.ok(error instanceof PollError);
      assert.deepEqual([error.reason, error.status, error.message], [reason, 403, 'GET /costs answered']);
      return error.advice;
    };
    assert.equal(await hintOf('auth'), 'This endpoint takes an admin key.');
    assert.equal(await hintOf('server'), undefined);
  });
});
