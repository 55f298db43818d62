import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ConnectionLimit } from './connection-limit.ts';
import type { Limits } from './limits.ts';

// An import would read every export of node:http, and some of them load Node's own copy of undici: 10 MB.
const { createServer } = process.getBuiltinModule('node:http');

/** A layer between the connection and HTTP: TLS. */
export interface ConnectionLayer {
  connect(socket: Socket): void;
  /** Sees each HTTP/1.1 request on its connections before it is handled. */
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  /** Closes the connections that only the layer knows, as soon as they are idle. */
  close(): void;
}

/** The HTTP server above a layer. */
export interface HttpHandler {
  /** Serves HTTP/1.1 on the socket. */
  accept(socket: Socket): void;
  closeIdle(): void;
}

export interface HttpTransportOptions {
  readonly handler: RequestListener;
  readonly limits: Limits;
  /** Absent for plain HTTP. */
  readonly layer: ((above: HttpHandler) => ConnectionLayer) | undefined;
}

/** An HTTP server and control over its connections. */
export interface HttpTransport {
  readonly server: Server;
  /** Closes idle connections. */
  close(): void;
  /** Closes every connection immediately. */
  destroy(): void;
}

/**
 * Creates an HTTP server that limits its connections and passes each through the layer, if there is one.
 *
 * Node's own connection listener gets the sockets that come out of the layer, as in `https`: HTTP/1.1 is the same server with the
 * same limits, with and without TLS.
 */
export function createTransport({ handler, limits, layer }: HttpTransportOptions): HttpTransport {
  const server = createHttpServer(handler, limits);
  const [serveHttp] = server.listeners('connection');
  const accept = (socket: Socket) => void serveHttp?.call(server, socket);
  const below = layer?.({ accept, closeIdle: () => server.closeIdleConnections() });
  if (below) server.prependListener('request', (request, response) => below.onRequest(request, response));
  const open = new Set<Socket>();
  const limit = new ConnectionLimit({ total: limits.connections, perKey: limits.connectionsPerAddress });
  server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    const release = limit.acquire(socket.remoteAddress ?? '');
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
      // How often Node checks the two timeouts above.
      connectionsCheckingInterval: Math.min(1000, limits.headersMs),
    },
    handler,
  );
  server.maxHeadersCount = limits.headers;
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  server.setTimeout(limits.idleMs);
  return server;
}
