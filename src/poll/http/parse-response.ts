import type { z } from 'zod';
import type { Drift } from '../../core/statement/statement.ts';
import { undocumentedIn } from '../../providers/api/undocumented.ts';
import { PollError } from '../../providers/api/errors.ts';
import { parseExactJson } from './exact-json.ts';

const MOST_ISSUES = 3;
const LONGEST_KEY = 60;

/**
 * Turns the bytes of an answer into a value, or says in which way they are not as documented. Messages name places and
 * what was expected there, never what was received.
 *
 * @param drift gets what the schema read on without.
 * @throws {PollError} with the reason `contract`.
 */
export function readAnswer<Body>(
  bytes: Buffer,
  schema: z.ZodType<Body>,
  label: string,
  drift: Drift[] = [],
): Body {
  const json = jsonOf(bytes, label);
  const parsed = parsedBy(schema, json, label);
  if (parsed.success) {
    drift.push(...undocumentedIn(schema, json));
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
function parsedBy<Body>(schema: z.ZodType<Body>, json: unknown, label: string): z.ZodSafeParseResult<Body> {
  try {
    return schema.safeParse(json);
  } catch (error) {
    if (error instanceof PollError) throw error;
    const kind = error instanceof Error ? error.name : 'an error';
    throw unreadable(`${label} is not as documented: its schema threw ${kind}`, error);
  }
}

function jsonOf(bytes: Buffer, label: string): unknown {
  const start = bytes.subarray(0, 256).toString('latin1').trimStart();
  if (start === '' && bytes.toString('latin1').trim() === '') throw unreadable(`${label} is empty`);
  if (/^(\u{ef}\u{bb}\u{bf})?\s*</u.test(start)) throw unreadable(`${label} is HTML or XML`);
  try {
    return parseExactJson(bytes);
  } catch (error) {
    throw unreadable(`${label} is ${error instanceof SyntaxError ? error.message : 'unreadable'}`);
  }
}

function unreadable(message: string, cause?: unknown): PollError {
  return new PollError('contract', message, { status: 200, cause });
}

type Issue = z.core.$ZodIssue;

/** `at data[3].amount: expected number`. */
export function describeIssue(issue: Issue): string {
  const place = issue.path.length === 0 ? '' : `at ${pathOf(issue.path)}: `;
  return place + complaintOf(issue);
}

function complaintOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value))).join(' or ')}`;
    case 'invalid_format':
      return `expected text of the format ${issue.format}`;
    case 'too_small':
      return `expected at least ${issue.minimum} (${issue.origin})`;
    case 'too_big':
      return `expected at most ${issue.maximum} (${issue.origin})`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return 'expected no further key';
    case 'invalid_union':
      return unionComplaint(issue.errors);
    case 'custom':
      return issue.message;
    default:
      return 'expected another key or element';
  }
}

/** What each branch of a union misses first. */
function unionComplaint(branches: readonly Issue[][]): string {
  const complaints = branches
    .map(([first]) => first && describeIssue(first))
    .filter((text) => text !== undefined);
  return [...new Set(complaints)].join(', or ') || 'expected another shape';
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : keyOf(String(key), index)))
    .join('');
}

function keyOf(key: string, index: number): string {
  if (!/^[\w$]+$/.test(key)) return `[${JSON.stringify(key.slice(0, LONGEST_KEY))}]`;
  return (index === 0 ? '' : '..') + key.slice(0, LONGEST_KEY);
}
