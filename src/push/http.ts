import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { openConnections } from '../net/connections.ts';
import { untilAborted } from '../net/deadline.ts';
import { resultOfHttp } from './http-answer.ts';
import { resultOfFault, TIMED_OUT } from './http-faults.ts';
import type { Receiver } from './receiver.ts';
import { wordingFor } from './sanitize.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** More of an answer is not read: its connection is closed instead. */
const ANSWER_BYTES = 64 * 1024;

/**
 * Opens the way to a receiver that speaks OTLP over HTTP/1.1. Nothing is sent before the first request.
 *
 * @throws when the receiver's certificates or key are no PEM texts, or do not belong together.
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
  const words = wordingFor(receiver);
  return {
    async send(body, signal) {
      if (signal.aborted) return TIMED_OUT;
      try {
        const headers = headersOf(receiver, options);
        const path = url.pathname + url.search;
        const sent = receiver.compression === 'gzip' ? await packed(body) : body;
        const target = { origin: url.origin, method: 'POST', path, headers } as const;
        const asked = connections.dispatcher.request({ ...target, body: sent, signal });
        const response = await untilAborted(signal, asked);
        const answer = {
          status: response.statusCode,
          retryAfter: [response.headers['retry-after']].flat()[0],
          contentType: [response.headers['content-type']].flat()[0],
          body: await beginningOf(response.body),
        };
        return resultOfHttp(answer, { protocol: receiver.protocol, words, now: options.now() });
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

/** On the thread pool. The fastest level takes half the time of the usual one for bodies a sixth larger. */
function packed(body: Uint8Array): Promise<Uint8Array> {
  return promisify(gzip)(body, { level: constants.Z_BEST_SPEED });
}

/** The status has told already what became of the request: a body that breaks is an empty one. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let left = ANSWER_BYTES;
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
