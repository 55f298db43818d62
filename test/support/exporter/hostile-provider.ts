import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { serveOnLoopback } from './loopback.ts';
import type { Scope } from './process.ts';

/** Sends a harmful response to one request. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const MIB = 2 ** 20;

/** Text as repeated gzip members, so that the large text is never built. */
function gzipped(head: string, piece: string, times: number, tail: string): Buffer {
  const block = piece.repeat(Math.ceil(MIB / piece.length));
  const member = gzipSync(block, { level: 9 });
  const blocks = Math.ceil((times * piece.length) / block.length);
  return Buffer.concat([gzipSync(head), ...Array<Buffer>(blocks).fill(member), gzipSync(tail)]);
}

function body(bytes: Buffer, encoding = 'gzip'): Answer {
  const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
  return (_, response) => void response.writeHead(200, headers).end(bytes);
}

function json(text: string): Answer {
  return body(gzipSync(text));
}

/** A valid row of Venice's ledger. */
function row(index: number, at: number, more: object = {}): object {
  return {
    timestamp: new Date(at).toISOString(),
    sku: `model-${index}-llm-output-mtoken`,
    pricePerUnitUsd: 2,
    units: 0.5,
    amount: -1,
    currency: 'USD',
    notes: 'API Inference',
    inferenceDetails: { requestId: `request-${index}`, promptTokens: 1, completionTokens: 1 },
    ...more,
  };
}

const rows = (count: number, more: (index: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, index) => row(index, Date.now() - 60_000, more(index)));
const page = (data: readonly object[], nextCursor: string | null = null) =>
  JSON.stringify({ data, nextCursor });
const TAIL = '{}],"nextCursor":null}';

/** Unknown fields in an otherwise valid balance, which is also a valid empty list of keys. */
function balanceWith(fields: number): Answer {
  const unknown = Array.from({ length: fields }, (_, index) => [`field_${index}`, 1]);
  return json(
    JSON.stringify({ canConsume: true, balances: { usd: 1 }, data: [], ...Object.fromEntries(unknown) }),
  );
}

/** A valid month of `count` deployments at Baseten. */
function deployments(count: number): Answer {
  const today = Date.now();
  const figures = '"subtotal":"12.25","minutes":60,"inference_requests":31';
  const dayBefore = (days: number) => new Date(today - days * 86_400_000).toISOString().slice(0, 10);
  const daily = Array.from({ length: 31 }, (_, index) => `{"date":"${dayBefore(30 - index)}",${figures}}`);
  const items = Array.from({ length: count }, (_, index) => {
    const resource = `{"id":"deployment-${index}","kind":"MODEL_DEPLOYMENT","name":"n${index}","model_name":"m${index}"}`;
    return `{"billable_resource":${resource},${figures},"daily":[${daily}]}`;
  });
  return json(`{"dedicated_usage":{"total":1,"credits_used":0,${figures},"breakdown":[${items}]}}`);
}

/** Each page has new rows, of other SKUs, and another cursor. */
function endlessPages(): Answer {
  let pages = 0;
  const at = JSON.stringify(new Date(Date.now() - 60_000));
  const rest = `"timestamp":${at},"units":1,"amount":-1,"currency":"USD"`;
  return (_, response) => {
    pages += 1;
    const data = Array.from({ length: 1000 }, (_, index) => `{"sku":"sku ${pages} ${index}",${rest}}`);
    response.end(`{"data":[${data}],"nextCursor":"cursor-${pages}"}`);
  };
}

function pieces(count: number): Answer {
  return (_, response) => {
    response.writeHead(200);
    const { socket } = response;
    const burst = '1\r\n[\r\n'.repeat(10_000);
    let left = count;
    const more = () => {
      while (left > 0 && !socket?.destroyed) {
        left -= 10_000;
        if (!socket?.write(burst)) return void socket?.once('drain', more);
      }
    };
    response.flushHeaders();
    more();
  };
}

function manyHeads(): Answer {
  return (_, response) => {
    for (let count = 0; count < 20_000; count++) response.writeProcessing();
    response.writeHead(200).end('{}');
  };
}

/** Valid, and has to be read. */
export const LARGEST_ANSWER = 'the largest answer that Baseten may give';

/** Harmful responses of a provider, or of a server in its place, each built on demand. */
export const HOSTILE_ANSWERS: Readonly<Record<string, () => Answer>> = {
  'a list of empty objects, 45 MB in 44 kB': () => body(gzipped('[', '{},', 15_000_000, '{}]')),
  'a list of empty objects, 240 MB': () => body(gzipped('[', '{},', 80_000_000, '{}]')),
  'a page of empty rows, 45 MB': () => body(gzipped('{"data":[', '{},', 15_000_000, TAIL)),
  'a page of as many empty rows as are allowed': () => json(page(Array(99_000).fill({}))),
  'a page of as many rows as are allowed': () => json(page(rows(7000))),
  'numbers of 100,000 digits': () => json(page(rows(300)).replaceAll('-1,', `-${'7'.repeat(100_000)},`)),
  'exponents of 9999': () => json(page(rows(7000, () => ({ amount: '-1e9999' })))),
  'as many currencies as rows': () =>
    json(page(rows(7000, (index) => ({ currency: `C${index}`, sku: 'a-llm-output-mtoken' })))),
  'arrays nested ten million deep': () => body(gzipped('', '[', 10_000_000, '')),
  'an object of two million keys': () => body(gzipped('{', '"a":1,', 2_000_000, '"a":1}')),
  'one string of 100 MB': () => body(gzipped('{"a":"', 'x', 100_000_000, '"}')),
  'strings of 32 MB with escapes': () => body(gzipped('{"a":["', `${'\\u00e9'.repeat(9000)}","`, 590, '"]}')),
  'a gigabyte of blanks': () => body(gzipped('', ' ', 1_000_000_000, '')),
  'a brotli bomb': () =>
    body(
      brotliCompressSync(Buffer.alloc(256 * MIB, '[1],'), {
        params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
      }),
      'br',
    ),
  'gzip within gzip': () => body(gzipSync(gzipped('[', '{},', 15_000_000, '{}]')), 'gzip, gzip'),
  'chunks of a byte each': () => pieces(3_000_000),
  '20,000 interim answers': manyHeads,
  'an error with a deep body': () => (_, response) =>
    void response.writeHead(429, { 'content-encoding': 'gzip' }).end(gzipped('', '[', 10_000_000, '')),
  '50,000 unknown fields': () => balanceWith(50_000),
  '400,000 unknown fields': () => balanceWith(400_000),
  'pages without an end': endlessPages,
  [LARGEST_ANSWER]: () => deployments(3000),
};

/** Serves the same response to every request, on a free loopback port. */
export async function startHostileProvider(scope: Scope, answer: Answer): Promise<string> {
  const host = await serveOnLoopback(scope, (request, response) => {
    response.on('error', () => {});
    answer(request, response);
  });
  return `http://${host}`;
}
