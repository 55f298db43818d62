import { z } from 'zod';
import { type Instant, parseRetryAfter } from '../core/values/time.ts';
import { partialSuccessIn } from './partial.ts';
import type { OtlpProtocol } from './receiver.ts';
import { readRpcStatus } from './rpc-status.ts';
import type { Sanitizer } from './sanitize.ts';
import type { HttpAnswer, Retryable, SendResult } from './transport.ts';

// Not imported: see server/http/connections.ts.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE = new Set([429, 502, 503, 504]);
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
    const encoding = encodingOf(answer.header('content-type'), protocol);
    const partial = encoding && partialSuccessIn(body, encoding);
    if (!partial) {
      // A proxy's login page, or a server that is not a receiver.
      const message = `${status} with a body that is not OTLP: is this the URL of an OTLP receiver?`;
      return { kind: 'refused', reason: 'refused', message, bodyAtFault: false };
    }
    return { kind: 'accepted', rejected: partial.rejected, message: sanitize(partial.message) };
  }
  const message = describeFailure(status, statusMessageIn(body, protocol), sanitize);
  if (RETRYABLE.has(status)) return retryableAnswer(answer, message, now);
  const reason = isAuthFailure(status) ? 'auth' : status >= 500 ? 'server' : 'refused';
  return { kind: 'refused', reason, message, bodyAtFault: BODY_AT_FAULT.has(status) };
}

/** The status with its name, and what the receiver says. */
export function describeFailure(status: number, detail: string, sanitize: Sanitizer): string {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  return sanitize([title, detail].filter(Boolean).join(': '));
}

/** The result of an answer after which the same body may be sent again, not before its `Retry-After`. */
export function retryableAnswer({ status, header }: HttpAnswer, message: string, now: Instant): Retryable {
  const reason = status === 429 ? 'rate_limited' : 'server';
  const retryAt = parseRetryAfter(header('retry-after'), now);
  const retryAfterMs = retryAt === undefined ? undefined : Math.max(0, retryAt - now);
  return { kind: 'retryable', reason, message, retryAfterMs };
}

export function isAuthFailure(status: number): boolean {
  return status === 401 || status === 403;
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
