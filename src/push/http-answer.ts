import { z } from 'zod';
import { type Instant, parseRetryAfter } from '../core/values/time.ts';
import { partialSuccessIn } from './partial.ts';
import type { OtlpProtocol } from './receiver.ts';
import { readRpcStatus } from './rpc-status.ts';
import type { Sanitizer } from './sanitize.ts';
import type { SendResult } from './transport.ts';

// Not imported: see server/http/connections.ts.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** An answer as received. */
export interface HttpAnswer {
  readonly status: number;
  /** Value of `retry-after`. */
  readonly retryAfter: string | undefined;
  /** Value of `content-type`. */
  readonly contentType: string | undefined;
  /** The beginning of the body; empty if it could not be read. */
  readonly body: Uint8Array;
}

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE = new Set([429, 502, 503, 504]);
const AUTH = new Set([401, 403]);
const BODY_AT_FAULT = new Set([400, 413]);

/** The result of a request, by its answer: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response */
export function resultOfHttp(
  answer: HttpAnswer,
  protocol: OtlpProtocol,
  sanitize: Sanitizer,
  now: Instant,
): SendResult {
  const { status, body } = answer;
  if (status >= 200 && status < 300) {
    const encoding = encodingOf(answer.contentType, protocol);
    const partial = encoding && partialSuccessIn(body, encoding);
    if (!partial) {
      // A proxy's login page, or a server that is not a receiver.
      const message = `${status} with a body that is not OTLP: is this the URL of an OTLP receiver?`;
      return { kind: 'refused', reason: 'refused', message, bodyAtFault: false };
    }
    return { kind: 'accepted', rejected: partial.rejected, message: sanitize(partial.message) };
  }
  const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const message = sanitize([title, statusMessageIn(body, protocol)].filter(Boolean).join(': '));
  if (RETRYABLE.has(status)) {
    const reason = status === 429 ? 'rate_limited' : 'server';
    const retryAt = parseRetryAfter(answer.retryAfter, now);
    const retryAfterMs = retryAt === undefined ? undefined : Math.max(0, retryAt - now);
    return { kind: 'retryable', reason, message, retryAfterMs };
  }
  const reason = AUTH.has(status) ? 'auth' : status >= 500 ? 'server' : 'refused';
  return { kind: 'refused', reason, message, bodyAtFault: BODY_AT_FAULT.has(status) };
}

/** The encoding of an answer, which may differ from the request's; undefined if it is not one of OTLP. */
function encodingOf(contentType: string | undefined, protocol: OtlpProtocol): OtlpProtocol | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (!type) return protocol;
  return ENCODINGS.get(type);
}

const ENCODINGS: ReadonlyMap<string, OtlpProtocol> = new Map([
  ['application/json', 'http/json'],
  ['application/x-protobuf', 'http/protobuf'],
]);

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
