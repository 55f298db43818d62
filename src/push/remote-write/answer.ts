import type { Instant } from '../../core/values/time.ts';
import { describeFailure, isAuthFailure, retryableAnswer } from '../http-answer.ts';
import type { Sanitizer } from '../sanitize.ts';
import type { HttpAnswer, Refused, Retryable } from '../transport.ts';
import type { WriteVersion } from './encode.ts';

/** How a request ended. Messages hold no header, body or key. */
export type WriteResult =
  | Accepted
  | Rejected
  /** The receiver does not know this version of the protocol. */
  | { readonly kind: 'unsupported'; readonly message: string }
  | Retryable
  | Refused;

export interface Accepted {
  readonly kind: 'accepted';
}

/** Some samples of a request were refused, or all. */
export interface Rejected {
  readonly kind: 'rejected';
  readonly message: string;
  /** How many samples were written nevertheless; undefined if the receiver does not say. */
  readonly written: number | undefined;
}

/** Number of samples that the receiver wrote; receivers of 1.0 do not send it. */
const SAMPLES_WRITTEN = 'x-prometheus-remote-write-samples-written';

/** Statuses about the content of a request. Thanos answers 409 to samples that are out of order. */
const CONTENT = new Set([400, 409, 413, 422]);

/** Reads the answer to `sent` samples: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#response */
export function resultOfWrite(
  answer: HttpAnswer,
  { version, sent }: { readonly version: WriteVersion; readonly sent: number },
  sanitize: Sanitizer,
  now: Instant,
): WriteResult {
  const { status } = answer;
  const isSuccess = status >= 200 && status < 300;
  const message = describeFailure(status, detailOf(answer), sanitize);
  if (status === 429 || status >= 500) return retryableAnswer(answer, message, now);
  if (isAuthFailure(status)) return { kind: 'refused', reason: 'auth', message };
  const header = version === '2.0' ? answer.header(SAMPLES_WRITTEN) : undefined;
  // A receiver of 1.0 may read a message of 2.0 as an empty one of its own.
  if (version === '2.0' && (status === 415 || header === undefined)) return { kind: 'unsupported', message };
  const written = header === undefined ? undefined : Number(header);
  if (isSuccess && (written ?? sent) < sent)
    return { kind: 'rejected', message: 'the receiver did not write it', written };
  if (isSuccess) return { kind: 'accepted' };
  return CONTENT.has(status)
    ? { kind: 'rejected', message, written }
    : { kind: 'refused', reason: 'refused', message };
}

/** What the receiver says of the first sample it refuses, but not the page of a proxy. */
function detailOf({ header, body }: HttpAnswer): string {
  const [first = ''] = Buffer.from(body).toString().trim().split('\n');
  return header('content-type')?.includes('html') ? '' : first;
}
