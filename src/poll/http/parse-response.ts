import type { z } from 'zod';
import type { Drift } from '../../core/statement/statement.ts';
import { PollError } from '../../providers/api/errors.ts';
import { describeIssue } from '../../providers/api/issues.ts';
import { readAhead } from '../../providers/api/members.ts';
import type { Steps } from '../../providers/api/steps.ts';
import { findUndocumented } from '../../providers/api/undocumented.ts';
import { parseExactJson } from './exact-json.ts';

const MAX_ISSUES = 3;

/**
 * Parses the bytes of an answer in short steps, or reports how they differ from the documentation. Messages name places and what was
 * expected there, never what was received.
 *
 * @param drift receives deviations that the schema tolerates.
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
  const more = issues.length > MAX_ISSUES ? ` (and ${issues.length - MAX_ISSUES} more)` : '';
  const what = issues.slice(0, MAX_ISSUES).map(describeIssue).join('; ');
  throw unreadable(`${label} is not as documented: ${what}${more}`);
}

/**
 * A transform that throws rejects the value, too; its message may quote the value, so only its kind is reported. A {@link PollError}
 * passes unchanged.
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
