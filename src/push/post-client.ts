import { createSecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import { openConnections } from '../net/connections.ts';
import { untilAborted } from '../net/deadline.ts';
import { type Fault, resultOfFault, TIMED_OUT } from './http-faults.ts';
import type { HttpAnswer, HttpTarget, TransportOptions } from './transport.ts';

/** Beyond this the answer is not read, and the connection is closed. */
const MAX_ANSWER_BYTES = 64 * 1024;

export interface HttpRequest {
  /** In addition to those of the target, which they override. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Posts to one URL over one connection. */
export interface PostClient {
  /**
   * Posts once, and reads the answer with `interpret`, or returns the fault without one. Ends early, with the reason `timeout`, when the
   * signal aborts; never throws.
   */
  post<Result>(
    request: HttpRequest,
    signal: AbortSignal,
    interpret: (answer: HttpAnswer) => Result,
  ): Promise<Result | Fault>;
  close(): Promise<void>;
}

/**
 * Opens a client of HTTP/1.1. It connects at the first request.
 *
 * @throws when the target's certificates or key are not PEM, or do not match.
 */
export function createPostClient(
  target: HttpTarget,
  { userAgent }: Pick<TransportOptions, 'userAgent'>,
): PostClient {
  const url = new URL(target.url);
  const connections = openConnections({
    origin: url.origin,
    connections: 1,
    // The signal covers connecting, too.
    connectTimeoutMs: 0,
    ...(url.protocol === 'https:' && { secureContext: createSecureContext(target.tls) }),
    ...(target.tls.serverName !== undefined && { serverName: target.tls.serverName }),
  });
  return {
    async post({ headers, body }, signal, interpret) {
      if (signal.aborted) return TIMED_OUT;
      try {
        const answering = connections.dispatcher.request({
          origin: url.origin,
          method: 'POST',
          path: url.pathname + url.search,
          headers: { 'user-agent': userAgent, ...inLowerCase(target.headers()), ...headers },
          body,
          signal,
        });
        const response = await untilAborted(signal, answering);
        return interpret({
          status: response.statusCode,
          header: (name) => [response.headers[name]].flat()[0],
          body: await beginningOf(response.body),
        });
      } catch (error) {
        return signal.aborted ? TIMED_OUT : resultOfFault(error, connections.route());
      }
    },
    close: () => connections.dispatcher.destroy(),
  };
}

function inLowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** A body that breaks counts as empty: the status says what became of the request. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let left = MAX_ANSWER_BYTES;
  try {
    for await (const chunk of body) {
      chunks.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) break;
    }
    return Buffer.concat(chunks);
  } catch {
    return new Uint8Array();
  }
}
