import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { after } from 'node:test';
import { inspect } from 'node:util';
import { z } from 'zod';
import { createHttpClient, type HttpClient } from '../../../src/poll/http/client.ts';
import type { HttpOptions } from '../../../src/poll/http/context.ts';
import type { RequestMemory, RequestState } from '../../../src/poll/http/rate-limiter.ts';
import { PollError } from '../../../src/providers/api/errors.ts';
import type { Request } from '../../../src/providers/api/request.ts';

import { testProvider } from '../providers/test-provider.ts';

export const CANARY = 'sk-canary-7f3a';
export const NOW = Date.UTC(2026, 10, 22, 12);
export const Total = z.object({ total: z.union([z.number(), z.string()]) });
export const USAGE: Request<z.infer<typeof Total>> = {
  path: '/usage',
  query: { from: '2026-11-01T00:00:00Z' },
  schema: Total,
};
export const GOOD = '{"total":1.5}';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

export async function listening(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${portOf(server.address())}`;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A provider that answers as `listener` says; the headers hold the key as real ones do. */
export function serve(listener: RequestListener): Promise<string> {
  return listening(createServer(listener));
}

/** A provider that answers with bytes; `act` sees the number of the connection. */
export function serveBytes(act: (socket: Socket, connection: number, head: string) => void): Promise<string> {
  let connections = 0;
  return listening(
    createTcpServer((socket) => {
      const connection = ++connections;
      socket.once('data', (head) => act(socket, connection, String(head)));
    }),
  );
}

/** A client on a clock that only its waits move. */
export function clientOf(baseUrl: string, more: Partial<HttpOptions> = {}) {
  const clock = { now: NOW };
  const waits: number[] = [];
  const codes: string[] = [];
  const limits: unknown[] = [];
  const cuts: number[] = [];
  const count = { retries: 0 };
  const client = createHttpClient({
    provider: testProvider(),
    baseUrl,
    config: {},
    key: () => CANARY,
    timeoutMs: 2000,
    now: () => clock.now,
    wait: async (ms) => {
      waits.push(ms);
      clock.now += ms;
    },
    events: {
      answered: (code) => codes.push(code),
      retried: () => count.retries++,
      rateLimit: (limit) => limits.push(limit),
      waitCut: (seconds) => cuts.push(seconds),
    },
    ...more,
  });
  cleanups.push(() => client.close());
  return { client, clock, waits, codes, limits, cuts, count };
}

/** Each call is what the next start of the exporter finds. */
export function notebook(): () => RequestMemory {
  let state: RequestState | undefined;
  return () => ({
    state,
    remember(next) {
      state = next;
    },
  });
}

export const ask = (client: HttpClient, signal = new AbortController().signal) => client.ask(signal)(USAGE);

/** The failure of one request, checked not to hold the key, the query or the headers anywhere. */
export async function failureOf(client: HttpClient): Promise<PollError> {
  const error = await ask(client).then(
    () => assert.fail('was answered'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof PollError, inspect(error));
  const shown = inspect(error, { depth: null, showHidden: true });
  for (const secret of [CANARY, 'Bearer', '2026-11-01']) assert.ok(!shown.includes(secret), shown);
  assert.match(error.message, /GET \/usage /);
  return error;
}

/** Bytes of an answer as they travel. */
export const answerBytes = (headers: string[], body = '') =>
  [`HTTP/1.1 200 OK`, ...headers, '', body].join('\r\n');
