import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cron } from 'croner';
import fc from 'fast-check';
import { createTask, validate } from 'node-cron';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { cronProblem, shortenNames } from './cron.ts';

const GOOD = [
  '* * * * *',
  '*/15 * * * *',
  '30 5,35 * * * *',
  '0 0 1 jan sun',
  '0 0 1 January Monday',
  '0 0 * * 7',
  '0 0 * * fri-sun',
  '0 0 * * MON-FRI',
  '0-30/10 * * * *',
  '0 0 29 2 *',
  '0 0 31,5 2 *',
  '0 0 31 */2 *',
  '  0  0 * * *',
  '*/60 * * * *',
];

const BAD: Record<string, string> = {
  '': 'it has 0 fields instead of five or six',
  '* * * *': 'it has 4 fields instead of five or six',
  '* * * * * * *': 'it has 7 fields instead of five or six',
  '@hourly': '"@hourly" is not a number or a name such as feb or mon',
  '*\t* * * *': '"\\t" is not a number or a name such as feb or mon',
  '60 * * * *': 'the minute field takes 0 to 59, ranges, lists and steps such as */5, not "60"',
  '60 * * * * *': 'the second field takes 0 to 59, ranges, lists and steps such as */5, not "60"',
  '* 24 * * *': 'the hour field takes 0 to 23, ranges, lists and steps such as */5, not "24"',
  '* * 0 * *': 'the day of month field takes 1 to 31, ranges, lists and steps such as */5, not "0"',
  '* * * foo *': '"foo" is not a number or a name such as feb or mon',
  '* * * mon *':
    'the month field takes 1 to 12 or names such as feb, ranges, lists and steps such as */5, not "mon"',
  '* * * * 8':
    'the day of week field takes 0 to 7 or names such as mon, ranges, lists and steps such as */5, not "8"',
  '*/90 * * * *': 'the step of "*/90" must be at most 60',
  '*/0 * * * *': 'the minute field takes 0 to 59, ranges, lists and steps such as */5, not "*/0"',
  '1-5/9 * * * *': 'the step of "1-5/9" must be at most 5',
  '5/10 * * * *': 'the minute field takes 0 to 59, ranges, lists and steps such as */5, not "5/10"',
  '* * * * 0-0/3': 'the step of "0-0/3" must be at most 1',
  '22-2 * * * *': 'the range "22-2" runs backwards; write it as two ranges',
  '* * * * fri-mon': 'the range "fri-mon" runs backwards; write it as two ranges',
  '* * * * 5-0': "From value is larger than to value: '5-0'",
  '1,,2 * * * *': 'the minute field takes 0 to 59, ranges, lists and steps such as */5, not "1,,2"',
  '1-2-3 * * * *': 'the minute field takes 0 to 59, ranges, lists and steps such as */5, not "1-2-3"',
  '1/2/3 * * * *': 'the minute field takes 0 to 59, ranges, lists and steps such as */5, not "1/2/3"',
  '* * L * *': '"L" is not a number or a name such as feb or mon',
  '* * * * 5#2': '"5#2" is not a number or a name such as feb or mon',
  '* * * * monL': '"monL" is not a number or a name such as feb or mon',
  '* * * * sunsat': '"sunsat" is not a number or a name such as feb or mon',
  '* * * 1jan *': '"1jan" is not a number or a name such as feb or mon',
  '? * * * *': '"?" is not a number or a name such as feb or mon',
  '0-99999999 * * * *': '"99999999" is not a number or a name such as feb or mon',
  '0 0 31 2 *': 'no such month has a day 31: it would never run',
  '0 0 30-31 feb *': 'no such month has a day 30-31: it would never run',
  '0 0 31 4,6,9,11 *': 'no such month has a day 31: it would never run',
};

const UTC = { utcOffset: 0, domAndDow: true, paused: true };

test('cron expressions of values, ranges, lists and steps are valid, for node-cron and croner alike', () => {
  for (const line of GOOD) assert.equal(cronProblem(line), undefined, line);
  for (const line of GOOD) assert.ok(validate(line), line);
  for (const line of GOOD) assert.ok(new Cron(shortenNames(line), UTC).nextRun(), line);
});

for (const [line, problem] of Object.entries(BAD)) {
  test(`"${line}" is refused by cron validation`, () => assert.equal(cronProblem(line), problem));
}

test('cron validation accepts only what node-cron and croner run at the same times', () => {
  const token = fc.constantFrom(...'0 1 5 7 12 23 29 30 31 59 60 * , - / jan feb sun mon sat ? L'.split(' '));
  const field = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('*', '0', '5', '*/5', '1-5', '1,6', '30-31', 'sun', 'feb') },
    fc.array(token, { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join('')),
  );
  const line = fc.array(field, { minLength: 5, maxLength: 6 }).map((fields) => fields.join(' '));
  assertProperty(
    fc.property(line, (text) => {
      if (cronProblem(text) !== undefined) return;
      assert.ok(validate(text));
      const [run] = createTask(text, () => {}, { timezone: 'UTC' }).getNextRuns(1);
      assert.deepEqual(new Cron(shortenNames(text), UTC).nextRun(), run ?? null);
    }),
    { numRuns: 5000 },
  );
});
