import { buffer } from 'node:stream/consumers';
import type { Scope } from '../exporter/process.ts';
import { type OtlpReceiverOptions, serveHttp } from '../otlp/otlp-receiver.ts';
import { decodeVersion1, decodeVersion2, uncompressed, type WrittenSeries } from './decode.ts';

/** A received request. */
export interface Write {
  readonly version: '1.0' | '2.0';
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  /** Of the decompressed message. */
  readonly bytes: number;
  readonly series: readonly WrittenSeries[];
}

export interface WriteAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface WriteReceiverOptions extends Pick<OtlpReceiverOptions, 'tls' | 'port'> {
  /** Undefined accepts the request. A promise that never settles hangs. */
  readonly answer?: (write: Write) => WriteAnswer | undefined | Promise<WriteAnswer | undefined>;
}

export interface FakeWriteReceiver {
  readonly url: string;
  readonly port: number;
  /** Oldest first. */
  readonly writes: Write[];
  /** Ends connections and listening at once. */
  stop(): void;
}

/** The header with the number of samples that were written, which only 2.0 has. */
export function written(count: number): Record<string, string> {
  return { 'x-prometheus-remote-write-samples-written': String(count) };
}

export function samplesIn({ series }: Write): number {
  return series.reduce((sum, { samples }) => sum + samples.length, 0);
}

/** Receives remote write on a loopback port until the scope ends. */
export async function startWriteReceiver(
  context: Scope,
  options: WriteReceiverOptions = {},
): Promise<FakeWriteReceiver> {
  const writes: Write[] = [];
  const { port, stop } = await serveHttp(options, async (request, response) => {
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
    const message = uncompressed(await buffer(request));
    const isSecond = request.headers['content-type'] !== 'application/x-protobuf';
    const write: Write = {
      version: isSecond ? '2.0' : '1.0',
      headers: Object.fromEntries(headers),
      path: request.url ?? '',
      bytes: message.length,
      series: isSecond ? decodeVersion2(message) : decodeVersion1(message),
    };
    writes.push(write);
    const answer = (await options.answer?.(write)) ?? {
      status: 204,
      headers: isSecond ? written(samplesIn(write)) : {},
    };
    response.writeHead(answer.status ?? 204, answer.headers).end(answer.body);
  });
  context.after(stop);
  const origin = options.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return { url: `${origin}/api/v1/write`, port, writes, stop };
}
