import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { openConnections } from '../net/connections.ts';
import { untilAborted } from '../net/deadline.ts';
import { resultOfHttp } from './http-answer.ts';
import { resultOfFault, TIMED_OUT } from './http-faults.ts';
import type { Receiver } from './receiver.ts';
import { createSanitizer } from './sanitize.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** Beyond this the answer is not read, and the connection is closed. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Opens a transport of OTLP over HTTP/1.1. It connects at the first request.
 *
 * @throws when the receiver's certificates or key are not PEM, or do not match.
 */
export function createHttpTransport(receiver: Receiver, options: TransportOptions): Transport {
  const url = new URL(receiver.url);
  const connections = openConnections({
    origin: url.origin,
    connections: 1,
    // The signal covers connecting, too.
    connectTimeoutMs: 0,
    ...(url.protocol === 'https:' && { secureContext: createSecureContext(receiver.tls) }),
  });
  const sanitize = createSanitizer(receiver);
  return {
    async send(body, signal) {
      if (signal.aborted) return TIMED_OUT;
      try {
        const answering = connections.dispatcher.request({
          origin: url.origin,
          method: 'POST',
          path: url.pathname + url.search,
          headers: headersOf(receiver, options),
          body: receiver.compression === 'gzip' ? await compress(body) : body,
          signal,
        });
        const response = await untilAborted(signal, answering);
        const answer = {
          status: response.statusCode,
          retryAfter: [response.headers['retry-after']].flat()[0],
          contentType: [response.headers['content-type']].flat()[0],
          body: await beginningOf(response.body),
        };
        return resultOfHttp(answer, receiver.protocol, sanitize, options.now());
      } catch (error) {
        return signal.aborted ? TIMED_OUT : resultOfFault(error, connections.route());
      }
    },
    close: () => connections.dispatcher.destroy(),
  };
}

function headersOf(receiver: Receiver, { userAgent }: TransportOptions): Record<string, string> {
  const given = Object.entries(receiver.headers()).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    'user-agent': userAgent,
    ...Object.fromEntries(given),
    'content-type': receiver.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
    ...(receiver.compression === 'gzip' && { 'content-encoding': 'gzip' }),
  };
}

/** On the thread pool. The fastest level takes half the time of the default for bodies a sixth larger. */
function compress(body: Uint8Array): Promise<Uint8Array> {
  return promisify(gzip)(body, { level: constants.Z_BEST_SPEED });
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
