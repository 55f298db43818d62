import { z } from 'zod';
import { type Instant, SECOND } from '../core/values/time.ts';
import { partialSuccessIn } from './partial.ts';
import type { OtlpProtocol } from './receiver.ts';
import { readRpcStatus } from './rpc-status.ts';
import type { Wording } from './sanitize.ts';
import type { SendResult } from './transport.ts';

// Not imported: see server/http/connections.ts.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** An answer as it came. */
export interface HttpAnswer {
  readonly status: number;
  /** Value of `retry-after`. */
  readonly retryAfter: string | undefined;
  /** Value of `content-type`. */
  readonly contentType: string | undefined;
  /** Its beginning, or nothing where it could not be read: the status alone says what became of the request. */
  readonly body: Uint8Array;
}

/** What reading an answer takes besides. */
export interface HttpReading {
  readonly protocol: OtlpProtocol;
  readonly words: Wording;
  readonly now: Instant;
}

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE = new Set([429, 502, 503, 504]);
const AUTH = new Set([401, 403]);
const BODY_AT_FAULT = new Set([400, 413]);

/** What a receiver's answer means: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response */
export function resultOfHttp(answer: HttpAnswer, { protocol, words, now }: HttpReading): SendResult {
  const { status, body } = answer;
  if (status >= 200 && status < 300) {
    const encoding = encodingOf(answer.contentType, protocol);
    const partial = encoding && partialSuccessIn(body, encoding);
    if (!partial)
      return { kind: 'refused', reason: 'refused', message: NOT_OTLP(status), bodyAtFault: false };
    return { kind: 'taken', rejected: partial.rejected, message: words(partial.message) };
  }
  const told = statusMessageIn(body, protocol);
  const message = words([`${status} ${STATUS_CODES[status] ?? ''}`.trim(), told].filter(Boolean).join(': '));
  const server = status >= 500 ? 'server' : 'refused';
  if (RETRYABLE.has(status)) {
    const reason = status === 429 ? 'rate_limited' : 'server';
    return { kind: 'again', reason, message, retryAfterMs: retryAfterMs(answer.retryAfter, now) };
  }
  const reason = AUTH.has(status) ? 'auth' : server;
  return { kind: 'refused', reason, message, bodyAtFault: BODY_AT_FAULT.has(status) };
}

/** A proxy's login page, or a server that is no receiver: what was sent is lost unless it is sent again. */
const NOT_OTLP = (status: number) =>
  `${status} with a body that is not OTLP: is this the URL of an OTLP receiver?`;

/** How an answer is encoded; undefined for what OTLP has no encoding for. Some receivers answer in the encoding they prefer. */
function encodingOf(contentType: string | undefined, protocol: OtlpProtocol): OtlpProtocol | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (!type) return protocol;
  return ENCODINGS.get(type);
}

const ENCODINGS: ReadonlyMap<string, OtlpProtocol> = new Map([
  ['application/json', 'http/json'],
  ['application/x-protobuf', 'http/protobuf'],
]);

/** Seconds or an HTTP date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
function retryAfterMs(value: string | undefined, now: Instant): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * SECOND;
  const at = / \d\d:\d\d:\d\d /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Its `google.rpc.Status`: https://opentelemetry.io/docs/specs/otlp/#failures-1 */
function statusMessageIn(body: Uint8Array, protocol: OtlpProtocol): string {
  if (protocol !== 'http/json') return readRpcStatus(body).message;
  try {
    return JsonStatus.parse(JSON.parse(Buffer.from(body).toString())).message;
  } catch {
    return '';
  }
}

const JsonStatus = z.object({ message: z.string() });
