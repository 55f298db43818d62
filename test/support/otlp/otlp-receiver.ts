import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type handleUnaryCall, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { portOf } from '../exporter/loopback.ts';
import type { Scope } from '../exporter/process.ts';
import { type OtlpBody, readJson, readProtobuf } from './otlp-metrics.ts';

/** A received request. */
export interface Push extends OtlpBody {
  /** Names in lower case; with gRPC its metadata. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the decompressed body. */
  readonly bytes: number;
}

/** The response to a request. */
export interface Answer {
  /** With HTTP the status, with gRPC the code; success by default. */
  readonly status?: number;
  /** With gRPC the trailers; those ending in `-bin` are base64. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** With gRPC, of a status that is not OK. */
  readonly details?: string;
}

export interface OtlpReceiverOptions {
  readonly protocol: 'http/protobuf' | 'http/json' | 'grpc';
  /** Answers `{}` when absent. A promise that never settles hangs. */
  readonly answer?: (push: Push) => Answer | Promise<Answer>;
  /** The port to listen on, for a receiver that restarts; a free one by default. */
  readonly port?: number;
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
}

export interface OtlpReceiver {
  /** What a receiver's `url` is: with HTTP including `/v1/metrics`. */
  readonly url: string;
  readonly port: number;
  /** Oldest first. */
  readonly pushes: Push[];
  /** Waits for the oldest push that `next` has not returned yet. */
  next(): Promise<Push>;
  /** Ends connections and listening at once. */
  stop(): void;
}

const METHOD = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
/** The collector's default over gRPC, and more than enough over HTTP. */
const LONGEST_MESSAGE = 4 * 2 ** 20;

/** Receives OTLP metrics on a loopback port until the scope ends. */
export async function startOtlpReceiver(context: Scope, options: OtlpReceiverOptions): Promise<OtlpReceiver> {
  const inbox = openInbox();
  const answer = async (push: Push) => {
    inbox.add(push);
    return (await options.answer?.(push)) ?? {};
  };
  const listening = await (options.protocol === 'grpc' ? listenGrpc : listenHttp)(options, answer);
  context.after(listening.stop);
  const scheme = options.tls ? 'https' : 'http';
  const path = options.protocol === 'grpc' ? '' : '/v1/metrics';
  const host = options.tls ? 'localhost' : '127.0.0.1';
  return { ...listening, ...inbox, url: `${scheme}://${host}:${listening.port}${path}` };
}

export interface Listening {
  readonly port: number;
  readonly stop: () => void;
}

type Answering = (push: Push) => Promise<Answer>;

function listenHttp(options: OtlpReceiverOptions, answer: Answering): Promise<Listening> {
  return serveHttp(options, async (request, response) => {
    const { status: code = 200, headers, body } = await answer(await pushOf(request));
    response.writeHead(code, headers).end(body);
  });
}

/** Listens on a loopback port with or without TLS. */
export async function serveHttp(
  { tls, port = 0 }: Pick<OtlpReceiverOptions, 'tls' | 'port'>,
  listener: RequestListener,
): Promise<Listening> {
  const forClients = tls?.clientCa && { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true };
  const server = tls ? createSecureServer({ ...tls, ...forClients }, listener) : createServer(listener);
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    port: portOf(server),
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function pushOf(request: IncomingMessage): Promise<Push> {
  const wire = await buffer(request);
  const bytes = request.headers['content-encoding'] === 'gzip' ? await promisify(gunzip)(wire) : wire;
  const read = request.headers['content-type'] === 'application/json' ? readJson : readProtobuf;
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return { ...read(bytes), headers: Object.fromEntries(headers), bytes: bytes.length };
}

async function listenGrpc(options: OtlpReceiverOptions, answer: Answering): Promise<Listening> {
  const server = new Server({ 'grpc.max_receive_message_length': LONGEST_MESSAGE });
  const same = (bytes: Buffer) => bytes;
  const take: handleUnaryCall<Buffer, Buffer> = async ({ request, metadata }, callback) => {
    const headers = Object.entries(metadata.getMap()).map(([name, value]) => [name, String(value)]);
    const push = { ...readProtobuf(request), headers: Object.fromEntries(headers), bytes: request.length };
    const { status: code = status.OK, headers: trailers = {}, body = '', details = '' } = await answer(push);
    if (code === status.OK) callback(null, Buffer.from(body), metadataOf(trailers));
    else callback({ code, details, metadata: metadataOf(trailers) });
  };
  server.register(METHOD, take, same, same, 'unary');
  const credentials = credentialsOf(options.tls);
  const port = await promisify<number>((done) =>
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (error, bound) => done(error, bound)),
  )();
  return { port, stop: () => server.forceShutdown() };
}

function credentialsOf(tls: OtlpReceiverOptions['tls']): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) };
  const clientCa = tls.clientCa === undefined ? null : Buffer.from(tls.clientCa);
  return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null);
}

function metadataOf(headers: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers))
    metadata.set(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
  return metadata;
}

/** Received requests, and those waiting for more. */
function openInbox(): Pick<OtlpReceiver, 'pushes' | 'next'> & { add(push: Push): void } {
  const pushes: Push[] = [];
  const waiting: ((push: Push) => void)[] = [];
  let given = 0;
  return {
    pushes,
    add(push) {
      pushes.push(push);
      const first = waiting.shift();
      if (first) {
        given++;
        first(push);
      }
    },
    next() {
      const push = pushes[given];
      if (!push) return new Promise((resolve) => waiting.push(resolve));
      given++;
      return Promise.resolve(push);
    },
  };
}
