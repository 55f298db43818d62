import type { RefusedRequest, RequestGuard } from '../http/guard.ts';
import { credentialsOf } from './basic.ts';
import type { WebConfig, WebRateLimit } from './config.ts';
import { createPasswords, type Passwords } from './passwords.ts';
import type { WebSource } from './source.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

export interface AuthOptions {
  readonly web: WebSource;
  /** Milliseconds from any start, which never go back. */
  readonly now: () => number;
  readonly passwords?: Passwords;
}

/** Lets requests pass as the web configuration has it now: first the rate, then the user, as in the toolkit. */
export function createAuth({ web, now, passwords = createPasswords() }: AuthOptions): RequestGuard {
  const bucketOf = createBuckets(now);
  return {
    headers: () => web.current().headers,
    async judge({ headers, socket }) {
      const { rateLimit, users } = web.current();
      const waitMs = bucketOf(rateLimit)?.take() ?? 0;
      if (waitMs > 0) return tooMany('too many requests', waitMs);
      return users.size === 0
        ? undefined
        : refusalOf(passwords, headers.authorization, users, socket.remoteAddress ?? '');
    },
  };
}

async function refusalOf(
  passwords: Passwords,
  authorization: string | undefined,
  users: WebConfig['users'],
  from: string,
): Promise<RefusedRequest | undefined> {
  const credentials = credentialsOf(authorization);
  const isRight = credentials ? await passwords.check(credentials, users, from) : false;
  if (isRight === undefined) return tooMany('too many passwords are being checked', 1000);
  return isRight ? undefined : UNAUTHORIZED;
}

const UNAUTHORIZED: RefusedRequest = {
  status: 401,
  text: 'unauthorized',
  headers: { 'www-authenticate': 'Basic realm="ai-billing-exporter", charset="UTF-8"' },
};

function tooMany(text: string, waitMs: number): RefusedRequest {
  return { status: 429, text, headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) } };
}

/** The bucket of a limit: a new one whenever the limit is another. */
function createBuckets(now: () => number): (limit: WebRateLimit | undefined) => TokenBucket | undefined {
  let of: WebRateLimit | undefined;
  let bucket: TokenBucket | undefined;
  return (limit) => {
    if (limit?.intervalMs !== of?.intervalMs || limit?.burst !== of?.burst) {
      bucket = limit && createTokenBucket(limit, now);
    }
    of = limit;
    return bucket;
  };
}
