import { createServer } from 'node:http';
import process from 'node:process';
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { METRICS_METHOD } from '../../src/push/grpc.ts';
import { listenOnLoopback } from '../support/exporter/loopback.ts';
import { send, serveCommands } from './child.ts';

/** Accepts every push as cheaply as possible, so that the sender is measured. */
const [protocol] = process.argv.slice(2);
let requests = 0;
let bytes = 0;

function taken(length: number): void {
  requests += 1;
  bytes += length;
}

async function listenHttp(): Promise<number> {
  const server = createServer((request, response) => {
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    request.on('end', () => {
      taken(length);
      response.end();
    });
  });
  return listenOnLoopback(server);
}

async function listenGrpc(): Promise<number> {
  const server = new Server();
  const lengthOf = (body: Buffer) => body.length;
  const nothing = () => Buffer.alloc(0);
  server.register<number, undefined>(
    METRICS_METHOD,
    ({ request }: { request: number }, callback: (error: null, answer: undefined) => void) => {
      taken(request);
      callback(null, undefined);
    },
    nothing,
    lengthOf,
    'unary',
  );
  return promisify<number>((done) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), done),
  )();
}

serveCommands({
  counted() {
    const counted = { requests, bytes };
    requests = 0;
    bytes = 0;
    return counted;
  },
});
const origin = `http://127.0.0.1:${await (protocol === 'grpc' ? listenGrpc() : listenHttp())}`;
send({ url: protocol === 'grpc' ? origin : `${origin}/v1/metrics` });
