import { createHmac } from 'node:crypto';
import type { Instant } from '../../../src/core/values/time.ts';
import type { Instants } from '../kit/books.ts';

/** The parameters of a pagination. */
export interface Filters {
  readonly start?: Instant;
  /** Exclusive. */
  readonly end?: Instant;
  readonly currency?: string;
  readonly pageSize: number;
}

/** The position of a pagination, which sees the ledger as of its start. */
export interface CursorState {
  readonly filters: Filters;
  readonly moment: Instants;
  /** Rows before this instant were given. */
  readonly at: Instant;
  /** Rows of that instant that were given as well. */
  readonly skip: number;
  /** An empty page stood here already. */
  readonly paused: boolean;
}

/** Seals a walk for the caller who began it; the result fits `^[A-Za-z0-9_-]{1,512}$`. */
export function sealed(walk: CursorState, secret: string): string {
  const text = Buffer.from(JSON.stringify(walk)).toString('base64url');
  return `${seal(text, secret)}${text}`;
}

/** The state in a cursor, or undefined if it was tampered with, belongs to another key or is older than `ttlMs`. */
export function unsealed(
  cursor: string,
  secret: string,
  now: Instant,
  ttlMs: number,
): CursorState | undefined {
  const text = cursor.slice(SEAL_LENGTH);
  if (seal(text, secret) !== cursor.slice(0, SEAL_LENGTH)) return undefined;
  // Trusted, because the seal is valid.
  const walk: CursorState = JSON.parse(Buffer.from(text, 'base64url').toString());
  return now - walk.moment.now <= ttlMs ? walk : undefined;
}

const SEAL_LENGTH = 22;

function seal(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url').slice(0, SEAL_LENGTH);
}
