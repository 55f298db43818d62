import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ExpositionFormat, parseExposition } from './support/exposition/exposition.ts';

const HEAD = '# HELP x_total X.\n# TYPE x_total counter\n';
const OM_HEAD = '# HELP x X.\n# TYPE x counter\n';
const HISTOGRAM = '# HELP h H.\n# TYPE h histogram\n';

const GOOD: [what: string, format: ExpositionFormat, page: string][] = [
  ['an empty page', 'text', ''],
  ['an empty page', 'openmetrics', '# EOF\n'],
  ['a counter', 'text', `${HEAD}x_total{a="b",c=""} 1.5e-07\n`],
  ['a counter', 'openmetrics', `${OM_HEAD}x_total{a="\\"\\\\\\n"} 1\n# EOF\n`],
  [
    'a unit that is the suffix',
    'openmetrics',
    '# HELP y_usd Y.\n# TYPE y_usd gauge\n# UNIT y_usd usd\ny_usd NaN\n# EOF\n',
  ],
  ['a histogram', 'text', `${HISTOGRAM}h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n`],
  ['points of one series in time', 'openmetrics', `${OM_HEAD}x_total 1 1\nx_total 2 2\n# EOF\n`],
];

const BAD: [what: string, format: ExpositionFormat, page: string, error: RegExp][] = [
  ['a duplicate series', 'text', `${HEAD}x_total{a="b"} 1\nx_total{a="b"} 1\n`, /duplicate series/],
  [
    'a duplicate that differs by an empty label',
    'text',
    `${HEAD}x_total{a=""} 1\nx_total 1\n`,
    /duplicate series/,
  ],
  [
    'a duplicate in another order',
    'text',
    `${HEAD}x_total{a="1",b="2"} 1\nx_total{b="2",a="1"} 1\n`,
    /duplicate/,
  ],
  [
    'points going back in time',
    'openmetrics',
    `${OM_HEAD}x_total 1 2\nx_total 2 1\n# EOF\n`,
    /duplicate series/,
  ],
  [
    'interleaved families',
    'text',
    `${HEAD}x_total 1\n# HELP y Y.\n# TYPE y gauge\ny 1\nx_total{a="b"} 1\n`,
    /no such sample/,
  ],
  [
    'a family opened twice',
    'text',
    `${HEAD}x_total 1\n# HELP y Y.\n# TYPE y gauge\ny 1\n${HEAD}`,
    /closed before/,
  ],
  ['no HELP', 'text', '# TYPE x_total counter\nx_total 1\n', /without HELP/],
  ['no TYPE', 'text', '# HELP x_total X.\nx_total 1\n', /without TYPE/],
  ['neither', 'text', 'x_total 1\n', /without TYPE/],
  ['HELP twice', 'text', '# HELP x_total X.\n# HELP x_total X.\n', /second HELP/],
  ['TYPE behind samples', 'text', `# TYPE x gauge\n# HELP x X.\nx 1\n# TYPE x gauge\n`, /second TYPE/],
  ['an unknown type', 'text', '# HELP x X.\n# TYPE x unknown\nx 1\n', /unknown type/],
  ['a histogram suffix on a gauge', 'text', '# HELP x X.\n# TYPE x gauge\nx_count 1\n', /no such sample/],
  ['a plain sample in a histogram', 'text', `${HISTOGRAM}h 1\n`, /no such sample/],
  ['a NaN counter', 'text', `${HEAD}x_total NaN\n`, /negative or NaN/],
  ['a negative counter', 'openmetrics', `${OM_HEAD}x_total -1\n# EOF\n`, /negative or NaN/],
  ['a counter without _total', 'openmetrics', `${OM_HEAD}x 1\n# EOF\n`, /no such sample/],
  ['a counter family with _total', 'openmetrics', `${HEAD}x_total_total 1\n# EOF\n`, /named without _total/],
  ['no end', 'openmetrics', `${OM_HEAD}x_total 1\n`, /EOF/],
  ['samples behind the end', 'openmetrics', `${OM_HEAD}# EOF\nx_total 1\n`, /EOF/],
  ['two ends', 'openmetrics', '# EOF\n# EOF\n', /neither HELP/],
  ['an end in text 0.0.4', 'text', '# EOF\n', /neither HELP/],
  ['an unended line', 'text', `${HEAD}x_total 1`, /not ended/],
  ['an empty line', 'openmetrics', `${OM_HEAD}\nx_total 1\n# EOF\n`, /no metric name/],
  [
    'a unit that is no suffix',
    'openmetrics',
    '# HELP y Y.\n# TYPE y gauge\n# UNIT y usd\n# EOF\n',
    /no suffix/,
  ],
  ['an empty unit', 'openmetrics', '# HELP y Y.\n# TYPE y gauge\n# UNIT y \n# EOF\n', /no suffix/],
  ['a unit in text 0.0.4', 'text', '# HELP y_usd Y.\n# TYPE y_usd gauge\n# UNIT y_usd usd\n', /no UNIT/],
  ['a bad escape in a label', 'text', `${HEAD}x_total{a="\\t"} 1\n`, /bad escape/],
  ['a bad escape in HELP', 'text', '# HELP x \\"\n# TYPE x gauge\nx 1\n', /bad escape/],
  ['a bare quote in HELP', 'openmetrics', '# HELP x "\n# TYPE x gauge\nx 1\n# EOF\n', /bare quote/],
  ['a label twice', 'text', `${HEAD}x_total{a="1",a="2"} 1\n`, /given twice/],
  ['a reserved label', 'text', `${HEAD}x_total{__name__="x"} 1\n`, /reserved/],
  ['a trailing comma', 'text', `${HEAD}x_total{a="1",} 1\n`, /not closed/],
  ['an open quote', 'text', `${HEAD}x_total{a="1} 1\n`, /bad label/],
  ['two spaces', 'text', `${HEAD}x_total  1\n`, /not a number/],
  ['a carriage return', 'text', `${HEAD}x_total 1\r\n`, /not a number/],
  ['Nan as prom-client writes it', 'text', '# HELP x X.\n# TYPE x gauge\nx Nan\n', /not a number/],
  ['Infinity as JavaScript writes it', 'text', '# HELP x X.\n# TYPE x gauge\nx Infinity\n', /not a number/],
  [
    'buckets that fall',
    'text',
    `${HISTOGRAM}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 3\nh_count 1\n`,
    /do not rise/,
  ],
  [
    'edges that fall',
    'text',
    `${HISTOGRAM}h_bucket{le="2"} 1\nh_bucket{le="1"} 1\nh_sum 3\nh_count 1\n`,
    /do not rise/,
  ],
  ['no +Inf', 'text', `${HISTOGRAM}h_bucket{le="1"} 1\nh_sum 3\nh_count 1\n`, /not the count/],
  ['another count', 'text', `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_sum 3\nh_count 2\n`, /not the count/],
  ['no sum', 'text', `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_count 1\n`, /no _sum/],
  ['a lone surrogate', 'text', `${HEAD}x_total{a="\ud800"} 1\n`, /surrogate/],
];

describe('the strict parser', () => {
  for (const [what, format, page] of GOOD) {
    test(`accepts ${what} in ${format}`, () => {
      assert.doesNotThrow(() => parseExposition(page, format));
    });
  }
  for (const [what, format, page, error] of BAD) {
    test(`rejects ${what} in ${format}`, () => {
      assert.throws(() => parseExposition(page, format), error);
    });
  }

  test('rejects bytes that are not UTF-8', () => {
    assert.throws(
      () => parseExposition(Buffer.from(`${HEAD}x_total{a="\xff"} 1\n`, 'latin1'), 'text'),
      TypeError,
    );
  });

  test('returns typed families and single values', () => {
    const page = parseExposition(`${OM_HEAD}x_total{a="\\n",b=""} 2\n# EOF\n`, 'openmetrics');
    assert.equal(page.families.get('x')?.type, 'counter');
    assert.equal(page.families.get('x')?.help, 'X.');
    assert.equal(page.value('x_total', { a: '\n' }), 2);
    assert.equal(page.value('x_total'), undefined);
  });
});
