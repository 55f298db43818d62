import { createServer, request as send } from 'node:http';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { listenOnLoopback } from './loopback.ts';

export interface ForwardProxy {
  /** Host and port. */
  readonly host: string;
  /** Requests so far, such as `GET http://api.invalid/v1/usage` or `CONNECT api.invalid:443`. */
  readonly seen: readonly string[];
  stop(): Promise<void>;
}

export interface ForwardProxyOptions {
  /** Local ports by the requested host and port. */
  readonly ports: Readonly<Record<string, number>>;
  /** Required as `proxy-authorization`; without it the proxy answers 407. */
  readonly authorization?: string;
}

/** An HTTP proxy that forwards plain requests and tunnels TLS. */
export async function startForwardProxy(
  context: TestContext,
  { ports, authorization }: ForwardProxyOptions,
): Promise<ForwardProxy> {
  const seen: string[] = [];
  const isAllowed = (given: string | undefined) => authorization === undefined || given === authorization;
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (!isAllowed(request.headers['proxy-authorization'])) return void response.writeHead(407).end();
    const { host, pathname, search } = new URL(request.url ?? '');
    const { method = 'GET', headers } = request;
    const options = { port: ports[host], host: '127.0.0.1', path: pathname + search, method, headers };
    const forwarded = send(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });
  server.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    if (!isAllowed(request.headers['proxy-authorization']))
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const upstream = connect(ports[request.url ?? ''] ?? 0, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket])
      end.on('error', () => [upstream, socket].map((each) => each.destroy()));
  });
  const port = await listenOnLoopback(server);
  const stop = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  context.after(stop);
  return { host: `127.0.0.1:${port}`, seen, stop };
}
