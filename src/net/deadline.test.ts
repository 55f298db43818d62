import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { startDeadline } from './deadline.ts';

it('deadline aborts when its time is up', async () => {
  const deadline = startDeadline(new AbortController().signal, 1);
  await once(deadline.signal, 'abort');
  assert.equal(deadline.expired(), true);
});

it('deadline aborts with the reason of its signal, and is not expired then', () => {
  const stop = new AbortController();
  const deadline = startDeadline(stop.signal, 60_000);
  const reason = new Error('stopping');
  stop.abort(reason);
  assert.deepEqual([deadline.signal.reason, deadline.expired()], [reason, false]);
  deadline.end();
});

it('deadline aborts if its signal was aborted before', () => {
  const deadline = startDeadline(AbortSignal.abort(), 60_000);
  assert.equal(deadline.signal.aborted, true);
  deadline.end();
});

it('ended deadline ignores its signal', () => {
  const stop = new AbortController();
  const deadline = startDeadline(stop.signal, 60_000);
  deadline.end();
  stop.abort();
  assert.equal(deadline.signal.aborted, false);
});
