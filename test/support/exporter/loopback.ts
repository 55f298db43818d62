import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { Server } from 'node:net';
import type { Scope } from './process.ts';

/** Serves on a free loopback port until the scope ends; returns host and port. */
export async function serveOnLoopback(scope: Scope, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  scope.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${await listenOnLoopback(server)}`;
}

/** Listens on a free loopback port, and returns it. */
export async function listenOnLoopback(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return portOf(server);
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  server.close();
  await once(server, 'close');
  return port;
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
