import { isMapping } from '../../config/yaml/document.ts';
import type { Problems } from '../../config/yaml/problems.ts';

/** https://pkg.go.dev/golang.org/x/crypto/bcrypt treats all of these versions alike. */
const HASH = /^\$2[abxy]?\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** At a higher cost one check takes half a minute or more, and all others wait. */
const MIN_COST = 4;
const MAX_COST = 18;

const REMEDY = 'make one with: htpasswd -nBC 10 ""';

/** Hashes by user. Reports every problem without quoting a hash, which may be a password. */
export function usersOf(value: unknown, problems: Problems): ReadonlyMap<string, string> {
  const path = ['basic_auth_users'];
  if (value === undefined || value === null) return new Map();
  if (!isMapping(value)) {
    problems.add(path, 'must be a mapping of users to bcrypt hashes');
    return new Map();
  }
  const users = Object.entries(value);
  for (const [user, hash] of users) {
    const problem = userProblem(user) ?? hashProblem(hash);
    if (problem !== undefined) problems.add([...path, user], problem);
  }
  return new Map(users.map(([user, hash]) => [user, String(hash)]));
}

/** https://www.rfc-editor.org/rfc/rfc7617#section-2: the password starts after the first colon. */
function userProblem(user: string): string | undefined {
  return user.includes(':')
    ? 'a user name cannot contain a colon; is a space missing between the colon and the hash?'
    : undefined;
}

function hashProblem(hash: unknown): string | undefined {
  if (hash === null || hash === '') return `has no hash; ${REMEDY}`;
  const [, cost] = HASH.exec(typeof hash === 'string' ? hash : '') ?? [];
  if (cost === undefined) return `must be a bcrypt hash, such as $2y$10$ and 53 more characters; ${REMEDY}`;
  if (Number(cost) < MIN_COST)
    return `has a cost below ${MIN_COST}, which bcrypt does not support; ${REMEDY}`;
  return Number(cost) > MAX_COST
    ? `has a cost above ${MAX_COST}, which takes too long to check; ${REMEDY}`
    : undefined;
}
