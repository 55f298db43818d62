import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from './log.ts';

function bench(context?: () => Readonly<Record<string, string>>) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ write: (line: string) => lines.push(JSON.parse(line)) }, context);
  return { log, lines };
}

test('log: a line contains event, fields, level and time', () => {
  const { log, lines } = bench();
  log.warn({ feed: 'usage' }, 'poll failed');
  const [{ time, ...line } = {}] = lines;
  assert.deepEqual(line, { level: 'warn', feed: 'usage', msg: 'poll failed' });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/);
});

test('log: a line contains the context at the time it is written', () => {
  let ids: Readonly<Record<string, string>> = Object.freeze({});
  const { log, lines } = bench(() => ids);
  log.info('before');
  ids = Object.freeze({ trace_id: 'a', span_id: 'b' });
  log.info({ feed: 'usage' }, 'within');
  ids = Object.freeze({});
  log.info('after');
  assert.deepEqual(
    lines.map(({ msg, feed, trace_id, span_id }) => [msg, feed, trace_id, span_id]),
    [
      ['before', undefined, undefined, undefined],
      ['within', 'usage', 'a', 'b'],
      ['after', undefined, undefined, undefined],
    ],
  );
});

test('log: redacts fields that could contain a key', () => {
  const { log, lines } = bench(() => ({ trace_id: 'a' }));
  log.info({ apiKey: 'canary', account: { key: 'canary' }, headers: { authorization: 'canary' } }, 'x');
  assert.doesNotMatch(JSON.stringify(lines), /canary/);
});
