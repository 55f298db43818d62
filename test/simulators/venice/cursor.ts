import { createHmac } from 'node:crypto';
import type { Instant } from '../../../src/core/values/time.ts';
import type { Instants } from '../kit/books.ts';

/** What a walk was asked for. */
export interface Filters {
  readonly start?: Instant;
  /** Exclusive. */
  readonly end?: Instant;
  readonly currency?: string;
  readonly pageSize: number;
}

/** How far a walk has come. It sees the ledger as it stood when the walk began. */
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

/** The walk in a cursor, or undefined where it was tampered with, is another's or was begun longer than `ttlMs` ago. */
export function unsealed(
  cursor: string,
  secret: string,
  now: Instant,
  ttlMs: number,
): CursorState | undefined {
  const text = cursor.slice(SEAL_LENGTH);
  if (seal(text, secret) !== cursor.slice(0, SEAL_LENGTH)) return undefined;
  // Ours, for the seal holds.
  const walk: CursorState = JSON.parse(Buffer.from(text, 'base64url').toString());
  return now - walk.moment.now <= ttlMs ? walk : undefined;
}

const SEAL_LENGTH = 22;

function seal(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url').slice(0, SEAL_LENGTH);
}
