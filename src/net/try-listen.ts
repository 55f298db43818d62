import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Listens on an address for a moment.
 *
 * @throws what the system refuses.
 */
export async function tryListen(host: string, port: number): Promise<void> {
  const server = createServer((socket) => socket.destroy()).listen({ host, port });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}
