import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { listenOnLoopback } from '../exporter/loopback.ts';

/** A response as the provider sent it. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Writes a response to the socket, intact or damaged. */
export type RawResponder = (socket: Socket, honest: UpstreamResponse) => Promise<void> | void;

/** A proxy between a client and a provider. */
export interface FaultProxy {
  readonly url: string;
  /** How responses are sent from now on; unchanged by default. */
  spoil(wire?: RawResponder): void;
}

/** Passes requests on to a provider on loopback, until the test ends. */
export async function startFaultProxy(context: TestContext, target: string): Promise<FaultProxy> {
  let wire: RawResponder = passThrough;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    void carry(socket, target, () => wire);
  });
  const port = await listenOnLoopback(server);
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `http://127.0.0.1:${port}`,
    spoil: (next = passThrough) => {
      wire = next;
    },
  };
}

/** Forwards the requests of one connection, none of which has a body. */
async function carry(socket: Socket, target: string, wire: () => RawResponder): Promise<void> {
  let heard = '';
  try {
    for await (const chunk of socket) {
      heard += String(chunk);
      for (let end = heard.indexOf('\r\n\r\n'); end >= 0; end = heard.indexOf('\r\n\r\n')) {
        const honest = await asked(target, heard.slice(0, end));
        heard = heard.slice(end + 4);
        await wire()(socket, honest);
      }
    }
  } catch {
    // The client is gone.
    socket.destroy();
  }
}

async function asked(target: string, head: string): Promise<UpstreamResponse> {
  const [first = '', ...lines] = head.split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const named = lines.map((line) => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  const sent = request(`${target}${path}`, {
    method,
    headers: Object.fromEntries(named),
    agent: false,
  }).end();
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

const OWN = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);

/** The head of a response, without its content length. */
function headOf(
  { status, headers }: UpstreamResponse,
  more: readonly string[] = [],
  version = 'HTTP/1.1',
): string {
  const kept = Object.entries(headers).filter(([name]) => !OWN.has(name));
  const lines = kept.map(([name, value]) => `${name}: ${[value].flat().join(', ')}`);
  return `${[`${version} ${status} Fine`, ...lines, ...more].join('\r\n')}\r\n\r\n`;
}

const lengthOf = (body: Buffer, off = 0) => `content-length: ${body.length + off}`;

/** Sends the response unchanged. */
export const passThrough = (socket: Socket, honest: UpstreamResponse): void => {
  socket.write(headOf(honest, [lengthOf(honest.body)]));
  socket.write(honest.body);
};

/** What a network can do to a response without breaking it. */
export const HARMLESS: Readonly<Record<string, RawResponder>> = {
  async 'latency and jitter'(socket, honest) {
    const bytes = Buffer.concat([Buffer.from(headOf(honest, [lengthOf(honest.body)])), honest.body]);
    const size = Math.ceil(bytes.length / 4);
    for (let at = 0; at < bytes.length; at += size) {
      await sleep((at / size) * 5);
      socket.write(bytes.subarray(at, at + size));
    }
  },
  'HTTP/1.0, ended by the connection'(socket, honest) {
    socket.write(headOf(honest, [], 'HTTP/1.0'));
    socket.end(honest.body);
  },
  'a connection that is closed behind each answer without a word'(socket, honest) {
    passThrough(socket, honest);
    socket.end();
  },
  'headers twice'(socket, honest) {
    const twice = [
      'content-type: application/json',
      'date: never',
      'x-ratelimit-remaining: 7',
      'x-ratelimit-remaining: 9',
    ];
    socket.write(headOf(honest, [...twice, lengthOf(honest.body)]));
    socket.write(honest.body);
  },
  'an answer that nobody asked for behind the right one'(socket, honest) {
    passThrough(socket, honest);
    const forged = Buffer.from(honest.body.toString().replace(/\d(?=\D)/g, '7'));
    passThrough(socket, { ...honest, body: forged });
  },
  'one byte a segment'(socket, honest) {
    socket.setNoDelay(true);
    for (const byte of Buffer.from(headOf(honest, [lengthOf(honest.body)]))) socket.write(Buffer.of(byte));
    socket.write(honest.body);
  },
};

const half = (bytes: Buffer) => bytes.subarray(0, Math.ceil(bytes.length / 2));

/** What breaks a response, by the expected failure reason. */
export const HARMFUL: Readonly<
  Record<'network' | 'timeout' | 'contract', Readonly<Record<string, RawResponder>>>
> = {
  network: {
    'a reset before the headers': (socket) => void socket.resetAndDestroy(),
    async 'a reset within the headers'(socket, honest) {
      socket.write(headOf(honest).slice(0, 30));
      await sleep(10);
      socket.resetAndDestroy();
    },
    async 'a reset within the body'(socket, honest) {
      socket.write(headOf(honest, [lengthOf(honest.body)]));
      socket.write(half(honest.body));
      await sleep(10);
      socket.resetAndDestroy();
    },
    'a close before the headers': (socket) => void socket.end(),
  },
  timeout: {
    'a connection that is half open': () => {},
    async 'a body that drips'(socket, honest) {
      socket.write(headOf(honest, [lengthOf(honest.body, 1000)]));
      for (const byte of honest.body) {
        if (socket.destroyed) return;
        socket.write(Buffer.of(byte));
        await sleep(30);
      }
    },
    async 'headers that drip'(socket, honest) {
      for (const letter of headOf(honest, ['x-more: '.padEnd(999, 'x')])) {
        if (socket.destroyed) return;
        socket.write(letter);
        await sleep(30);
      }
    },
  },
  contract: {
    'bytes that are not HTTP': (socket) => void socket.end(randomBytes(3000)),
    'gzip that ends in the middle'(socket, honest) {
      const cut = half(gzipSync(honest.body));
      socket.write(headOf(honest, ['content-encoding: gzip', lengthOf(cut)]));
      socket.write(cut);
    },
    'gzip with a byte changed'(socket, honest) {
      const bytes = gzipSync(honest.body);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 6) ^ 0xff, bytes.length - 6);
      socket.write(headOf(honest, ['content-encoding: gzip', lengthOf(bytes)]));
      socket.write(bytes);
    },
    'a length that promises more'(socket, honest) {
      socket.write(headOf(honest, [lengthOf(honest.body, 10)]));
      socket.end(honest.body);
    },
    'a length that cuts the body short'(socket, honest) {
      socket.write(headOf(honest, [lengthOf(honest.body, -2)]));
      socket.end(honest.body);
    },
    'two lengths'(socket, honest) {
      socket.write(headOf(honest, [lengthOf(honest.body), lengthOf(honest.body, 1)]));
      socket.end(honest.body);
    },
    'headers without an end'(socket, honest) {
      socket.write(
        headOf(
          honest,
          Array.from({ length: 40 }, (_, index) => `x-${index}: ${'x'.repeat(1000)}`),
        ),
      );
      socket.end(honest.body);
    },
    'chunks that end in the middle'(socket, honest) {
      socket.write(headOf(honest, ['transfer-encoding: chunked']));
      socket.end(`${honest.body.length.toString(16)}\r\n${half(honest.body)}`);
    },
  },
};
