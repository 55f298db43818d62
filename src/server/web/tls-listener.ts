import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type Server } from 'node:tls';
import type { ConnectionLayer, HttpHandler } from '../http/connections.ts';
import type { Limits } from '../http/limits.ts';
import { admitsClient } from './client-cert.ts';
import type { WebTls } from './config.ts';
import type { WebSource } from './source.ts';

export interface TlsListenerOptions {
  readonly web: WebSource;
  /** Handles HTTP/2 requests. */
  readonly handler: RequestListener;
  readonly limits: Limits;
}

/** The TLS server of one version of the configuration. */
interface TlsGeneration {
  readonly tls: WebTls;
  readonly server: Server;
}

/** Creates the TLS layer; undefined if the configuration has no TLS, which holds until the next start. */
export function createTlsListener(
  options: TlsListenerOptions,
): ((http: HttpHandler) => ConnectionLayer) | undefined {
  const { tls } = options.web.current();
  return tls && ((http) => new TlsListener(options, tls, http));
}

/**
 * Terminates TLS with the web configuration that is current at each new connection, and serves HTTP/2 to clients that prefer it. A
 * connection made under older certificates or rules closes after its next response.
 */
class TlsListener implements ConnectionLayer {
  readonly #web: WebSource;
  readonly #limits: Limits;
  readonly #http: HttpHandler;
  readonly #http2: Http2Server | undefined;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #generations = new WeakMap<Socket, TlsGeneration>();
  #generation: TlsGeneration;
  #isClosed = false;

  constructor({ web, handler, limits }: TlsListenerOptions, tls: WebTls, http: HttpHandler) {
    this.#web = web;
    this.#limits = limits;
    this.#http = http;
    if (web.current().http2) {
      this.#http2 = createSessionServer(limits, this.#sessions);
      this.#http2.on('request', () => this.#renew()).on('request', handler);
    }
    this.#generation = this.#startGeneration(tls);
  }

  connect(socket: Socket): void {
    this.#renew();
    // Without this, the server would wait for a client that disconnects during the handshake.
    socket.allowHalfOpen = false;
    this.#generation.server.emit('connection', socket);
  }

  onRequest({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#renew();
    if (this.#generations.get(socket) !== this.#generation) response.setHeader('connection', 'close');
  }

  close(): void {
    this.#isClosed = true;
    this.#closeSessions();
  }

  #startGeneration(tls: WebTls): TlsGeneration {
    const server = createGenerationServer(tls, this.#limits, this.#http2 !== undefined);
    const generation: TlsGeneration = { tls, server };
    server.on('tlsClientError', (_error, socket) => void socket.destroy());
    server.on('secureConnection', (socket) => {
      if (this.#isClosed || !admitsClient(tls, socket)) return void socket.destroy();
      this.#generations.set(socket, generation);
      if (socket.alpnProtocol === 'h2') this.#http2?.emit('connection', socket);
      else this.#http.accept(socket);
    });
    return generation;
  }

  #renew(): void {
    const { tls } = this.#web.current();
    if (tls === undefined || tls === this.#generation.tls) return;
    this.#generation = this.#startGeneration(tls);
    this.#http.closeIdle();
    this.#closeSessions();
  }

  #closeSessions(): void {
    for (const session of this.#sessions) session.close();
  }
}

function createGenerationServer({ context, clientAuth }: WebTls, limits: Limits, http2: boolean): Server {
  return createTlsServer({
    ...context(),
    requestCert: clientAuth.asks,
    rejectUnauthorized: clientAuth.requires && clientAuth.verifies,
    ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    handshakeTimeout: limits.handshakeMs,
  });
}

/** An HTTP/2 server that does not listen: it gets the sockets of clients that negotiated HTTP/2. */
function createSessionServer(limits: Limits, sessions: Set<ServerHttp2Session>): Http2Server {
  const server = createHttp2Server({
    settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headerBytes },
    maxHeaderListPairs: limits.headers,
    maxSessionInvalidFrames: limits.protocolErrors,
    maxSessionRejectedStreams: limits.protocolErrors,
    streamResetBurst: limits.resetBurst,
    streamResetRate: limits.resetsPerSecond,
  });
  server.setTimeout(limits.idleMs);
  return server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
}
