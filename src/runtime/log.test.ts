import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, type LogOptions } from './log.ts';

function bench(context?: () => Readonly<Record<string, string>>) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ write: (line: string) => lines.push(JSON.parse(line)) }, { context });
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

/** What a log of a format writes, without the date and time. */
function written(options: LogOptions, write: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  write(createLog({ write: (line) => (text += line) }, options));
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replaceAll(/^\d\d:\d\d:\d\d/gm, 'HH:MM:SS');
}

test('log: pretty lines show level, message and labels; sentences follow, indented', () => {
  const text = written({ format: 'pretty' }, (log) => {
    log.info('stopping');
    log.warn(
      {
        provider: 'venice',
        account: 'a b',
        seconds: 0.2,
        tags: ['x', 'y'],
        none: [],
        message: 'GET /x answered 503',
        hint: 'Wait.',
      },
      'poll failed',
    );
    log.error({ problems: ['first', 'second'] }, 'refused');
  });
  assert.equal(
    text,
    `HH:MM:SS info  stopping
HH:MM:SS warn  poll failed  provider=venice account="a b" seconds=0.2 tags=x,y
               GET /x answered 503
               Wait.
HH:MM:SS error refused
               first
               second
`,
  );
});

test('log: pretty lines show the stack and the causes of an error', () => {
  const error = new Error('outer', { cause: new TypeError('inner', { cause: 'why' }) });
  const text = written({ format: 'pretty' }, (log) => log.error({ err: error }, 'internal error'));
  assert.match(text, /^HH:MM:SS error internal error\n {15}Error: outer\n {19}at /);
  assert.match(text, /\n {15}caused by TypeError: inner\n {19}at /);
  assert.match(text, /\n {15}caused by why\n$/);
});

test('log: colors only mark the level', () => {
  const text = written({ format: 'pretty', hasColors: true }, (log) => {
    log.info('fine');
    log.warn('odd');
  });
  assert.equal(text, 'HH:MM:SS info  fine\nHH:MM:SS \x1b[33mwarn \x1b[39m odd\n');
});

test('log: logfmt quotes what needs quotes', () => {
  const text = written({ format: 'logfmt' }, (log) =>
    log.warn(
      { feed: 'usage', note: 'a "b"', equal: 'x=1', count: 2, empty: '', of: { a: 1 } },
      'poll failed',
    ),
  );
  assert.equal(
    text,
    String.raw`time=TIME level=warn msg="poll failed" feed=usage note="a \"b\"" equal="x=1" count=2 empty="" of="{\"a\":1}"` +
      '\n',
  );
});

for (const format of ['pretty', 'logfmt'] as const) {
  test(`log: ${format} lines keep a provider's text from controlling the terminal or forging a line`, () => {
    const hostile = 'a\x1b[2J\u009b1m\u202eb\u2028\r\n10:00:00 info  all is well';
    const text = written({ format }, (log) => log.warn({ message: hostile, feed: hostile }, 'poll failed'));
    assert.doesNotMatch(text, /[^\P{C}\n]|\u2028/u);
    assert.doesNotMatch(text, /^10:00/m);
    assert.match(text, /\\u(\{|00)1b/);
  });
}

test('log: writes nothing below its level, which can change', () => {
  const text = written({ format: 'pretty', level: 'warn' }, (log) => {
    log.info('hidden');
    log.level = 'debug';
    log.debug('shown');
    log.level = 'silent';
    log.fatal('hidden');
  });
  assert.equal(text, 'HH:MM:SS debug shown\n');
});
