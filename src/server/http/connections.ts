import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createConnectionLimit } from './connection-limit.ts';
import type { Limits } from './limits.ts';

// An import would read every export of node:http, and some of them load Node's own copy of undici: 10 MB.
const { createServer } = process.getBuiltinModule('node:http');

/** What lies between a connection and HTTP: TLS. */
export interface ConnectionLayer {
  connect(socket: Socket): void;
  /** Sees each request that came through it by HTTP/1.1, before it is answered. */
  seen(request: IncomingMessage, response: ServerResponse): void;
  /** Ends connections that only the layer knows of, as soon as nothing is being answered on them. */
  close(): void;
}

/** What a layer is made for. */
export interface HttpHandler {
  /** Speaks HTTP/1.1. */
  accept(socket: Socket): void;
  closeIdle(): void;
}

export interface HttpTransportOptions {
  readonly handler: RequestListener;
  readonly limits: Limits;
  /** Missing: HTTP in the clear. */
  readonly layer: ((above: HttpHandler) => ConnectionLayer) | undefined;
}

/** The HTTP server, and how its connections end. */
export interface HttpTransport {
  readonly server: Server;
  /** Lets connections end that nothing is being answered on. */
  close(): void;
  /** Ends every connection, whatever it carries. */
  destroy(): void;
}

/**
 * An HTTP server that counts its connections, and hands each to the layer below it first, where there is one.
 *
 * Node's own listener for connections is called with what comes out of that, as `https` does it: HTTP/1.1 is the same server, with
 * the same limits, in the clear and over TLS.
 */
export function createTransport({ handler, limits, layer }: HttpTransportOptions): HttpTransport {
  const server = createHttpServer(handler, limits);
  const [speak] = server.listeners('connection');
  const accept = (socket: Socket) => void speak?.call(server, socket);
  const below = layer?.({ accept, closeIdle: () => server.closeIdleConnections() });
  if (below) server.prependListener('request', below.seen);
  const open = new Set<Socket>();
  const quota = createConnectionLimit({ all: limits.connections, each: limits.connectionsOfOne });
  server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    const release = quota.take(socket.remoteAddress ?? '');
    if (!release) return void socket.destroy();
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      release();
    });
    if (below) below.connect(socket);
    else accept(socket);
  });
  return {
    server,
    close: () => below?.close(),
    destroy() {
      for (const socket of open) socket.destroy();
    },
  };
}

function createHttpServer(handler: RequestListener, limits: Limits): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      // How often Node looks whether those two are over.
      connectionsCheckingInterval: Math.min(1000, limits.headersMs),
    },
    handler,
  );
  server.maxHeadersCount = limits.headers;
  server.maxRequestsPerSocket = limits.requestsOfConnection;
  server.setTimeout(limits.silenceMs);
  return server;
}
