import type { RequestListener } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type Server } from 'node:tls';
import type { ConnectionLayer, HttpHandler } from '../http/connections.ts';
import type { Limits } from '../http/limits.ts';
import { admits } from './clients.ts';
import type { WebTls } from './config.ts';
import type { WebSource } from './source.ts';

/** What TLS is spoken with. */
export interface TlsListenerOptions {
  readonly web: WebSource;
  /** Answers requests that come by HTTP/2. */
  readonly handler: RequestListener;
  readonly limits: Limits;
}

/** How connections are made, until the configuration has it otherwise. */
interface TlsGeneration {
  readonly tls: WebTls;
  readonly server: Server;
}

/**
 * Speaks TLS as the web configuration has it at each new connection, and HTTP/2 with those who prefer it. What was agreed on under
 * other certificates or rules ends after its next answer.
 *
 * Undefined where the configuration has no TLS: that stays so until the next start.
 */
export function createTlsListener(
  options: TlsListenerOptions,
): ((above: HttpHandler) => ConnectionLayer) | undefined {
  const { tls } = options.web.current();
  return tls && ((above) => createFront(options, tls, above));
}

function createFront(
  { web, handler, limits }: TlsListenerOptions,
  first: WebTls,
  above: HttpHandler,
): ConnectionLayer {
  const sessions = new Set<ServerHttp2Session>();
  const http2 = web.current().http2 ? http2Server(limits, sessions) : undefined;
  const eras = new WeakMap<Socket, TlsGeneration>();

  const begin = (tls: WebTls): TlsGeneration => {
    const server = tlsServer(tls, limits, http2 !== undefined);
    const begun: TlsGeneration = { tls, server };
    server.on('tlsClientError', (_error, socket) => void socket.destroy());
    server.on('secureConnection', (socket) => {
      if (isClosed || !admits(tls, socket)) return void socket.destroy();
      eras.set(socket, begun);
      if (socket.alpnProtocol === 'h2') http2?.emit('connection', socket);
      else above.accept(socket);
    });
    return begun;
  };
  const endSessions = () => {
    for (const session of sessions) session.close();
  };

  let isClosed = false;
  let era = begin(first);
  const renew = () => {
    const { tls } = web.current();
    if (tls === undefined || tls === era.tls) return;
    era = begin(tls);
    above.closeIdle();
    endSessions();
  };
  http2?.on('request', renew).on('request', handler);
  return {
    close() {
      isClosed = true;
      endSessions();
    },
    connect(socket) {
      renew();
      // Who hangs up in the middle of a handshake would otherwise be waited for.
      socket.allowHalfOpen = false;
      era.server.emit('connection', socket);
    },
    seen({ socket }, response) {
      renew();
      if (eras.get(socket) !== era) response.setHeader('connection', 'close');
    },
  };
}

function tlsServer({ context, clientAuth }: WebTls, limits: Limits, http2: boolean): Server {
  return createTlsServer({
    ...context(),
    requestCert: clientAuth.asks,
    rejectUnauthorized: clientAuth.requires && clientAuth.verifies,
    ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    handshakeTimeout: limits.handshakeMs,
  });
}

/** Sessions are put into it as they are agreed on; it listens nowhere. */
function http2Server(limits: Limits, sessions: Set<ServerHttp2Session>): Http2Server {
  const server = createHttp2Server({
    settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headerBytes },
    maxHeaderListPairs: limits.headers,
    maxSessionInvalidFrames: limits.mistakes,
    maxSessionRejectedStreams: limits.mistakes,
    streamResetBurst: limits.resetsAtOnce,
    streamResetRate: limits.resetsASecond,
  });
  server.setTimeout(limits.silenceMs);
  return server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
}
