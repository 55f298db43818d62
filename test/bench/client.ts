import { connect, type Socket } from 'node:net';

/** One connection that scrapes as cheaply as it can be done, so that what is measured is the server. */
export interface ScrapeClient {
  /** Scrapes once: resolves to the milliseconds until the last byte, and how many bytes the body had. */
  scrape(): Promise<Scraped>;
  close(): void;
}

export interface Scraped {
  readonly ms: number;
  readonly bytes: number;
}

/** What is asked for, unless it is the page of metrics in whatever format. */
interface AskedPage {
  readonly path?: string;
  readonly accept?: string;
}

/** Opens a kept-alive connection. Bytes are read into one buffer and thrown away, without decompressing them. */
export async function openClient(
  url: string,
  encoding: 'gzip' | 'identity',
  { path = '/metrics', accept = '*/*' }: AskedPage = {},
): Promise<ScrapeClient> {
  const { hostname, port, host } = new URL(url);
  const headers = `Host: ${host}\r\nAccept: ${accept}\r\nAccept-Encoding: ${encoding}\r\n`;
  const request = `GET ${path} HTTP/1.1\r\n${headers}\r\n`;
  let heard: (bytes: Buffer) => void = () => {};
  let failed: (error: Error) => void = () => {};
  const socket = await new Promise<Socket>((resolve, reject) => {
    const buffer = Buffer.alloc(1 << 20);
    const callback = (length: number) => {
      heard(buffer.subarray(0, length));
      return true;
    };
    const opened = connect({ host: hostname, port: Number(port), onread: { buffer, callback } }, () =>
      resolve(opened),
    );
    opened.once('error', reject).setNoDelay();
    opened.on('close', () => failed(new Error('the server closed the connection')));
  });
  return {
    scrape: () =>
      new Promise((resolve, reject) => {
        failed = reject;
        const begun = performance.now();
        const answer = answerReader((bytes) => resolve({ ms: performance.now() - begun, bytes }));
        heard = (bytes) => {
          try {
            answer(bytes);
          } catch (error) {
            reject(error);
          }
        };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

/** Reads one answer with a known length, and calls back with that length once all of it is there. */
function answerReader(done: (bytes: number) => void): (bytes: Buffer) => void {
  let head = '';
  let length = -1;
  let left = 0;
  return (bytes) => {
    let body = bytes.length;
    if (length < 0) {
      const before = head.length;
      head += bytes.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      length = lengthIn(head.slice(0, end));
      left = length;
      body = before + bytes.length - (end + 4);
    }
    left -= body;
    if (left <= 0) done(length);
  };
}

function lengthIn(head: string): number {
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 200 ') || length === undefined)
    throw new Error(`not a scrape: ${head.slice(0, 200)}`);
  return Number(length);
}
