import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createConnectionLimit } from '../http/connection-limit.ts';

/** What a request says of who sends it. */
export interface Credentials {
  readonly user: string;
  readonly password: Buffer;
}

/** Tells whether a password is its user's. */
export interface Passwords {
  /** Undefined: too many others are to be checked first. `from` is where the request comes from. */
  check(
    credentials: Credentials,
    users: ReadonlyMap<string, string>,
    from: string,
  ): Promise<boolean | undefined>;
}

/** Compares a password with a hash, off the event loop. */
export type Compare = (password: Buffer, hash: string) => Promise<boolean>;

/** Checks that may wait for their turn: each takes a tenth of a second, and a scraper waits ten seconds at most. */
const WAITING = { all: 32, each: 4 } as const;
/** Wrong passwords that are remembered: somebody's scraper may send one every few seconds. */
const MOST_REFUSED = 1000;

/**
 * Checks passwords one at a time, and remembers what came of it, never a password: only what a key that is of this process and no
 * other makes of it. Whoever is right once is let in from then on without a wait, whatever others send.
 *
 * A user that does not exist takes as long as one that does: its password is compared with another's hash, and is wrong whatever
 * comes of that.
 */
export function createPasswords(compare: Compare = bcryptCompare): Passwords {
  const secret = randomBytes(32);
  const right = new Map<string, Buffer>();
  const refused = new Set<string>();
  const waiting = createConnectionLimit(WAITING);
  const judged = new Map<string, Promise<boolean>>();
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = (password: Buffer, hash: string): Promise<boolean> => {
    const next = last.then(() => compare(password, hash));
    last = next.catch(() => {});
    return next;
  };
  const refuse = (key: string) => {
    if (refused.size >= MOST_REFUSED) for (const oldest of refused.values().take(1)) refused.delete(oldest);
    refused.add(key);
  };
  const judge = async ({ user, password }: Credentials, users: ReadonlyMap<string, string>, mark: Buffer) => {
    const hash = users.get(user);
    const matches = await inTurn(password, hash ?? decoyOf(secret, user, users));
    if (matches && hash !== undefined) right.set(user, mark);
    else refuse(mark.toString('base64'));
    return matches && hash !== undefined;
  };

  return {
    async check(credentials, users, from) {
      const { user, password } = credentials;
      for (const name of right.keys()) if (!users.has(name)) right.delete(name);
      const mark = markOf(secret, [user, users.get(user) ?? ''], password);
      const known = right.get(user);
      if (known && timingSafeEqual(known, mark)) return true;
      const key = mark.toString('base64');
      if (refused.has(key)) return false;
      const same = judged.get(key);
      const release = same ? undefined : waiting.take(from);
      if (!same && !release) return undefined;
      const verdict =
        same ??
        judge(credentials, users, mark).finally(() => {
          judged.delete(key);
          release?.();
        });
      judged.set(key, verdict);
      return verdict;
    },
  };
}

function markOf(secret: Buffer, names: readonly string[], password: Buffer): Buffer {
  return createHmac('sha256', secret).update(JSON.stringify(names)).update(password).digest();
}

/** Always the same for the same name, so that costs that differ do not tell which names exist. */
function decoyOf(secret: Buffer, user: string, users: ReadonlyMap<string, string>): string {
  const hashes = [...users.values()];
  return hashes[markOf(secret, [user], Buffer.of()).readUInt32BE() % hashes.length] ?? '';
}

/** In a thread of its own, at about 70 ms for a cost of 10. Loaded by the first password: who has no users needs no binary. */
async function bcryptCompare(password: Buffer, hash: string): Promise<boolean> {
  const { compare } = await import('bcrypt');
  // All versions are the same today; those before 2b only say which mistakes their makers did not make.
  return compare(password, hash.replace(/^\$2[axy]?\$/, '$2b$$'));
}
