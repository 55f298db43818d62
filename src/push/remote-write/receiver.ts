import { MINUTE } from '../../core/values/time.ts';
import type { HttpTarget } from '../transport.ts';

/** A receiver of remote write, as configured. */
export interface WriteReceiver extends HttpTarget {
  /** How long one request may take, without its retries. */
  readonly timeoutMs: number;
  /** How long requests may fail one after another before the receiver is given up. */
  readonly giveUpAfterMs: number;
}

export const DEFAULT_GIVE_UP_AFTER_MS = 5 * MINUTE;
