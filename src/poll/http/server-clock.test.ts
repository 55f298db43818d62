import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR } from '../../core/values/time.ts';
import { dateOf, ServerClock } from './server-clock.ts';

const NOON = Date.UTC(2026, 10, 20, 12);

test('server clock confirms a time that is at most a day ahead of the last answer, however old that is', () => {
  let elapsed = 0;
  const clock = new ServerClock(() => elapsed);
  assert.equal(clock.confirms(NOON), false, 'nobody has said anything');
  clock.answered(dateOf('Fri, 20 Nov 2026 12:00:00 GMT'));
  const said = [NOON - 40 * DAY, NOON, NOON + DAY, NOON + DAY + 1, NOON + 40 * DAY];
  assert.deepEqual(
    said.map((now) => clock.confirms(now)),
    [true, true, true, false, false],
  );
  elapsed = 3 * DAY + HOUR;
  assert.equal(clock.confirms(NOON + 3 * DAY + HOUR), true);
});

test('server clock confirms any time after an answer without a date', () => {
  for (const header of [undefined, 'soon', ['a', 'b']]) {
    const clock = new ServerClock(() => 0);
    clock.answered(dateOf(header));
    assert.equal(clock.confirms(NOON), true);
  }
});
