import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR } from '../../core/values/time.ts';
import { parseSeriesQuery } from './series-query.ts';

const NOW = Date.parse('2026-11-22T09:30:00Z');
const at = (text: string) => Date.parse(text);

function parsed(query: string) {
  return parseSeriesQuery(new URLSearchParams(query), NOW);
}

test('series query: has defaults, up to tomorrow or the end of the month', () => {
  const range = { start: at('2026-11-01'), end: at('2026-11-23') };
  const defaults = { range, step: 'day', by: [], match: new Map(), top: undefined, measure: 'cost' };
  assert.deepEqual(parsed(''), defaults);
  assert.deepEqual(parsed('by=&step=hour'), { ...defaults, step: 'hour' });
  assert.deepEqual(parsed('step=month'), {
    ...defaults,
    step: 'month',
    range: { ...range, end: at('2026-12-01') },
  });
});

test('series query: takes dates, hours, labels, patterns and a number of rows', () => {
  const query = 'from=2026-11-20T13:00:00Z&to=2026-11-21&step=hour&by=model,provider&top=1000&measure=tokens';
  const patterns = 'match[model]=a*&match[model]=b,c&match%5Btoken_type%5D=';
  assert.deepEqual(parsed(`${query}&${patterns}`), {
    range: { start: at('2026-11-20T13:00:00Z'), end: at('2026-11-21') },
    step: 'hour',
    by: ['model', 'provider'],
    match: new Map([
      ['model', ['a*', 'b,c']],
      ['token_type', ['']],
    ]),
    top: 1000,
    measure: 'tokens',
  });
  const leap = parsed('from=2028-02-29&to=9999-12-31&step=day');
  assert.ok('range' in leap && leap.range.start === at('2028-02-29'), 'the future is no bucket');
});

test('series query: says what is wrong, and what to write instead', () => {
  const labels =
    'provider, account, resource, model, tier, currency, token_type, name, kind, project, team, environment';
  const day = 'must be a UTC date from 1970 on, such as 2026-11-01, not';
  const table: [query: string, error: string][] = [
    ['form=json', 'unknown parameter "form"; expected from, to, step, by, top, measure or match[label]'],
    ['match=a', 'unknown parameter "match"; expected from, to, step, by, top, measure or match[label]'],
    ['step=day&step=hour', 'step is repeated; only match[label] may be'],
    ['step=week', 'step must be one of hour, day, month, not "week"'],
    ['measure=usd', 'measure must be one of cost, tokens, requests, seconds, not "usd"'],
    ['by=model,,tier', `by must be one of ${labels}, not ""`],
    ['by=model,model', 'by repeats model; name each label once'],
    ['by=token_type', 'token_type needs measure=tokens, not cost'],
    ['match[currency]=USD&measure=seconds', 'currency needs measure=cost, not seconds'],
    ['match[models]=a', `the label of match must be one of ${labels}, not "models"`],
    [`match[model]=${'a'.repeat(257)}`, 'a pattern has at most 256 characters; use * for the rest'],
    ['match[model]=a&'.repeat(33), 'at most 32 patterns can be given'],
    ['top=0', 'top must be a whole number from 1 to 1000, not "0"'],
    ['top=1e3', 'top must be a whole number from 1 to 1000, not "1e3"'],
    ['top=1001', 'top must be a whole number from 1 to 1000, not "1001"'],
    ['from=yesterday', `from ${day} "yesterday"`],
    ['from=2026-02-30', `from ${day} "2026-02-30"`],
    ['from=2027-02-29', `from ${day} "2027-02-29"`],
    ['from=0001-01-01', `from ${day} "0001-01-01"`],
    ['to=2026-11-20T13:00:00Z', `to ${day} "2026-11-20T13:00:00Z"`],
    [
      'step=hour&to=2026-11-20T13:30:00Z',
      'to must be a UTC date or full hour from 1970 on, such as 2026-11-01 or 2026-11-01T13:00:00Z, not "2026-11-20T13:30:00Z"',
    ],
    [
      'step=month&from=2026-11-02',
      'from must be the first day of a month with step=month, such as 2026-11-01, not "2026-11-02"',
    ],
    ['from=2026-11-20&to=2026-11-20', 'from must lie before to: 2026-11-20 does not lie before 2026-11-20'],
    ['from=2027-01-01', 'from must lie before to: 2027-01-01 does not lie before 2026-11-23 (to by default)'],
    ['to=2026-10-01', 'from must lie before to: 2026-11-01 (from by default) does not lie before 2026-10-01'],
    ['from=1970-01-01', 'more than 2000 buckets; choose a shorter range, or a longer step'],
    ['step=hour&from=2026-06-01', 'more than 2000 buckets; choose a shorter range, or a longer step'],
  ];
  for (const [query, error] of table) assert.deepEqual(parsed(query), { error }, query);
});

test('series query: 2,000 buckets are not too many', () => {
  const hours = new Date(Math.floor(NOW / HOUR) * HOUR - 1999 * HOUR).toISOString().replace('.000', '');
  assert.ok('range' in parsed(`step=hour&from=${hours}`));
  const days = new Date(at('2026-11-22') - 1999 * DAY).toISOString().slice(0, 10);
  assert.ok('range' in parsed(`from=${days}`));
  const more = new Date(at('2026-11-22') - 2000 * DAY).toISOString().slice(0, 10);
  assert.ok('error' in parsed(`from=${more}`));
  assert.ok('range' in parsed('step=month&from=1970-01-01'));
});
