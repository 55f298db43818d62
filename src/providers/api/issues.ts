import type { z } from 'zod';

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
  if (!/^[\w$]+$/.test(key)) return `[${JSON.stringify(key.slice(0, MAX_KEY_CHARACTERS))}]`;
  return (index === 0 ? '' : '.') + key.slice(0, MAX_KEY_CHARACTERS);
}

export type Issue = z.core.$ZodIssue;

const MAX_KEY_CHARACTERS = 60;
