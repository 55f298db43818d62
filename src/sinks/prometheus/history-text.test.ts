import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench, settings, statement, utc } from '../../../test/support/ledger/ledger.ts';
import { benchAccount } from '../../../test/support/ledger/series.ts';
import type { Charge } from '../../core/statement/statement.ts';
import { parseDecimal } from '../../core/values/money.ts';
import { DAY, MINUTE } from '../../core/values/time.ts';
import { historyText } from './history-text.ts';

const FROM = utc('2026-10-01');

function requests(at: number, value: string): Charge {
  const labels = { resource: 'a "b"', model: '\\', tier: '', detail: '' };
  return { at, measure: 'requests', ...labels, value: parseDecimal(value) };
}

test('the text has exact amounts, times in seconds and the labels of the target', () => {
  const range = { start: FROM, end: FROM + 3 * MINUTE };
  const read = (asOf: number) =>
    statement('minute', range, asOf, [
      requests(FROM + MINUTE, '999999999999.000000000001'),
      requests(FROM + 2 * MINUTE, '-0.5'),
    ]);
  const exporter = openBench(settings({ granularities: ['minute'] }, { since: FROM }));
  exporter.apply(read(FROM + 2 * MINUTE + 1_500));
  const work = openBench(settings({ granularities: ['minute'] }, { since: FROM }));
  work.apply(read(FROM + DAY));
  const history = work.ledger.history({
    ...{ accounts: [benchAccount(work)], from: FROM, to: FROM + DAY },
    baselines: exporter.ledger.baselines(),
  });
  const part = { start: FROM, end: FROM + DAY };
  const text = [...historyText(history, { part, labels: [['job', 'b"c']] })].join('');
  const labels = 'provider="test",account="prod",resource="a \\"b\\"",model="\\\\",tier="",job="b\\"c"';
  assert.deepEqual(text.split('\n'), [
    '# HELP ai_billing_requests Requests billed since the baseline.',
    '# TYPE ai_billing_requests counter',
    `ai_billing_requests_total{${labels}} 0 1790812860`,
    `ai_billing_requests_total{${labels}} 999999999999.000000000001 1790812920`,
    `ai_billing_requests_total{${labels}} 999999999999.000000000001 1790812921.5`,
    '# HELP ai_billing_requests_corrections Requests taken back from earlier counts.',
    '# TYPE ai_billing_requests_corrections counter',
    `ai_billing_requests_corrections_total{${labels}} 0 1790812860`,
    `ai_billing_requests_corrections_total{${labels}} 0.5 1790812921.5`,
    '# EOF',
    '',
  ]);
});

test('a part of a history without samples is nothing but its end', () => {
  const work = openBench(settings({}, { since: FROM }));
  const history = work.ledger.history({ accounts: [benchAccount(work)], from: FROM, to: FROM + DAY });
  const part = { start: FROM, end: FROM + DAY };
  assert.deepEqual([...historyText(history, { part, labels: [] })].join(''), '# EOF\n');
});
