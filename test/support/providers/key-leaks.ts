import { gzipSync } from 'node:zlib';
import { allForms, type Canary } from './canary.ts';
import { passThrough, type RawResponder } from './fault-proxy.ts';

/** Every way in which a provider, or a server in front of it, can leak the key it was sent, except for a valid response. */
export const KEY_LEAKS: Readonly<Record<string, (canary: Canary) => RawResponder>> = {
  'a 500 with the key in its body': errorResponse(500),
  'HTML with the key': (canary) =>
    httpResponse('200 OK', `<!doctype html><p>${allForms(canary)}</p>`, 'text/html'),
  'a redirect to an address with the key': (canary) => (socket) => {
    const location = `location: https://elsewhere.invalid/?key=${encodeURIComponent(canary.key)}`;
    socket.end(
      `HTTP/1.1 302 Found\r\n${location}\r\nset-cookie: k=${canary.core}\r\ncontent-length: 0\r\n\r\n`,
    );
  },
  'JSON that ends in the key': (canary) => httpResponse('200 OK', `{"data":["${canary.core}`),
  'JSON of another shape, made of the key': (canary) =>
    httpResponse(
      '200 OK',
      JSON.stringify([canary.key, { [canary.key]: allForms(canary), [canary.core]: canary.core }]),
    ),
  'JSON in which every value is the key': (canary) => (socket, honest) => {
    const body = Buffer.from(
      honest.body.toString().replace(/"(?:[^"\\]|\\.)*"(?!\s*:)/g, JSON.stringify(canary.key)),
    );
    passThrough(socket, { ...honest, body });
  },
  'bytes that are the key':
    ({ key }) =>
    (socket) =>
      void socket.end(`${key} ${key}\r\n\r\n${key}`),
  'a header that is the key':
    ({ key, core }) =>
    (socket) =>
      void socket.end(
        `HTTP/1.1 200 OK\r\n${core}: ${key}\r\ncontent-length: ${core}\r\nx-ratelimit-remaining: ${key}\r\n\r\n`,
      ),
  'gzip of the key that ends in the middle':
    ({ key }) =>
    (socket) => {
      const zipped = gzipSync(key.repeat(99)).subarray(0, -9);
      socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n');
      socket.end(
        Buffer.concat([
          Buffer.from(`${zipped.length.toString(16)}\r\n`),
          zipped,
          Buffer.from('\r\n0\r\n\r\n'),
        ]),
      );
    },
  'the key, and then silence':
    ({ key }) =>
    (socket) =>
      void socket.write(`HTTP/1.1 200 OK\r\nx-key: ${key}\r\n\r\n{"${key}`),
  'a 429 with the key in its body': errorResponse(429),
  'a 401 with the key in its body, its headers and its reason': errorResponse(401),
};

function errorResponse(status: number): (canary: Canary) => RawResponder {
  return (canary) => {
    const body = JSON.stringify({ error: allForms(canary), message: canary.key, retry_after: canary.key });
    return httpResponse(`${status} ${canary.key}`, body, `application/json; k="${canary.core}"`, [
      `www-authenticate: Bearer realm="${canary.core}", error="${canary.key}"`,
      `x-ratelimit-reset: ${canary.core}`,
      'retry-after: 0',
    ]);
  };
}

function httpResponse(
  status: string,
  body: string,
  type = 'application/json',
  more: readonly string[] = [],
): RawResponder {
  const head = [`content-type: ${type}`, `content-length: ${Buffer.byteLength(body)}`, ...more];
  return (socket) => void socket.write(`HTTP/1.1 ${status}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A valid response that repeats the key in unknown fields and in names. */
export function leakInValidResponse({ key }: Canary): RawResponder {
  const escaped = JSON.stringify(key).slice(1, -1);
  return (socket, honest) => {
    const text = honest.body.toString();
    const named = text.replace(
      /("(?:name|notes|description)"\s*:\s*")/g,
      `$1${escaped.replaceAll('$', '$$$$')} `,
    );
    const body = named.replace(/^\{/, `{"new_${escaped}":"${escaped}","new":["${escaped}"],`);
    passThrough(socket, { ...honest, body: Buffer.from(body) });
  };
}
