import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR } from '../../core/values/time.ts';
import { createServerClock, dateOf } from './server-clock.ts';

const NOON = Date.UTC(2026, 10, 20, 12);

test('a clock is confirmed by an answer that is not from a day before, however long ago it came', () => {
  let elapsed = 0;
  const witness = createServerClock(() => elapsed);
  assert.equal(witness.confirms(NOON), false, 'nobody has said anything');
  witness.answered(dateOf('Fri, 20 Nov 2026 12:00:00 GMT'));
  const said = [NOON - 40 * DAY, NOON, NOON + DAY, NOON + DAY + 1, NOON + 40 * DAY];
  assert.deepEqual(
    said.map((now) => witness.confirms(now)),
    [true, true, true, false, false],
  );
  elapsed = 3 * DAY + HOUR;
  assert.equal(witness.confirms(NOON + 3 * DAY + HOUR), true);
});

test('an answer that does not say when it was made contradicts nobody', () => {
  for (const header of [undefined, 'soon', ['a', 'b']]) {
    const witness = createServerClock(() => 0);
    witness.answered(dateOf(header));
    assert.equal(witness.confirms(NOON), true);
  }
});
