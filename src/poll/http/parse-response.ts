import type { z } from 'zod';
import type { Drift } from '../../core/statement/statement.ts';
import { PollError } from '../../providers/api/errors.ts';
import { describeIssue } from '../../providers/api/issues.ts';
import { readAhead } from '../../providers/api/members.ts';
import type { Steps } from '../../providers/api/steps.ts';
import { findUndocumented } from '../../providers/api/undocumented.ts';
import { parseExactJson } from './exact-json.ts';

const MOST_ISSUES = 3;

/**
 * Turns the bytes of an answer into a value, in steps of a moment each, or says in which way they are not as documented. Messages name places and
 * what was expected there, never what was received.
 *
 * @param drift gets what the schema read on without.
 * @throws {PollError} with the reason `contract`.
 */
export function* readAnswer<Body>(
  bytes: Buffer,
  schema: z.ZodType<Body>,
  label: string,
  drift: Drift[] = [],
): Steps<Body> {
  const json = yield* jsonOf(bytes, label);
  yield;
  const parsed = yield* parsedBy(schema, json, label);
  yield;
  if (parsed.success) {
    drift.push(...(yield* findUndocumented(schema, json)));
    return parsed.data;
  }
  const { issues } = parsed.error;
  const more = issues.length > MOST_ISSUES ? ` (and ${issues.length - MOST_ISSUES} more)` : '';
  const what = issues.slice(0, MOST_ISSUES).map(describeIssue).join('; ');
  throw unreadable(`${label} is not as documented: ${what}${more}`);
}

/**
 * A transform that throws is a schema's way of refusing, too; its message may quote the value, so only its kind is told. What it says as a
 * {@link PollError} stays as it is.
 */
function* parsedBy<Body>(
  schema: z.ZodType<Body>,
  json: unknown,
  label: string,
): Steps<z.ZodSafeParseResult<Body>> {
  try {
    yield* readAhead(schema, json);
    return schema.safeParse(json);
  } catch (error) {
    if (error instanceof PollError) throw error;
    const kind = error instanceof Error ? error.name : 'an error';
    throw unreadable(`${label} is not as documented: its schema threw ${kind}`, error);
  }
}

function* jsonOf(bytes: Buffer, label: string): Steps<unknown> {
  const start = bytes.subarray(0, 256).toString('latin1').trimStart();
  if (start === '' && bytes.toString('latin1').trim() === '') throw unreadable(`${label} is empty`);
  if (/^(\u{ef}\u{bb}\u{bf})?\s*</u.test(start)) throw unreadable(`${label} is HTML or XML`);
  try {
    return yield* parseExactJson(bytes);
  } catch (error) {
    throw unreadable(`${label} is ${error instanceof SyntaxError ? error.message : 'unreadable'}`);
  }
}

function unreadable(message: string, cause?: unknown): PollError {
  return new PollError('contract', message, { status: 200, cause });
}
