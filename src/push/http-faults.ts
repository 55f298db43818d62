import { CONNECT_TIMEOUTS, codeOf, refusalOfProxy } from '../net/error-code.ts';
import type { Refused, Retryable } from './transport.ts';

/** How a request without an answer ended. */
export type Fault = Retryable | Refused;

/** The receiver did not answer in time: it is unknown whether it accepted the body. */
export const TIMED_OUT: Fault = {
  kind: 'retryable',
  reason: 'timeout',
  message: 'no answer in time',
  retryAfterMs: undefined,
};

/** Codes of certificate errors: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE =
  /CERT|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH|PATH_LENGTH|INVALID_CA|INVALID_PURPOSE|CRL/;

/** The result of a request that ended with an error instead of an answer. */
export function resultOfFault(error: unknown, route: string): Fault {
  const code = codeOf(error);
  if (CONNECT_TIMEOUTS.has(code)) return TIMED_OUT;
  if (code === 'UND_ERR_INVALID_ARG') {
    return { kind: 'refused', reason: 'refused', message: 'a header holds a character HTTP does not allow' };
  }
  return {
    kind: 'retryable',
    reason: 'network',
    message: refusalOfProxy(error) ?? messageOf(code, route),
    retryAfterMs: undefined,
  };
}

/** A receiver that requires a client certificate and gets none may close the connection, too. */
const CLOSED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

function messageOf(code: string, route: string): string {
  if (CLOSED.has(code)) return 'the receiver closed the connection';
  if (code.includes('_ALERT_')) return `the receiver ended the TLS handshake: ${code}`;
  if (code === 'HTTPParserError') return 'no answer in HTTP';
  if (code.startsWith('ERR_SSL_')) return `no TLS connection: ${code}`;
  if (CERTIFICATE.test(code)) return `the certificate of the receiver is not trusted: ${code}`;
  return `no answer from ${route}: ${code}`;
}
