import { createServer } from 'node:http';
import { bound, closed } from './listen.ts';

/** Every so many requests one is turned away, and sent again. */
const REFUSES_EVERY = 10;

/** A receiver of OTLP metrics that keeps nothing. */
export interface SimulatedReceiver {
  /** Including `/v1/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a free port of loopback. */
export async function startReceiver(): Promise<SimulatedReceiver> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const status = requests % REFUSES_EVERY === 2 ? 503 : 200;
    request.resume().once('end', () => {
      response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  const port = await bound(server, 0);
  return { url: `http://127.0.0.1:${port}/v1/metrics`, close: () => closed(server) };
}
