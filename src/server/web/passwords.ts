import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ConnectionLimit } from '../http/connection-limit.ts';

/** The user and password of a request. */
export interface Credentials {
  readonly user: string;
  readonly password: Buffer;
}

/** Bcrypt hashes by user. */
type Users = ReadonlyMap<string, string>;

/** Compares a password with a hash, off the event loop. */
export type Compare = (password: Buffer, hash: string) => Promise<boolean>;

/** Checks that may queue: each takes a tenth of a second, and a scraper waits at most ten seconds. */
const MAX_QUEUED = { total: 32, perKey: 4 } as const;
/** Wrong passwords that are remembered: a misconfigured scraper sends the same one every few seconds. */
const MAX_REJECTED = 1000;

/**
 * Checks passwords one at a time and remembers the results, not the passwords: only HMACs under a key of this process. A user whose
 * password has been accepted once never waits in the queue again.
 *
 * An unknown user takes as long as a known one: the password is compared with the hash of another user, and rejected in any case.
 */
export class PasswordChecker {
  readonly #compare: Compare;
  readonly #secret = randomBytes(32);
  readonly #accepted = new Map<string, Buffer>();
  readonly #rejected = new Set<string>();
  readonly #queue = new ConnectionLimit(MAX_QUEUED);
  readonly #pending = new Map<string, Promise<boolean>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(compare: Compare = bcryptCompare) {
    this.#compare = compare;
  }

  /** Whether the password belongs to the user; undefined if too many checks are queued. `address` is that of the client. */
  async check(credentials: Credentials, users: Users, address: string): Promise<boolean | undefined> {
    const { user, password } = credentials;
    for (const name of this.#accepted.keys()) if (!users.has(name)) this.#accepted.delete(name);
    const mac = this.#mac([user, users.get(user) ?? ''], password);
    const accepted = this.#accepted.get(user);
    if (accepted && timingSafeEqual(accepted, mac)) return true;
    const key = mac.toString('base64');
    return this.#rejected.has(key)
      ? false
      : (this.#pending.get(key) ?? this.#enqueue(credentials, users, address, mac));
  }

  #enqueue(
    credentials: Credentials,
    users: Users,
    address: string,
    mac: Buffer,
  ): Promise<boolean> | undefined {
    const release = this.#queue.acquire(address);
    if (!release) return undefined;
    const key = mac.toString('base64');
    const result = this.#verify(credentials, users, mac).finally(() => {
      this.#pending.delete(key);
      release();
    });
    this.#pending.set(key, result);
    return result;
  }

  async #verify({ user, password }: Credentials, users: Users, mac: Buffer): Promise<boolean> {
    const hash = users.get(user);
    const matches = await this.#compareInTurn(password, hash ?? this.#decoyHash(user, users));
    const isValid = matches && hash !== undefined;
    if (isValid) this.#accepted.set(user, mac);
    else this.#reject(mac.toString('base64'));
    return isValid;
  }

  #compareInTurn(password: Buffer, hash: string): Promise<boolean> {
    const next = this.#last.then(() => this.#compare(password, hash));
    this.#last = next.catch(() => {});
    return next;
  }

  #reject(key: string): void {
    const [oldest] = this.#rejected;
    if (this.#rejected.size >= MAX_REJECTED && oldest !== undefined) this.#rejected.delete(oldest);
    this.#rejected.add(key);
  }

  #mac(names: readonly string[], password: Buffer): Buffer {
    return createHmac('sha256', this.#secret).update(JSON.stringify(names)).update(password).digest();
  }

  /** The same hash for the same name every time, so that hashes of different costs do not reveal which names exist. */
  #decoyHash(user: string, users: Users): string {
    const hashes = [...users.values()];
    return hashes[this.#mac([user], Buffer.of()).readUInt32BE() % hashes.length] ?? '';
  }
}

/** Runs in a thread, about 70 ms at a cost of 10. Loads bcrypt with the first password: without users no binary is needed. */
async function bcryptCompare(password: Buffer, hash: string): Promise<boolean> {
  const { compare } = await import('bcrypt');
  // All versions are equivalent today; those before 2b only mark which bugs an implementation did not have.
  return compare(password, hash.replace(/^\$2[axy]?\$/, '$2b$$'));
}
