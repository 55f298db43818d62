import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BookedRow, openBooks } from './books.ts';

interface Row extends BookedRow {
  readonly name: string;
}
const ALL = { start: 0, end: 100 };

test('books: return rows oldest first, generated and booked together', () => {
  const books = openBooks<Row>(() => [
    { at: 1, name: 'a' },
    { at: 5, name: 'c' },
  ]);
  books.book({ at: 3, name: 'b' });
  books.book({ at: 100, name: 'beyond' });
  assert.deepEqual(
    books.rows(ALL, books.moment(50)).map(({ name }) => name),
    ['a', 'b', 'c'],
  );
});

test('books: the view at an instant is stable while rows are booked, revised and removed', () => {
  const books = openBooks<Row>(() => []);
  const names = (moment = books.moment(50)) => books.rows(ALL, moment).map(({ name }) => name);
  const first = books.book({ at: 1, name: 'first' });
  const before = books.moment(50);
  books.book({ at: 2, name: 'second' });
  first.revise({ name: 'revised' });
  const between = books.moment(50);
  first.remove();
  assert.deepEqual(names(before), ['first']);
  assert.deepEqual(names(between), ['revised', 'second']);
  assert.deepEqual(names(), ['second']);
  first.revise({ name: 'again' });
  assert.deepEqual(names(), ['again', 'second']);
});

test('books: a row is visible from its recording until its refund', () => {
  const books = openBooks<Row>(() => []);
  books.book({ at: 1, name: 'late', recordedAt: 20, refundedAt: 30 });
  const count = (now: number) => books.rows(ALL, books.moment(now)).length;
  assert.deepEqual([19, 20, 29, 30].map(count), [0, 1, 1, 0]);
});
