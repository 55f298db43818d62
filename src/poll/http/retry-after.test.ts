import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SECOND } from '../../core/values/time.ts';
import { DEFAULT_WAIT_MS, type RetryAdvice, retryAtOf } from './retry-after.ts';

const NOW = Date.UTC(2026, 10, 22, 12);

const cases: {
  title: string;
  advice: Partial<RetryAdvice>;
  bodySeconds?: number;
  waitMs: number | undefined;
}[] = [
  { title: 'a plain 200 asks for no pause', advice: { status: 200 }, waitMs: undefined },
  {
    title: 'a 200 with something left asks for no pause',
    advice: { status: 200, limit: { remaining: 1, resetAt: NOW + 5000 } },
    waitMs: undefined,
  },
  {
    title: 'a 200 with nothing left asks to wait for the reset',
    advice: { status: 200, limit: { remaining: 0, resetAt: NOW + 5000 } },
    waitMs: 5000,
  },
  {
    title: 'a 200 with nothing left and no reset asks for no pause',
    advice: { status: 200, limit: { remaining: 0 } },
    waitMs: undefined,
  },
  {
    title: 'a Retry-After of a 200 means nothing',
    advice: { status: 200, headers: { 'retry-after': '9' } },
    waitMs: undefined,
  },
  {
    title: 'a 500 asks for no pause',
    advice: { status: 500, headers: { 'retry-after': '9' } },
    waitMs: undefined,
  },
  { title: 'a 503 may name one', advice: { status: 503, headers: { 'retry-after': '9' } }, waitMs: 9000 },
  { title: 'a 503 need not', advice: { status: 503 }, waitMs: undefined },
  { title: 'a silent 429 costs a minute', advice: {}, waitMs: DEFAULT_WAIT_MS },
  { title: 'zero seconds are an answer', advice: { headers: { 'retry-after': '0' } }, waitMs: 0 },
  {
    title: 'fractions are rounded up to milliseconds',
    advice: { headers: { 'retry-after': ' 1.0001 ' } },
    waitMs: 1001,
  },
  {
    title: 'a date is an instant',
    advice: { headers: { 'retry-after': 'Sun, 22 Nov 2026 12:01:30 GMT' } },
    waitMs: 90_000,
  },
  {
    title: 'a date in the old form, too',
    advice: { headers: { 'retry-after': 'Sunday, 22-Nov-26 12:01:30 GMT' } },
    waitMs: 90_000,
  },
  {
    title: 'a negative number is nothing',
    advice: { headers: { 'retry-after': '-5' } },
    waitMs: DEFAULT_WAIT_MS,
  },
  {
    title: 'a year is not a date',
    advice: { headers: { 'retry-after': 'in 2027' } },
    waitMs: DEFAULT_WAIT_MS,
  },
  {
    title: 'a broken date is nothing',
    advice: { headers: { 'retry-after': 'x 99:99:99 y' } },
    waitMs: DEFAULT_WAIT_MS,
  },
  { title: 'the body counts', advice: {}, bodySeconds: 37, waitMs: 37_000 },
  {
    title: 'the body of another status does not',
    advice: { status: 503 },
    bodySeconds: 37,
    waitMs: undefined,
  },
  {
    title: 'a reset counts at a 429 whatever remains',
    advice: { limit: { remaining: 7, resetAt: NOW + 8 } },
    waitMs: 8,
  },
  {
    title: 'a reset that is not a number is nothing',
    advice: { limit: { resetAt: Number.NaN } },
    waitMs: DEFAULT_WAIT_MS,
  },
  {
    title: 'of several the latest holds: the header',
    advice: { headers: { 'retry-after': '50' }, limit: { resetAt: NOW + 40 * SECOND } },
    bodySeconds: 30,
    waitMs: 50_000,
  },
  {
    title: 'of several the latest holds: the body',
    advice: { headers: { 'retry-after': '5' }, limit: { resetAt: NOW + 4 * SECOND } },
    bodySeconds: 30,
    waitMs: 30_000,
  },
  {
    title: 'of several the latest holds: the reset',
    advice: { headers: { 'retry-after': '5' }, limit: { resetAt: NOW + 40 * SECOND } },
    bodySeconds: 30,
    waitMs: 40_000,
  },
];

describe('retryAtOf', () => {
  for (const { title, advice, bodySeconds, waitMs } of cases) {
    it(title, () => {
      const all = { status: 429, headers: {}, body: undefined, limit: {}, now: NOW, ...advice };
      const retryAt = retryAtOf(all, { retryAfterOfBody: () => bodySeconds });
      assert.equal(retryAt, waitMs === undefined ? undefined : NOW + waitMs);
    });
  }
});
