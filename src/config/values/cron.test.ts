import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { validate } from 'node-cron';
import { assertProperty } from '../../../test/support/property.ts';
import { cronProblem } from './cron.ts';

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
  '@hourly': 'nicknames such as @hourly are not understood, write the fields',
  '*\t* * * *': 'the fields must be parted by spaces, not by tabs or line breaks',
  '60 * * * *': 'in the minute field, "60" is not a number from 0 to 59',
  '60 * * * * *': 'in the second field, "60" is not a number from 0 to 59',
  '* 24 * * *': 'in the hour field, "24" is not a number from 0 to 23',
  '* * 0 * *': 'in the day of month field, "0" is not a number from 1 to 31',
  '* * * foo *': 'in the month field, "foo" is not a number from 1 to 12 or a name such as feb',
  '* * * * 8': 'in the day of week field, "8" is not a number from 0 to 7 or a name such as mon',
  '*/90 * * * *': 'in the minute field, the step of "*/90" is not a number from 1 to 60',
  '*/0 * * * *': 'in the minute field, the step of "*/0" is not a number from 1 to 60',
  '1-5/9 * * * *': 'in the minute field, the step of "1-5/9" is not a number from 1 to 5',
  '5/10 * * * *': 'in the minute field, a step needs * or a range before the slash in "5/10"',
  '* * * * 0-0/3': 'in the day of week field, the step of "0-0/3" is not a number from 1 to 1',
  '22-2 * * * *': 'in the minute field, the range "22-2" runs backwards, write it as a list of two ranges',
  '1,,2 * * * *': 'in the minute field, "" is not understood',
  '1-2-3 * * * *': 'in the minute field, "1-2-3" is not a number from 0 to 59',
  '1/2/3 * * * *': 'in the minute field, "1/2/3" is not understood',
  '* * L * *': 'in the day of month field, "L" is not a number from 1 to 31',
  '* * * * 5#2': 'in the day of week field, "5#2" is not a number from 0 to 7 or a name such as mon',
  '? * * * *': 'in the minute field, "?" is not a number from 0 to 59',
  '0 0 31 2 *': 'no month of "2" has a day 31, so it would never run',
  '0 0 30-31 feb *': 'no month of "feb" has a day 30, so it would never run',
  '0 0 31 4,6,9,11 *': 'no month of "4,6,9,11" has a day 31, so it would never run',
};

test('what means what it says is taken', () => {
  for (const line of GOOD) assert.equal(cronProblem(line), undefined, line);
  for (const line of GOOD) assert.ok(validate(line), line);
});

for (const [line, problem] of Object.entries(BAD)) {
  test(`"${line}" is refused`, () => assert.equal(cronProblem(line), problem));
}

test('whatever passes here passes in node-cron', () => {
  const token = fc.constantFrom(...'0 1 5 7 12 23 29 30 31 59 60 * , - / jan feb sun mon sat ? L'.split(' '));
  const field = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('*', '0', '5', '*/5', '1-5', '1,6', '30-31', 'sun', 'feb') },
    fc.array(token, { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join('')),
  );
  const line = fc.array(field, { minLength: 5, maxLength: 6 }).map((fields) => fields.join(' '));
  assertProperty(
    fc.property(line, (text) => cronProblem(text) !== undefined || validate(text)),
    { numRuns: 5000 },
  );
});
