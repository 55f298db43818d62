import type { RefusedRequest, RequestGuard } from '../http/guard.ts';
import type { WebRateLimit } from './config.ts';
import { type Credentials, PasswordChecker } from './passwords.ts';
import type { WebSource } from './source.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

export interface AuthOptions {
  readonly web: WebSource;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly passwords?: PasswordChecker;
}

/** Enforces the current web configuration: first the rate limit, then basic authentication, as the exporter-toolkit does. */
export function createAuth({ web, now, passwords = new PasswordChecker() }: AuthOptions): RequestGuard {
  const bucketOf = cacheBucket(now);
  return {
    headers: () => web.current().headers,
    async check({ headers, socket }) {
      const { rateLimit, users } = web.current();
      const waitMs = bucketOf(rateLimit)?.take() ?? 0;
      if (waitMs > 0) return tooMany('too many requests', waitMs);
      if (users.size === 0) return undefined;
      const credentials = parseBasic(headers.authorization);
      const isValid = credentials
        ? await passwords.check(credentials, users, socket.remoteAddress ?? '')
        : false;
      if (isValid === undefined) return tooMany('too many passwords are being checked', 1000);
      return isValid ? undefined : UNAUTHORIZED;
    },
  };
}

const UNAUTHORIZED: RefusedRequest = {
  status: 401,
  text: 'unauthorized',
  headers: { 'www-authenticate': 'Basic realm="ai-billing-exporter", charset="UTF-8"' },
};

function tooMany(text: string, waitMs: number): RefusedRequest {
  return { status: 429, text, headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) } };
}

/** The credentials of a basic `Authorization` header; undefined for any other. https://www.rfc-editor.org/rfc/rfc7617 */
export function parseBasic(authorization: string | undefined): Credentials | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization ?? '') ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  const colon = bytes.indexOf(':');
  if (colon < 0) return undefined;
  return { user: bytes.toString('utf8', 0, colon), password: bytes.subarray(colon + 1) };
}

/** Keeps the bucket until the limit changes. */
function cacheBucket(now: () => number): (limit: WebRateLimit | undefined) => TokenBucket | undefined {
  let current: WebRateLimit | undefined;
  let bucket: TokenBucket | undefined;
  return (limit) => {
    if (limit?.intervalMs !== current?.intervalMs || limit?.burst !== current?.burst)
      bucket = limit && createTokenBucket(limit, now);
    current = limit;
    return bucket;
  };
}
