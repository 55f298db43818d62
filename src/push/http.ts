import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { resultOfHttp } from './http-answer.ts';
import { createPostClient } from './post-client.ts';
import type { Receiver } from './receiver.ts';
import { createSanitizer } from './sanitize.ts';
import type { Transport, TransportOptions } from './transport.ts';

/**
 * Opens a transport of OTLP over HTTP/1.1. It connects at the first request.
 *
 * @throws when the receiver's certificates or key are not PEM, or do not match.
 */
export function createHttpTransport(receiver: Receiver, options: TransportOptions): Transport {
  const client = createPostClient(receiver, options);
  const sanitize = createSanitizer(receiver);
  const isCompressed = receiver.compression === 'gzip';
  const headers = {
    'content-type': receiver.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
    ...(isCompressed && { 'content-encoding': 'gzip' }),
  };
  return {
    async send(body, signal) {
      const request = { headers, body: isCompressed ? await compress(body) : body };
      return client.post(request, signal, (answer) =>
        resultOfHttp(answer, receiver.protocol, sanitize, options.now()),
      );
    },
    close: () => client.close(),
  };
}

/** On the thread pool. The fastest level takes half the time of the default for bodies a sixth larger. */
function compress(body: Uint8Array): Promise<Uint8Array> {
  return promisify(gzip)(body, { level: constants.Z_BEST_SPEED });
}
