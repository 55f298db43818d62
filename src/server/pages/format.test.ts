import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDecimal } from '../../core/values/money.ts';
import { DAY } from '../../core/values/time.ts';
import { daysText, dayText, distanceText, dollarsText, instantText } from './format.ts';
import { html, renderHtml, trusted } from './html.ts';

const NOW = Date.parse('2026-11-22T02:17:05Z');

test('html template escapes everything except HTML', () => {
  const list = [html`<b>${'<'}</b>`, '&', 1, null, [trusted('<i>')]];
  assert.equal(renderHtml(html`<p title="${'"'}">${list}</p>`), '<p title="&#34;"><b>&#60;</b>&#38;1<i></p>');
});

test('dollarsText rounds half to even and groups digits', () => {
  const table: [string, string][] = [
    ['0', '$0.00'],
    ['0.005', '$0.00'],
    ['0.015', '$0.02'],
    ['-0.004', '$0.00'],
    ['-1234.5', '-$1,234.50'],
    ['999.999', '$1,000.00'],
    ['1234567.891', '$1,234,567.89'],
    ['9223372036854775807.99', '$9,223,372,036,854,775,807.99'],
  ];
  for (const [exact, text] of table) assert.equal(dollarsText(parseDecimal(exact)), text);
});

test('days and instants are written for people, with the year only if it is another', () => {
  assert.equal(dayText(NOW, NOW), 'Nov 22');
  assert.equal(dayText(NOW - 365 * DAY, NOW), 'Nov 22, 2025');
  assert.equal(instantText(NOW, NOW), 'Nov 22, 02:17');
  const start = Date.parse('2026-11-01');
  assert.equal(daysText({ start, end: start + 30 * DAY }, NOW), 'Nov 1 \u2013 Nov 30');
  assert.equal(daysText({ start, end: start + DAY }, NOW), 'Nov 1');
});

test('distanceText formats ages', () => {
  const table: [secondsAgo: number, text: string][] = [
    [0, 'just now'],
    [1, '1 s ago'],
    [119, '119 s ago'],
    [120, '2 min ago'],
    [7199, '119 min ago'],
    [-7200, 'in 2 h'],
    [172_800, '2 d ago'],
  ];
  for (const [seconds, text] of table) assert.equal(distanceText(NOW - seconds * 1000, NOW), text);
});
