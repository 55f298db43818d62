import { CONNECT_TIMEOUTS, codeOf, nameOf, refusalOfProxy } from '../../net/error-code.ts';
import type { FailureReason } from '../../providers/api/errors.ts';

/** What went wrong with one request, and whether a retry may help. */
export interface TransportFault {
  readonly reason: FailureReason;
  /** The predicate of a message that begins with `GET /path`. */
  readonly what: string;
  /** What to do about this fault in particular. */
  readonly advice?: string | undefined;
  /** How often the request may be retried in total. */
  readonly retries: number;
}

const CONNECTION_RETRIES = 2;
/** A server that hangs gets one retry, not two: each costs the whole timeout. */
const TIMEOUT_RETRIES = 1;

const TRANSIENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETDOWN',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'UND_ERR_SOCKET',
]);
const TRUNCATED = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'Z_BUF_ERROR',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Headers that never end, or with two lengths. */
const INVALID_HEADS = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

export const TIMED_OUT: TransportFault = {
  reason: 'timeout',
  what: 'got no whole answer in time',
  retries: TIMEOUT_RETRIES,
};

/** The fault behind an error before the head of an answer. `route` names the server. */
export function faultOfHead(error: unknown, route: string): TransportFault {
  const code = codeOf(error);
  if (CONNECT_TIMEOUTS.has(code)) return TIMED_OUT;
  if (code === 'UND_ERR_INVALID_ARG') {
    return {
      reason: 'config',
      what: 'cannot be sent: the key or a header holds a character HTTP does not allow',
      retries: 0,
    };
  }
  if (nameOf(error) === 'HTTPParserError' || INVALID_HEADS.has(code)) {
    return { reason: 'contract', what: 'was not answered in HTTP', retries: 0 };
  }
  const proxyRefusal = refusalOfProxy(error);
  return {
    reason: 'network',
    what: `got no answer from ${route}: ${proxyRefusal ?? code}`,
    advice: proxyRefusal === undefined ? adviceFor(code) : PROXY_ADVICE,
    retries: TRANSIENT.has(code) ? CONNECTION_RETRIES : 0,
  };
}

const PROXY_ADVICE =
  'Check the user and password in HTTPS_PROXY and the rules of the proxy, or name the host in NO_PROXY.';
const DNS_ADVICE =
  'The host name cannot be resolved: check baseUrl for a typo and DNS on this machine; behind a proxy, set HTTPS_PROXY.';
const CERTIFICATE_ADVICE =
  'The certificate is not trusted: check the clock and baseUrl; for a private certificate authority, set NODE_EXTRA_CA_CERTS.';

/** By the system's or OpenSSL's code. */
const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'Nothing listens at this address: check the host and port in baseUrl, the proxy variables and firewalls.',
  ENOTFOUND: DNS_ADVICE,
  EAI_AGAIN: DNS_ADVICE,
};

function adviceFor(code: string): string | undefined {
  return ADVICE[code] ?? (/CERT|ISSUER|UNABLE_TO/.test(code) ? CERTIFICATE_ADVICE : undefined);
}

/** The fault behind an error in the body of an answer. `route` names the server. */
export function faultOfBody(error: unknown, route: string): TransportFault {
  const code = codeOf(error);
  if (TRUNCATED.has(code) || nameOf(error) === 'HTTPParserError') {
    return { reason: 'contract', what: 'was answered with a truncated body', retries: CONNECTION_RETRIES };
  }
  if (code.startsWith('Z_') || code.startsWith('ERR_')) {
    return { reason: 'contract', what: 'was answered with a body that cannot be decompressed', retries: 0 };
  }
  return { reason: 'network', what: `lost its answer from ${route}: ${code}`, retries: CONNECTION_RETRIES };
}

/**
 * The error reduced to name, message, code and stack: undici puts bytes of the answer on some errors, and causes are logged.
 */
export function causeOf(error: unknown): Error {
  const cause = new Error(error instanceof Error ? error.message || codeOf(error) : 'unknown');
  if (error instanceof Error && error.stack) cause.stack = error.stack;
  return Object.assign(cause, { name: nameOf(error), code: codeOf(error) });
}
