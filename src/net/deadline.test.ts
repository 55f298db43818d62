import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { startDeadline } from './deadline.ts';

it('a deadline aborts when its time is up', async () => {
  const deadline = startDeadline(new AbortController().signal, 1);
  await once(deadline.signal, 'abort');
  assert.equal(deadline.expired(), true);
});

it('a deadline follows the signal, with its reason, and is not expired then', () => {
  const stop = new AbortController();
  const deadline = startDeadline(stop.signal, 60_000);
  const reason = new Error('stopping');
  stop.abort(reason);
  assert.deepEqual([deadline.signal.reason, deadline.expired()], [reason, false]);
  deadline.end();
});

it('a deadline follows a signal that aborted before', () => {
  const deadline = startDeadline(AbortSignal.abort(), 60_000);
  assert.equal(deadline.signal.aborted, true);
  deadline.end();
});

it('an ended deadline follows nothing any more', () => {
  const stop = new AbortController();
  const deadline = startDeadline(stop.signal, 60_000);
  deadline.end();
  stop.abort();
  assert.equal(deadline.signal.aborted, false);
});
