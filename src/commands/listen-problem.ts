import type { Config } from '../config/config.ts';
import { stackOf } from '../runtime/redactor.ts';

type Address = Pick<Config['server'], 'host' | 'port'>;

export function addressOf({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Why the server cannot listen, and the remedy. https://nodejs.org/api/errors.html#common-system-errors */
export function listenProblem(address: Address, error: unknown): string {
  const { host, port } = address;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return `${addressOf(address)} is in use by another program; stop it, or choose another port with server.listen or demo --port`;
  if (code === 'EACCES')
    return `no permission to listen on port ${port}; set server.listen to a port above 1023`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${host} is not an address of this machine; set server.listen`;
  return stackOf(error);
}
