import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costsTable, SeriesAnswer } from './costs-table.ts';

const NOVEMBER = { step: 'day', from: '2026-11-29', to: '2026-12-01', buckets: ['2026-11-29', '2026-11-30'] };

function answer(more: object): SeriesAnswer {
  return SeriesAnswer.parse({ ...NOVEMBER, by: ['provider'], other: null, ...more });
}

const row = (provider: string, values: (string | null)[], total: string | null) => ({
  ...{ labels: { provider }, values, total },
});

const KNOWN = answer({
  series: [
    row('baseten', ['1234.5', '0.125'], '1234.625'),
    row('venice', ['10', '5'], '15'),
    row('free', ['0', '0.000001'], '0.000001'),
    row('back', ['0', '-2.5'], '-2.5'),
  ],
  total: { values: ['1244.5', '2.625001'], total: '1247.125001' },
});

const UNKNOWN = answer({
  series: [row('baseten', ['8', '2'], '10'), row('venice', [null, '5'], null)],
  total: { values: [null, '7'], total: null },
  unknown: [{ provider: 'venice', account: 'prod', reason: 'not_read_whole' }],
});

const summary = (given: SeriesAnswer, width: number) => costsTable(given, { isByBucket: false, width });
const pivot = (given: SeriesAnswer, width: number) => costsTable(given, { isByBucket: true, width });

test('costs table: one row per series, with thousands, aligned cents, shares and bars', () => {
  assert.equal(
    summary(KNOWN, 50),
    `Cost in US dollars, 2026-11-29 to 2026-11-30 (UTC)

Provider       Cost   Share
baseten   $1,234.62  99.0 %  █████████████████████
venice       $15.00   1.2 %  ▎
free         <$0.01   0.0 %
back         -$2.50  -0.2 %
──────────────────────────────────────────────────
Total     $1,247.13
`,
  );
});

test('costs table: a total that is unknown in part is marked, has no shares and names the accounts', () => {
  assert.equal(
    summary(UNKNOWN, 40),
    `Cost in US dollars, 2026-11-29 to 2026-11-30 (UTC)

Provider    Cost
baseten   $10.00      ██████████████████
venice     $5.00 + ?  █████████
────────────────────────────────────────
Total     $15.00 + ?

Unknown: venice "prod": not all of this time has been read yet, or it is billed only after the day has ended
`,
  );
});

test('costs table: one row per bucket, with the series that fit and the others added up', () => {
  const title = 'Cost in US dollars, 2026-11-29 to 2026-11-30 (UTC)\n\n';
  assert.equal(
    pivot(KNOWN, 80),
    `${title}Day           baseten  venice    free    back      Total
2026-11-29  $1,234.50  $10.00   $0.00   $0.00  $1,244.50
2026-11-30      $0.12   $5.00  <$0.01  -$2.50      $2.63
────────────────────────────────────────────────────────
Total       $1,234.62  $15.00  <$0.01  -$2.50  $1,247.13
`,
  );
  assert.equal(
    pivot(KNOWN, 44),
    `${title}Day           baseten   Other      Total
2026-11-29  $1,234.50  $10.00  $1,244.50
2026-11-30      $0.12   $2.50      $2.63
────────────────────────────────────────
Total       $1,234.62  $12.50  $1,247.13
`,
  );
  assert.equal(
    pivot(UNKNOWN, 50).split('\n').slice(2, 7).join('\n'),
    `Day         baseten   venice       Total
2026-11-29    $8.00  unknown       $8.00 + ?
2026-11-30    $2.00    $5.00       $7.00
────────────────────────────────────────────
Total        $10.00    $5.00 + ?  $15.00 + ?`,
  );
  assert.match(pivot(UNKNOWN, 24), /^2026-11-29 {3}\$8\.00 \+ \?\n2026-11-30 {3}\$7\.00$/m);
});

test('costs table: labels are shortened to the width, and cannot control the terminal', () => {
  const given = answer({
    by: ['model', 'tier'],
    series: [
      { labels: { model: 'a'.repeat(60), tier: '' }, values: ['1', '1'], total: '2' },
      { labels: { model: 'red\u001b[31m', tier: 'x' }, values: ['1', '0'], total: '1' },
    ],
    other: { values: ['0', '1'], total: '1' },
    total: { values: ['2', '2'], total: '4' },
  });
  const lines = summary(given, 60).split('\n');
  assert.match(lines[3] ?? '', /^a+… {2}\(no tier\) {2}\$2\.00 {2}50\.0 %$/);
  assert.match(lines[4] ?? '', /^red\?\[31m +x +\$1\.00 {2}25\.0 %$/);
  assert.match(lines[5] ?? '', /^Other +\$1\.00 {2}25\.0 %$/);
  for (const line of lines.slice(2)) assert.ok([...line].length <= 60, line);
  assert.equal([...(lines[3] ?? '')].length, 60);
});

test('costs table: says where only longer steps are kept', () => {
  const limit = {
    provider: 'venice',
    account: 'prod',
    finestStep: 'month',
    from: '2026-06-15',
    to: '2026-07-01',
  };
  assert.match(
    summary({ ...UNKNOWN, unknown: [], limits: [limit] }, 60),
    /\n\nUnknown: venice "prod": from 2026-06-15 to 2026-07-01 only each month is kept: ask for whole months\n$/,
  );
});

test('costs table: many series that cost nothing take one row', () => {
  const zeros = ['a', 'b', 'c', 'd'].map((name) => row(name, ['0', '0'], '0'));
  const total = { values: ['1', '1'], total: '2' };
  const few = answer({ series: [row('paid', ['1', '1'], '2'), ...zeros.slice(1)], total });
  const many = answer({ series: [row('paid', ['1', '1'], '2'), ...zeros], total });
  assert.match(summary(few, 60), /^paid +\$2\.00 .*\nb +\$0\.00 .*\nc +\$0\.00 .*\nd +\$0\.00 /m);
  assert.match(summary(many, 60), /^paid +\$2\.00 .*\n\(4 more\) +\$0\.00 +0\.0 %\n─/m);
});

test('costs table: without labels only the total is shown', () => {
  const total = { values: ['1', '2'], total: '3' };
  const given = answer({ by: [], series: [{ ...total, labels: {} }], total });
  assert.match(summary(given, 80), /\n\nTotal {2}\$3\.00\n$/);
  assert.match(
    pivot(given, 80),
    /Day +Total\n2026-11-29 {2}\$1\.00\n2026-11-30 {2}\$2\.00\n─+\nTotal +\$3\.00\n$/,
  );
});

test('costs table: wide characters, combining marks and emoji keep columns aligned and are not cut apart', () => {
  const names = ['通义千问', 'cafe\u0301', '🚀🇨🇭', '한국어 모델의 아주 긴 이름'];
  const series = names.map((name) => row(name, ['1', '0'], '1'));
  const wide = answer({ series, total: { values: ['4', '0'], total: '4' } });
  assert.equal(
    summary(wide, 32),
    `Cost in US dollars, 2026-11-29 to 2026-11-30 (UTC)

Provider            Cost   Share
通义千问           $1.00  25.0 %
cafe\u0301               $1.00  25.0 %
🚀🇨🇭               $1.00  25.0 %
한국어 모델의 아…  $1.00  25.0 %
────────────────────────────────
Total              $4.00
`,
  );
});
