import { isMapping } from '../../config/yaml/document.ts';
import type { Problems } from '../../config/yaml/problems.ts';

/** https://pkg.go.dev/golang.org/x/crypto/bcrypt takes all of these versions for the same. */
const HASH = /^\$2[abxy]?\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** A check of the next cost takes half a minute and more, and none other can be done meanwhile. */
const COSTS = { least: 4, most: 18 } as const;

const HOW = 'make one with: htpasswd -nBC 10 ""';

/** Users and their hashes, or every problem noted; no message holds any of a hash, which may be a password. */
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

/** https://www.rfc-editor.org/rfc/rfc7617#section-2: what follows the first colon is the password. */
function userProblem(user: string): string | undefined {
  return user.includes(':')
    ? 'a user name cannot contain a colon; is a space missing between the colon and the hash?'
    : undefined;
}

function hashProblem(hash: unknown): string | undefined {
  if (hash === null || hash === '') return `has no hash; ${HOW}`;
  const [, cost] = HASH.exec(typeof hash === 'string' ? hash : '') ?? [];
  if (cost === undefined) return `must be a bcrypt hash, such as $2y$10$ and 53 more characters; ${HOW}`;
  if (Number(cost) < COSTS.least)
    return `has a cost below ${COSTS.least}, which bcrypt does not support; ${HOW}`;
  return Number(cost) > COSTS.most
    ? `has a cost above ${COSTS.most}, which takes too long to check; ${HOW}`
    : undefined;
}
